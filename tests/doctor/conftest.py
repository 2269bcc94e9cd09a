"""A board that says what a test wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fer_edge import board


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A function that has the board give other answers."""

    def answer(**answers: Any) -> None:
        for name, value in answers.items():
            monkeypatch.setattr(board, name, lambda *_, value=value: value)

    return answer
