"""Setting of a benchmark as report.json stores it: images, method and machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NO_MAJORITY = "-"
"""Marks in `Data.majority` an image on which most people do not agree."""


@dataclass(frozen=True)
class Data:
    """The labelled images that accuracy is measured on.

    Attributes:
        name: Name of the file or folder.
        split: Name of the split.
        images: Number of images.
        sha256: Digest of the data set.
        synthetic: Whether the faces are synthetic, so that accuracy says little.
        labels: Each image's true class, a digit each, as in `Quality.predicted`.
        majority: Each image's majority answer, a digit each, `-` where there is none; empty without votes.
        copied: For each image, 1 if it has an exact copy in the training split, else 0; empty if unknown.
        one_person: One person's results against the majority of the others, as
            `fer_edge.dataset.peoples_answer.OnePerson.as_dict` gives them; `None` without votes.
        one_person_without_copies: `one_person` on the images without a copy; `None` where `Quality.without_copies` is.
    """

    name: str
    split: str
    images: int
    sha256: str
    synthetic: bool
    labels: str = ""
    majority: str = ""
    copied: str = ""
    one_person: dict[str, Any] | None = None
    one_person_without_copies: dict[str, Any] | None = None

    @property
    def majorities(self) -> int:
        """Number of images on which most people agree."""
        return len(self.majority) - self.majority.count(NO_MAJORITY)

    @property
    def copies(self) -> int:
        """Number of images that have an exact copy in the training split."""
        return self.copied.count("1")


@dataclass(frozen=True)
class Method:
    """Effort of the measurement.

    Attributes:
        effort: "quick", "default" or "sustained".
        rounds: Number of timed calls of each subject.
        warm_up_runs: Least number of calls before them.
        warm_up_s: Least time of the calls before them, seconds.
        seconds: Total time of the timed calls.
        faces: Faces shown while timing, in words.
    """

    effort: str
    rounds: int
    warm_up_runs: int
    warm_up_s: float
    seconds: float
    faces: str


@dataclass(frozen=True)
class Board:
    """The machine, and its state before and after.

    Attributes:
        facts: Constant facts: machine, processor, cores, memory, system, versions, affinity.
        before: State before: clock_mhz, governor, temperature_c, throttling, load_average; `None` where unknown.
        after: State after, as `before`.
        faults: Reasons why the times are invalid, in words; empty if they are valid.
    """

    facts: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    faults: tuple[str, ...]
