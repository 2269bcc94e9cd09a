"""What a benchmark's figures rest on, as report.json stores it: the images, the method and the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NO_MAJORITY = "-"
"""Stands in `Data.majority` for an image on which most people do not agree."""


@dataclass(frozen=True)
class Data:
    """The labelled images.

    Attributes:
        name: Of the file or folder.
        split: Which part of it.
        images: How many.
        sha256: Of the data set.
        synthetic: Whether the faces are drawn, so that accuracy says little.
        labels: Each image's true class, a digit each, as in `Quality.predicted`.
        majority: Each image's answer of most people, a digit each, `-` where there is none; empty without votes.
        copied: For each image, 1 if it has an exact copy in the training split, else 0; empty where that is not known.
        one_person: One person's results against the majority of the others, as
            `fer_edge.dataset.peoples_answer.OnePerson.as_dict` gives them; `None` without votes.
        one_person_without_copies: The same on the images that have no copy; `None` where `Quality.without_copies` is.
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
    """How it was measured.

    Attributes:
        effort: "quick", "default" or "sustained".
        rounds: Timed calls of each subject.
        warm_up_runs: Calls before them, at least.
        warm_up_s: Seconds before them, at least.
        seconds: That the timed rounds took in all.
        faces: What faces were shown while timing, in words.
    """

    effort: str
    rounds: int
    warm_up_runs: int
    warm_up_s: float
    seconds: float
    faces: str


@dataclass(frozen=True)
class Board:
    """The machine, and how it was before and after.

    Attributes:
        facts: What does not change: machine, processor, cores, memory, system, versions, affinity.
        before: clock_mhz, governor, temperature_c, throttling, load_average; `None` for what it cannot tell.
        after: The same.
        faults: Why the times are not valid, in words; empty if nothing speaks against them.
    """

    facts: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    faults: tuple[str, ...]
