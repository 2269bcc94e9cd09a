"""The float model that a file is compared with, and the labels that differ between them."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.evaluation.metrics import NORMAL_95


@dataclass(frozen=True)
class LabelChanges:
    """Numbers of images whose label differs between a file and its float parent.

    Attributes:
        images: Images that both scored.
        changed: Images with another label.
        gained: Changed labels that became right.
        lost: Changed labels that became wrong.
    """

    images: int
    changed: int
    gained: int
    lost: int

    @property
    def points(self) -> float:
        """Accuracy gained, percentage points; negative for a loss."""
        return 100 * (self.gained - self.lost) / self.images

    @property
    def margin(self) -> float:
        """Half the 95 % interval of `points`, from the paired differences on the same images."""
        mean = (self.gained - self.lost) / self.images
        variance = (self.gained + self.lost) / self.images - mean**2
        return 100 * NORMAL_95 * float((variance / self.images) ** 0.5)


def float_parent(report: Report, result: Result) -> Result | None:
    """Return the model to compare a file's precision with: its full model, else a float32 file of its network."""
    if (parent := report.parent_of(result)) is not None:
        return parent
    if result.role != "file" or result.precision == "fp32":
        return None
    siblings = (each for each in report.results if each.role == "file" and each.network == result.network)
    return next((each for each in siblings if each.precision == "fp32"), None)


def changes_from(report: Report, result: Result, parent: Result) -> LabelChanges | None:
    """Compare two results' labels image by image; `None` if either was not scored."""
    if report.data is None or result.quality is None or parent.quality is None:
        return None
    rows = list(zip(report.data.labels, parent.quality.predicted, result.quality.predicted, strict=False))
    if not rows:
        return None
    return LabelChanges(
        images=len(rows),
        changed=sum(before != after for _, before, after in rows),
        gained=sum(before != label == after for label, before, after in rows),
        lost=sum(before == label != after for label, before, after in rows),
    )


def in_words(report: Report, result: Result) -> str:
    """Return a result's name in a text: "the full model" if it is the only one."""
    is_only = sum(each.role == "full" for each in report.results) == 1
    return "the full model" if result.role == "full" and is_only else result.name
