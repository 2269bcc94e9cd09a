"""Comparison of two reports: what got slower, larger or worse by more than the noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from math import hypot

import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result, Timing
from fer_edge.benchmark.setting import NO_MAJORITY
from fer_edge.errors import FerEdgeError
from fer_edge.evaluation.metrics import NORMAL_95
from fer_edge.names import some

LATENCY_NOISE = 0.05
"""Least noise of a latency ratio between two runs, as a share.

A process's memory layout and core are settled once a run, so its windows do not show their effect. Two runs in a row on
an idle machine are held to this."""

MEMORY_NOISE = 0.01
"""Noise of peak memory, as a share; restarts of one process have differed by 0.3 %."""

_Key = tuple[str, ...]
_Pair = tuple[Result, Result]


class Verdict(str, Enum):
    """Judgement of a change."""

    WORSE = "worse"
    WITHIN_NOISE = "within noise"
    BETTER = "better"


class Unit(str, Enum):
    """Unit of a figure."""

    TIMES = "times"
    """Multiples of the reference's time in the same run."""
    BYTES = "bytes"
    SHARE = "share"
    """Share of the images, 0..1."""


@dataclass(frozen=True)
class FigureChange:
    """One figure of one file in both reports.

    Attributes:
        name: Name of the file's result in the later report.
        figure: Name of the figure.
        unit: Unit of `before` and `after`.
        before: Value in the earlier report.
        after: Value in the later report.
        worse: Deterioration as a share of `before`; negative for an improvement.
        noise: Difference that chance explains, as a share of `before`.
    """

    name: str
    figure: str
    unit: Unit
    before: float
    after: float
    worse: float
    noise: float

    @property
    def verdict(self) -> Verdict:
        """Return whether the figure changed by more than the noise, and in which direction."""
        if abs(self.worse) <= self.noise:
            return Verdict.WITHIN_NOISE
        return Verdict.WORSE if self.worse > 0 else Verdict.BETTER


@dataclass(frozen=True)
class ReportChanges:
    """Differences between two reports.

    Attributes:
        rows: Every figure that could be judged, file by file.
        notes: Sentences on what could not be judged, and why.
    """

    rows: tuple[FigureChange, ...]
    notes: tuple[str, ...]

    def beyond_noise(self) -> list[FigureChange]:
        """Return the figures that changed, the worst first."""
        changed = [row for row in self.rows if row.verdict is not Verdict.WITHIN_NOISE]
        return sorted(changed, key=lambda row: -row.worse)

    def require_no_worse(self, percent: float) -> None:
        """Raise `FerEdgeError` if a figure got worse by more than its noise and by more than `percent`."""
        failed = [row for row in self.beyond_noise() if row.worse > percent / 100 and row.verdict is Verdict.WORSE]
        if failed:
            worst = some([f"{row.name} {row.figure} by {row.worse:.1%}" for row in failed])
            raise FerEdgeError(f"expected nothing to get worse by more than {percent:g}%, got {worst}")


def compare_reports(before: Report, after: Report) -> ReportChanges:
    """Compare what both reports measured.

    Latency is compared as a ratio to one reference file within each run, so that the machine's pace on the day cancels
    out; its noise is the spread of that ratio over each run's windows. Accuracy and agreement are compared image by
    image, at 95 % confidence.
    """
    earlier, later = _by_key(before), _by_key(after)
    pairs = [(earlier[key], result) for key, result in later.items() if key in earlier]
    rows, notes = [], [*_missing(earlier, later, "later"), *_missing(later, earlier, "earlier")]
    obstacle = _obstacle_to_latency(before, after, pairs)
    if obstacle:
        notes.append(f"latency is not judged: {obstacle}")
    else:
        reference = _reference(before, pairs)
        notes += _warn_of_changed_reference(reference)
        rows += [change for pair in pairs if pair is not reference for change in _latency(pair, reference)]
    rows += [change for pair in pairs for change in _size(pair)]
    obstacle = _obstacle_to_quality(before, after)
    if obstacle:
        notes.append(f"accuracy is not judged: {obstacle}")
    else:
        notes += _obstacle_to_people(before, after)
        notes += _obstacle_to_agreement(pairs, (before, after))
        rows += [change for pair in pairs for change in _quality(pair, (before, after))]
    return ReportChanges(tuple(rows), tuple(notes))


def _by_key(report: Report) -> dict[_Key, Result]:
    """Return results by role, network, file, library and threads; by name too where these are not unique."""
    counts = Counter(_key(result) for result in report.results)
    return {
        _key(result) if counts[_key(result)] == 1 else (*_key(result), result.name): result for result in report.results
    }


def _key(result: Result) -> _Key:
    return result.role, result.network, result.file, result.library, str(result.threads)


def _missing(those: dict[_Key, Result], others: dict[_Key, Result], which: str) -> Iterator[str]:
    names = [result.name for key, result in those.items() if key not in others]
    if names:
        yield f"not in the {which} report: {', '.join(names)}"


def _obstacle_to_latency(before: Report, after: Report, pairs: list[_Pair]) -> str | None:
    for which, report in (("earlier", before), ("later", after)):
        if report.board.faults:
            return f"the {which} run is invalid ({'; '.join(report.board.faults)})"
    for fact in ("machine", "processor"):
        then, now = before.board.facts.get(fact), after.board.facts.get(fact)
        if then != now:
            return f"the {fact} was {then} and is {now}"
    if len(pairs) < 2:
        return "it is a ratio of two files' times, and fewer than two are in both reports"
    return None


def _reference(before: Report, pairs: list[_Pair]) -> _Pair:
    """Return the earlier report's reference if both have it, else its first result that both have."""
    order = [before.reference.name, *(result.name for result in before.results)]
    return min(pairs, key=lambda pair: order.index(pair[0].name))


def _warn_of_changed_reference(reference: _Pair) -> Iterator[str]:
    then, now = reference
    for what, was, became in (("file", then.sha256, now.sha256), ("runtime", then.runtime, now.runtime)):
        if was != became:
            yield (
                f"{now.name}, the reference of all times, changed its {what} ({was[:18]}, now {became[:18]}): "
                "if its pace changed, all others seem to have changed"
            )


def _latency(pair: _Pair, reference: _Pair) -> Iterator[FigureChange]:
    yield _ratio("model, p50", pair, [(one.model, by.model) for one, by in zip(pair, reference, strict=True)])
    yield _ratio("frame, p50", pair, [(one.frame, by.frame) for one, by in zip(pair, reference, strict=True)])


def _ratio(figure: str, pair: _Pair, timings: list[tuple[Timing, Timing]]) -> FigureChange:
    before, after = (timing.p50 / reference.p50 for timing, reference in timings)
    noise = max(LATENCY_NOISE, hypot(*(_spread(*each) for each in timings)))
    return FigureChange(pair[1].name, figure, Unit.TIMES, before, after, after / before - 1, noise)


def _spread(timing: Timing, reference: Timing) -> float:
    """Return the largest ratio of two interleaved timings over a run's windows, divided by the smallest, minus 1."""
    ratios = [one / by for one, by in zip(timing.windows_ms, reference.windows_ms, strict=True)]
    return max(ratios) / min(ratios) - 1


def _size(pair: _Pair) -> Iterator[FigureChange]:
    then, now = pair
    yield FigureChange(now.name, "file", Unit.BYTES, then.bytes, now.bytes, now.bytes / then.bytes - 1, 0.0)
    memory, memory_now = then.peak_memory_bytes, now.peak_memory_bytes
    if memory is not None and memory_now is not None:
        worse = memory_now / memory - 1
        yield FigureChange(now.name, "peak memory", Unit.BYTES, memory, memory_now, worse, MEMORY_NOISE)


def _obstacle_to_quality(before: Report, after: Report) -> str | None:
    if before.data is None or after.data is None:
        return f"the {'earlier' if before.data is None else 'later'} run had no labelled images"
    then, now = before.data, after.data
    if (then.sha256, then.split, then.labels) != (now.sha256, now.split, now.labels):
        return f"the images are not the same: {then.images:,} of {then.name}, now {now.images:,} of {now.name}"
    return None


def _majorities(before: Report, after: Report) -> tuple[str, str]:
    then, now = (report.data.majority if report.data else "" for report in (before, after))
    return then, now


def _obstacle_to_people(before: Report, after: Report) -> Iterator[str]:
    then, now = _majorities(before, after)
    if then != now:
        without = [which for which, votes in (("earlier", then), ("later", now)) if not votes]
        reason = f"the {without[0]} run had no votes" if without else "the votes are not the same"
        yield f"people's answer is not judged: {reason}"


def _obstacle_to_agreement(pairs: list[_Pair], reports: tuple[Report, Report]) -> Iterator[str]:
    names = [pair[1].name for pair in pairs if any(_has_other_prior(*each) for each in zip(pair, reports, strict=True))]
    if names:
        yield f"agreement is not judged for {', '.join(names)}: the full model has a different prior"


def _quality(pair: _Pair, reports: tuple[Report, Report]) -> Iterator[FigureChange]:
    both = list(zip(pair, reports, strict=True))
    then_said, now_said = _majorities(*reports)
    people = [_matches(result, now_said if then_said == now_said else None) for result in pair]
    right = [_matches(result, report.data.labels if report.data else None) for result, report in both]
    agreeing = [None if _has_other_prior(*each) else _agreeing(*each) for each in both]
    figures = (("people's answer", people), ("accuracy", right), ("agreement", agreeing))
    for figure, (then, now) in figures:
        if then is not None and now is not None:
            yield _paired(pair[1].name, figure, then, now)


def _agreeing(result: Result, report: Report) -> npt.NDArray[np.int8] | None:
    """Return 1 for each image whose best class is the full model's, else 0; `None` if unknown."""
    return _matches(result, _predicted(report.parent_of(result)))


def _has_other_prior(result: Result, report: Report) -> bool:
    """Return whether agreement was measured with re-weighted scores of the full model, whose classes no report has."""
    agreeing = _agreeing(result, report)
    if agreeing is None or result.quality is None or result.quality.agreement is None:
        return False
    return abs(float(agreeing.mean()) - result.quality.agreement) * len(agreeing) > 0.5


def _matches(result: Result, expected: str | None) -> npt.NDArray[np.int8] | None:
    """Return 1 for each image whose best class is expected, else 0, skipping images without one; `None` if unknown."""
    predicted = _predicted(result)
    if not predicted or not expected or len(predicted) != len(expected):
        return None
    codes = [np.frombuffer(digits.encode(), np.uint8) for digits in (predicted, expected)]
    return np.asarray((codes[0] == codes[1])[codes[1] != ord(NO_MAJORITY)], np.int8)


def _predicted(result: Result | None) -> str | None:
    return None if result is None or result.quality is None else result.quality.predicted


def _paired(name: str, figure: str, then: npt.NDArray[np.int8], now: npt.NDArray[np.int8]) -> FigureChange:
    """Return the difference of two shares of the same images; its noise is half its 95 % interval."""
    lost = then - now
    noise = NORMAL_95 * float(lost.std()) / len(lost) ** 0.5
    share = max(float(then.mean()), 1 / len(then))
    return FigureChange(
        name, figure, Unit.SHARE, float(then.mean()), float(now.mean()), float(lost.mean()) / share, noise / share
    )
