from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from fer_edge.native_paths import native_path

only_bytes = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")


@pytest.mark.parametrize("name", ["a.mp4", "22:57:44.mp4", "http:x.mp4", "笑顔.mp4", "a b%03d?*.mp4", "../x.mp4"])
def test_a_path_in_utf8_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    with native_path(Path(name)) as path:
        assert path == str(tmp_path / name)


@only_bytes
@pytest.mark.parametrize("name", [b"\377\351.mp4", b"folder\377/a.mp4"])
def test_another_path_is_read_and_written_through_a_link(tmp_path: Path, name: bytes) -> None:
    target = tmp_path / os.fsdecode(name)
    target.parent.mkdir(exist_ok=True)
    with native_path(target) as path:
        assert path.isascii()
        assert path.endswith(".mp4")
        Path(path).write_text("new")  # makes the file
    assert target.read_text() == "new"
    assert not Path(path).parent.exists()
    with native_path(target) as path:
        assert Path(path).read_text() == "new"


@only_bytes
def test_a_suffix_of_other_bytes_is_left_out(tmp_path: Path) -> None:
    with native_path(tmp_path / os.fsdecode(b"a.\377")) as path:
        assert Path(path).name == "file"
