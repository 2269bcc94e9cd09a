from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.soak.stream import line_faults, rotated


def _lines(*numbers: int) -> str:
    return "".join(json.dumps({"frame": number}) + "\n" for number in numbers)


@pytest.mark.parametrize(
    ("text", "gapless", "fault"),
    [
        ("", True, None),
        (_lines(0, 1, 2), True, None),
        (_lines(0, 1, 0, 1), True, None),
        (_lines(0, 2), False, None),
        (_lines(0, 2), True, "frame 2 after 0"),
        (_lines(0, 1, 1), True, "frame 1 after 1"),
        (_lines(0, 2, 1), False, "frame 1 after 2"),
        (_lines(0) + '{"fra', True, "ends within a line"),
        (_lines(0) + "\0\0\n", True, "no whole line"),
        (_lines(0) + '{"other": 1}\n', True, "no whole line"),
    ],
)
def test_lines_that_are_torn_missing_or_repeated_are_found(
    text: str, gapless: bool, fault: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text)
    found = line_faults([path], gapless=gapless)
    assert len(found) == (fault is not None)
    assert fault is None or fault in found[0]


def test_a_rotated_log_is_read_from_its_oldest_file(tmp_path: Path) -> None:
    for i in (1, 2, 10):
        (tmp_path / f"log.jsonl.{i}").touch()
    assert [path.name for path in rotated(tmp_path / "log.jsonl")] == [
        *("log.jsonl.10", "log.jsonl.2", "log.jsonl.1", "log.jsonl")
    ]
