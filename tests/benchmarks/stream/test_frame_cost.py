from __future__ import annotations

import io
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from rich.console import Console

from benchmarks.peers.peer_pipeline import open_peer
from benchmarks.stream import frame_cost
from benchmarks.stream.frame_cost import (
    FrameCost,
    before_a_wall,
    before_photographs,
    measure_frame_costs,
    print_frame_costs,
)
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.preprocess import Image

SCENE: list[Image] = before_a_wall()

# What is used of fer 25.10.3: it finds one face in a picture that is not black, and uses processor time.
FER = """
import time
class FER:
    def detect_emotions(self, frame):
        end = time.process_time() + 0.002
        while time.process_time() < end:
            pass
        return [{"box": (0, 0, 9, 9), "emotions": {"angry": 1.0}}] if frame.max() else []
"""


class Slow:
    """Takes 9 ms a frame, by its own account."""

    name = "slow"

    def process(self, frames: int) -> tuple[float, int]:
        return 0.009 * frames, 2 * frames


@pytest.fixture
def fer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter with something like fer in its path."""
    for name, content in (
        ("fer/__init__.py", ""),
        ("fer/fer.py", FER),
        ("fer-25.10.3.dist-info/METADATA", "Metadata-Version: 2.1\nName: fer\nVersion: 25.10.3\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return Path(sys.executable)


def test_detection_in_every_nth_frame_costs_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame_cost, "_BLOCKS", 2)
    threads = cv2.getNumThreads()
    each, default, slow = measure_frame_costs(SCENE, Slow())
    assert 0 < min(default.cpu_ms) < min(each.cpu_ms)
    assert each.faces == default.faces == 1
    assert slow.median_ms == pytest.approx(9)
    assert slow.faces == 2
    assert cv2.getNumThreads() == threads


def test_ratios_are_relative_to_the_shipped_pipeline() -> None:
    screen = Console(file=io.StringIO(), width=120)
    costs = [FrameCost("each", [4.0], 1), FrameCost("fifth", [2.0, 1.0, 2.0], 1), FrameCost("peer", [60.0], 1.05)]
    print_frame_costs("before a wall", costs, screen)
    assert isinstance(screen.file, io.StringIO)
    assert screen.file.getvalue().splitlines()[-2].split() == ["peer", "60.00", "1.05", "15.0", "30.0"]


def test_photographs_are_the_backgrounds() -> None:
    images = before_photographs()
    assert len(images) == 6 * 60
    assert all(image.shape == (480, 640, 3) for image in images)
    corners = {image[:40, :40].tobytes() for image in images}
    assert len(corners) == 6


def test_peer_repeats_the_frames(fer: Path) -> None:
    black = np.zeros((8, 8, 3), np.uint8)
    with open_peer(fer, [black, black + 1]) as peer:
        assert peer.name == f"fer 25.10.3, OpenCV {cv2.__version__}"
        began = time.monotonic()
        seconds, faces = peer.process(9)
        assert faces == 4
        assert 9 * 0.002 <= seconds <= time.monotonic() - began + 1
        assert peer.process(1)[1] == 1


def test_failing_peer_is_reported_with_its_error(fer: Path, tmp_path: Path) -> None:
    (tmp_path / "fer" / "fer.py").write_text("import no_such_package\n")
    told = "ModuleNotFoundError: No module named 'no_such_package'"
    with pytest.raises(FerEdgeError, match=told), open_peer(fer, SCENE[:1]):
        pass


def test_missing_python_interpreter_is_an_input_error() -> None:
    told = "/nowhere/python: expected a Python interpreter with fer installed"
    with pytest.raises(InputError, match=told), open_peer(Path("/nowhere/python"), SCENE[:1]):
        pass
