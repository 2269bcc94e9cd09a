"""What a check of the device came to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum


class Outcome(str, Enum):
    """From good to bad: fer-edge works, works with a drawback, does not work."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True)
class Finding:
    """One check's result.

    Attributes:
        name: Of what was looked at.
        outcome: How it is.
        detail: What was found.
        advice: What to do about it, if anything.
        facts: The same as data, for programs.
    """

    name: str
    outcome: Outcome
    detail: str
    advice: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


def ok(name: str, detail: str, **facts: object) -> Finding:
    """It is as it should be."""
    return Finding(name, Outcome.OK, detail, "", facts)


def warning(name: str, detail: str, advice: str, **facts: object) -> Finding:
    """It works, with a drawback."""
    return Finding(name, Outcome.WARNING, detail, advice, facts)


def failure(name: str, detail: str, advice: str, **facts: object) -> Finding:
    """It does not work."""
    return Finding(name, Outcome.FAILURE, detail, advice, facts)
