from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write_checkpoint(tmp_path: Path) -> Callable[[bytes], Path]:
    """Return a function that writes the content of a PyTorch checkpoint to a file."""

    def write(content: bytes) -> Path:
        path = tmp_path / "weights.pth"
        path.write_bytes(content)
        return path

    return write
