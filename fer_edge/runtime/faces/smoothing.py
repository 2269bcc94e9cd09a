"""Smooth one face's scores over time, and keep its label steady."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fer_edge.runtime.results import UNCERTAIN

_FIRST_FRAME_S = 1 / 30


@dataclass(frozen=True)
class Smoothing:
    """Settings that keep a label steady; the defaults come from `make steadiness`.

    Attributes:
        seconds: Time constant of the exponential mean: a frame this old has 1/e of its weight. 0 for no smoothing.
        threshold: Least score, 0..1, at which a label appears; below it the face is `UNCERTAIN`.
        margin: Hysteresis, 0..1: a label that is shown stays until another's score exceeds its own, or its own falls
            below the threshold, by more than this.
    """

    seconds: float = 0.25
    threshold: float = 0.45
    margin: float = 0.15

    def __post_init__(self) -> None:
        if not (self.seconds >= 0 and 0 <= self.threshold <= 1 and 0 <= self.margin <= 1):
            raise ValueError(f"expected seconds of at least 0 and a threshold and margin in 0..1, got {self}")

    @property
    def for_stills(self) -> Smoothing:
        """Settings for unrelated pictures, of which only the threshold counts."""
        return replace(self, seconds=0, margin=0)


RAW = Smoothing(seconds=0, threshold=0, margin=0)
"""No smoothing: each frame's own scores, and the label of the highest."""


class SmoothedScores:
    """Exponential mean of a face's scores, unbiased from the first frame on, and a label with hysteresis."""

    def __init__(self, labels: tuple[str, ...]) -> None:
        """Begin with no frame; `labels` name the scores in order."""
        self._labels = labels
        self._sum = np.zeros(len(labels), np.float32)
        self._weight = 0.0
        self._time = 0.0
        self._shown: int | None = None

    def update(self, scores: npt.NDArray[np.float32], time: float, smoothing: Smoothing) -> None:
        """Add a frame's scores, float32 (labels,), at `time` in seconds; settings may differ from the last frame's."""
        elapsed = max(time - self._time, 0.0) if self._weight else _FIRST_FRAME_S
        self._time = time
        keep = float(np.exp(-elapsed / smoothing.seconds)) if smoothing.seconds else 0.0
        # A frame weighs as much as the time since the last one, so that the frame rate does not matter.
        self._sum = np.float32(keep) * self._sum + np.float32(1 - keep) * scores
        self._weight = keep * self._weight + (1 - keep)
        self._shown = self._choose(smoothing)

    @property
    def scores(self) -> npt.NDArray[np.float32]:
        """Smoothed scores, float32 (labels,), with a sum of 1."""
        return np.asarray(self._sum / self._weight, np.float32)

    @property
    def label(self) -> str:
        """Label to show; `UNCERTAIN` if there is none."""
        return UNCERTAIN if self._shown is None else self._labels[self._shown]

    def _choose(self, smoothing: Smoothing) -> int | None:
        scores, shown = self.scores, self._shown
        best, threshold, margin = int(scores.argmax()), smoothing.threshold, smoothing.margin
        if shown is not None and scores[shown] >= max(scores[best], threshold) - margin:
            return shown
        return best if scores[best] >= threshold else None
