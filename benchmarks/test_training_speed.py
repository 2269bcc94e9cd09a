"""Training speed is reported beside plain Keras', not judged."""

from __future__ import annotations


def test_every_variant_is_measured(step_seconds: dict[str, float]) -> None:
    assert len(step_seconds) == 3
    assert all(seconds > 0 for seconds in step_seconds.values())
