"""Expressions over time in equal bins, so that a page's size does not grow with a video's length."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

BINS = 480
"""Bins of a video's duration; at most a few pixels each on a screen."""

_LEAST_S = 1e-6
"""Duration below which a stretch is a rounding error at the edge of a bin."""

_Cell = dict[str, tuple[float, float]]
"""Seconds of each label, and the same times its score."""


@dataclass(frozen=True)
class Span:
    """Bins in a row with the same label.

    Attributes:
        start: First bin.
        end: The bin after the last.
        label: Label shown for most of the time in each of them.
        score: Mean score of the label, 0..1.
    """

    start: int
    end: int
    label: str
    score: float


class TimeBins:
    """Seconds of each label in each bin."""

    def __init__(self, bin_s: float) -> None:
        """Start empty.

        Args:
            bin_s: Duration of a bin, in seconds.
        """
        self._bin_s = bin_s
        self._cells: dict[int, _Cell] = defaultdict(dict)

    def add(self, start_s: float, end_s: float, label: str, score: float) -> None:
        """Add a stretch of time with a label and its score, 0..1."""
        first = min(int(start_s / self._bin_s), BINS - 1)
        last = min(int(end_s / self._bin_s), BINS - 1)
        for i in range(first, last + 1):
            seconds = min(end_s, (i + 1) * self._bin_s) - max(start_s, i * self._bin_s)
            if seconds > _LEAST_S:
                _add(self._cells[i], label, seconds, seconds * score)

    def coarsened(self, factor: int) -> TimeBins:
        """Return the same in bins of `factor` bins."""
        coarse = TimeBins(self._bin_s * factor)
        for i, cell in self._cells.items():
            for label, (seconds, weighted) in cell.items():
                _add(coarse._cells[i // factor], label, seconds, weighted)
        return coarse

    def spans(self) -> list[Span]:
        """Return the spans in order, with gaps where there was no face."""
        found: list[Span] = []
        sums: list[tuple[float, float]] = []
        for i in sorted(self._cells):
            label, (seconds, weighted) = max(self._cells[i].items(), key=lambda item: item[1])
            if found and found[-1].end == i and found[-1].label == label:
                seconds, weighted = sums[-1][0] + seconds, sums[-1][1] + weighted
                found[-1] = Span(found[-1].start, i + 1, label, weighted / seconds)
                sums[-1] = seconds, weighted
            else:
                found.append(Span(i, i + 1, label, weighted / seconds))
                sums.append((seconds, weighted))
        return found

    def faces(self) -> dict[int, dict[str, float]]:
        """Return the mean number of faces of each label in each bin that has some."""
        return {
            i: {label: seconds / self._bin_s for label, (seconds, _) in self._cells[i].items()}
            for i in sorted(self._cells)
        }


def _add(cell: _Cell, label: str, seconds: float, weighted: float) -> None:
    before_s, before = cell.get(label, (0.0, 0.0))
    cell[label] = before_s + seconds, before + weighted
