"""Settings that visitors of a preview may change while the program runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fer_edge.bounded_json import parse_json
from fer_edge.errors import InputError
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.sinks.preview.describe import smoothing_json
from fer_edge.runtime.sinks.preview.links import Adjustable

_LONGEST_SMOOTHING_S = 60.0
_FIELDS = {"threshold": ("threshold", 1.0), "smoothing_s": ("seconds", _LONGEST_SMOOTHING_S)}
"""Field of `Smoothing` and the largest value, by the member's name."""


class Settings:
    """Threshold and smoothing of a pipeline, which counts a change from its next frame on."""

    def __init__(self, pipeline: Adjustable | None) -> None:
        """Take the values of the start; without a pipeline, those are the defaults and stay."""
        self._pipeline = pipeline
        self._at_start = Smoothing() if pipeline is None else pipeline.smoothing

    @property
    def are_adjustable(self) -> bool:
        """True if they can be changed."""
        return self._pipeline is not None

    def to_json(self) -> dict[str, Any]:
        """Describe the values now and those of the start."""
        now = self._at_start if self._pipeline is None else self._pipeline.smoothing
        return {
            **smoothing_json(now),
            "adjustable": self.are_adjustable,
            "at_start": smoothing_json(self._at_start),
        }

    def change(self, body: bytes) -> None:
        """Change the values that a JSON object gives; the others stay.

        Raises:
            InputError: If it is no such object, or a value is out of its range.
        """
        assert self._pipeline is not None
        self._pipeline.smoothing = replace(self._pipeline.smoothing, **_parse(body))


def _parse(body: bytes) -> dict[str, float]:
    try:
        members = parse_json(body)
    except ValueError:
        members = None
    if not isinstance(members, dict) or not members or set(members) - set(_FIELDS):
        raise InputError('expected a JSON object such as {"threshold": 0.45, "smoothing_s": 0.25}')
    for name, value in members.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= _FIELDS[name][1]:
            raise InputError(f"{name}: expected a number in 0..{_FIELDS[name][1]:g}")
    return {_FIELDS[name][0]: float(value) for name, value in members.items()}
