"""Results of the device's checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Outcome(str, Enum):
    """Outcome of a check: fer-edge works, works with a drawback, or does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One check's result.

    Attributes:
        name: Subject of the check, such as `opencv`.
        outcome: Whether it works.
        detail: Finding in words.
        advice: Remedy of a fault; empty if there is none.
        facts: Findings as data for programs.
    """

    name: str
    outcome: Outcome
    detail: str
    advice: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def ok(name: str, detail: str, **facts: object) -> Finding:
    """Return a finding without a fault."""
    return Finding(name, Outcome.OK, detail, "", facts)


def warning(name: str, detail: str, advice: str, **facts: object) -> Finding:
    """Return a finding of something that works with a drawback."""
    return Finding(name, Outcome.WARNING, detail, advice, facts)


def failure(name: str, detail: str, advice: str, **facts: object) -> Finding:
    """Return a finding of something that does not work."""
    return Finding(name, Outcome.FAILURE, detail, advice, facts)
