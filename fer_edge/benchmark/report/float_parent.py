"""What a file is compared with, and what became of each image's label."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result


@dataclass(frozen=True)
class LabelChanges:
    """How a file's labels differ from those of the model that it came from, image by image.

    Attributes:
        images: How many were labelled by both.
        changed: How many got another label.
        gained: How many of those became right.
        lost: How many became wrong.
    """

    images: int
    changed: int
    gained: int
    lost: int

    @property
    def points(self) -> float:
        """Accuracy won, in points; below 0 if it was lost."""
        return 100 * (self.gained - self.lost) / self.images

    @property
    def margin(self) -> float:
        """Half the 95 % interval of `points`, from the spread of the differences of both on the same images."""
        mean = (self.gained - self.lost) / self.images
        variance = (self.gained + self.lost) / self.images - mean**2
        return 100 * 1.96 * float((variance / self.images) ** 0.5)


def float_parent(report: Report, result: Result) -> Result | None:
    """The float model that shows what a file's precision cost: the full one, else a float32 file of its network."""
    if (parent := report.parent_of(result)) is not None:
        return parent
    if result.role != "file" or result.precision == "fp32":
        return None
    siblings = (each for each in report.results if each.role == "file" and each.network == result.network)
    return next((each for each in siblings if each.precision == "fp32"), None)


def changes_from(report: Report, result: Result, parent: Result) -> LabelChanges | None:
    """Compare two results image by image; `None` if either was not scored."""
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
    """What a text calls a result: the full model, where there is only one."""
    is_only = sum(each.role == "full" for each in report.results) == 1
    return "the full model" if result.role == "full" and is_only else result.name
