"""Fixture that replaces the board's answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fer_edge import board


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that makes functions of `fer_edge.board` return given values."""

    def answer(**answers: Any) -> None:
        for name, value in answers.items():
            monkeypatch.setattr(board, name, lambda *_, value=value: value)

    return answer
