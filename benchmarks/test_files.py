"""Time and memory of whole commands on pictures and videos, and the smallest face found; beside `fer` on request."""

from __future__ import annotations

import csv
import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.files.command_cost import CommandCost, measure_command
from benchmarks.files.made_files import write_face_sizes, write_pictures, write_video
from fer_edge.benchmark.timing import QUICK
from fer_edge.dataset.data import Split
from fer_edge.terminal.consoles import stdout
from fer_edge.terminal.tables import make_table

_OURS = (sys.executable, "-m", "fer_edge")
_PEER = Path(__file__).parent / "peers" / "fer_files.py"
_SIDES = (12, 16, 20, 24, 28, 32, 40, 48, 64, 96, 128)
_EACH = 40
_CORNERS = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Amount:
    """Amounts that are measured: pictures of one folder, and seconds of one video."""

    pictures: int
    seconds: int


@pytest.fixture(scope="module")
def amount(pytestconfig: pytest.Config) -> Amount:
    """1,000 pictures and five minutes; less with --quick."""
    return Amount(50, 10) if pytestconfig.getoption("effort") == QUICK else Amount(1000, 300)


@pytest.fixture(scope="module")
def peer(pytestconfig: pytest.Config) -> Path | None:
    """Python interpreter that has `fer`, if one was named."""
    python: Path | None = pytestconfig.getoption("--peer-python")
    return python


def test_pictures(real_faces: Split, amount: Amount, peer: Path | None, tmp_path: Path) -> None:
    write_pictures(tmp_path / "pictures", real_faces.images, amount.pictures)
    ours = measure_command([*_OURS, "predict", "pictures", "--csv"], tmp_path)
    found = Counter(row["file"] for row in _rows(ours.output) if row["face"])
    costs = {f"fer-edge predict, {found.total():,} faces": ours}
    if peer:
        theirs = measure_command([peer, _PEER, "pictures", "pictures"], tmp_path)
        costs[f"fer, {sum(map(len, _answer(theirs).values())):,} faces"] = theirs
    _show(f"{amount.pictures:,} pictures of 640x480", costs)
    assert found.total() > amount.pictures


def test_a_video(real_faces: Split, amount: Amount, peer: Path | None, tmp_path: Path) -> None:
    write_video(tmp_path / "video.mp4", real_faces.images, amount.seconds)
    ours = measure_command([*_OURS, "analyze", "video.mp4", "--output", "table"], tmp_path)
    rows = _rows((tmp_path / "table" / "faces.csv").read_text())
    costs = {f"fer-edge analyze, {len(rows):,} faces": ours}
    if peer:
        theirs = measure_command([peer, _PEER, "video", "video.mp4"], tmp_path)
        costs[f"fer, {sum(_answer(theirs)):,} faces"] = theirs
    _show(f"a video of {amount.seconds} s, 640x480, 30 frames a second", costs)
    assert len(rows) > amount.seconds * 15


def test_smallest_face(real_faces: Split, peer: Path | None, tmp_path: Path) -> None:
    write_face_sizes(tmp_path / "sizes", real_faces.images, _SIDES, _EACH)
    ours = measure_command([*_OURS, "predict", "sizes", "--csv"], tmp_path)
    rows = [row for row in _rows(ours.output) if row["face"]]
    found = {"fer-edge": _count_found((row["file"], *(float(row[name]) for name in _CORNERS)) for row in rows)}
    if peer:
        theirs = _answer(measure_command([peer, _PEER, "pictures", "sizes"], tmp_path))
        found["fer"] = _count_found((name, x, y, x + w, y + h) for name, all_ in theirs.items() for x, y, w, h in all_)
    table = make_table(f"pictures in which a face is found, of {_EACH} a size", ["side of the face image"], [*found])
    for side in _SIDES:
        table.add_row(f"{side} px", *(str(counts[side]) for counts in found.values()))
    stdout().print(table)
    assert found["fer-edge"][96] > 0.8 * _EACH


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(text.splitlines()))


def _answer(cost: CommandCost) -> Any:
    return json.loads(cost.output.splitlines()[-1])


def _count_found(boxes: Iterable[tuple[Any, ...]]) -> Counter[int]:
    """Return in how many pictures of each size a box is around the middle of the pasted face.

    Args:
        boxes: Name of a picture, then left, top, right and bottom of a box in it.
    """
    found = set()
    for name, x1, y1, x2, y2 in boxes:
        side, x, y = map(int, Path(name).stem.split("_"))
        if x1 < x < x2 and y1 < y < y2 and max(x2 - x1, y2 - y1) < 2 * side:
            found.add((side, name))
    return Counter(side for side, _ in found)


def _show(title: str, costs: dict[str, CommandCost]) -> None:
    table = make_table(title, ["command"], ["time, s", "processor, s", "peak memory, MB"])
    first, *_ = costs.values()
    for name, cost in costs.items():
        ratios = [cost.wall_s / first.wall_s, cost.cpu_s / first.cpu_s, cost.peak_bytes / first.peak_bytes]
        figures = [f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_bytes / 1e6:.0f}"]
        table.add_row(name, *(f"{figure} ({ratio:.1f}x)" for figure, ratio in zip(figures, ratios, strict=True)))
    stdout().print(table)
