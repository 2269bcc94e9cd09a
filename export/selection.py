"""Choice among verified files: the fastest, or a smaller one that is as fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.benchmark.results import Timing

SAME_TIME = 1.05
"""Ratio of two times up to which they count as equal. A model's place in memory changes its time by as much."""


@dataclass(frozen=True)
class Candidate:
    """A file that passed verification.

    Attributes:
        name: Name of the file.
        bytes: Its size.
        timing: Timing of its calls, in turn with those of the other candidates.
    """

    name: str
    bytes: int
    timing: Timing


@dataclass(frozen=True)
class Choice:
    """The file that is kept.

    Attributes:
        name: Name of the file.
        reason: End of a sentence that begins with the name.
    """

    name: str
    reason: str


def choose(candidates: Sequence[Candidate]) -> Choice:
    """Choose the smallest of the fastest candidate and those that are not measurably slower.

    The calls were made in turn, so whatever slowed the machine down in a window slowed all candidates. A candidate is
    slower only if its median is longer by more than 5 % and it was slower in every window.

    Raises:
        ValueError: If there is no candidate.
    """
    if not candidates:
        raise ValueError("expected at least one candidate, got none")
    fastest, *others = sorted(candidates, key=lambda each: each.timing.p50)
    if not others:
        return Choice(fastest.name, "no other file passed verification")
    slower = [other for other in others if _is_slower(other, fastest)]
    equals = [other for other in others if other not in slower]
    kept = min((fastest, *equals), key=lambda each: each.bytes)
    reason = _why_among_equals(kept, fastest, equals)
    if slower:
        reason += f"; the next, {slower[0].name}, takes {_times(slower[0], kept)} times as long"
    return Choice(kept.name, reason)


def _is_slower(candidate: Candidate, fastest: Candidate) -> bool:
    windows = zip(candidate.timing.windows_ms, fastest.timing.windows_ms, strict=True)
    return candidate.timing.p50 > SAME_TIME * fastest.timing.p50 and all(own > best for own, best in windows)


def _why_among_equals(kept: Candidate, fastest: Candidate, equals: Sequence[Candidate]) -> str:
    if not equals:
        return "it is the fastest"
    if kept is fastest:
        names = " and ".join(f"{each.name} ({_times(each, fastest)} times its time)" for each in equals)
        return f"it is the fastest, and not larger than what is as fast within the noise: {names}"
    return (
        f"it is as fast within the noise as the fastest, {fastest.name} ({_times(kept, fastest)} times its time), "
        f"and smaller ({kept.bytes:,} bytes, not {fastest.bytes:,})"
    )


def _times(candidate: Candidate, reference: Candidate) -> str:
    return f"{candidate.timing.p50 / reference.timing.p50:.2f}"
