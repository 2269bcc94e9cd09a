"""`fer-edge run` with names in any script, in terminals and pipes of any encoding."""

from __future__ import annotations

import csv
import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_edge.models import PORTRAIT_FILE

StartRun = Callable[..., "subprocess.Popen[str]"]

NAMES = [b"\x1b[31m.jpg", b"a\nb.jpg", b"\377\351.jpg", "笑顔.jpg".encode(), "😀.jpg".encode()]
SHOWN = {r"\x1b[31m.jpg", r"a\nb.jpg", r"\xff\xe9.jpg", "笑顔.jpg", "😀.jpg"}

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder, itself of such a name, with a picture of each, and one that is broken."""
    path = tmp_path / os.fsdecode(b"f\376 %d:?*")
    path.mkdir()
    for name in NAMES:
        shutil.copy(PORTRAIT_FILE, path / os.fsdecode(name))
    (path / os.fsdecode(b"broken\375.jpg")).write_bytes(b"no picture")
    return path


def run(start_run: StartRun, *arguments: str, encoding: str, environment: dict[str, str]) -> tuple[int, str, str]:
    """Return how the run ended, what it printed, read as UTF-8, and what it said."""
    environment = {**environment, "PYTHONIOENCODING": encoding}
    with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as said:
        code = start_run(*arguments, env=environment, stdout=printed, stderr=said).wait(180)
        printed.seek(0)
        said.seek(0)
        return code, printed.read().decode(), said.read().decode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii", "cp1252"])
def test_every_picture_is_read_and_shown(
    start_run: StartRun, folder: Path, tmp_path: Path, child_environment: dict[str, str], encoding: str
) -> None:
    arguments = ("--camera", str(folder), "--jsonl", "a:b.jsonl", "--csv", "50%.csv", "--output", "a:b.mp4")
    code, _, said = run(start_run, *arguments, encoding=encoding, environment=child_environment)
    assert code == 0
    assert r"broken\xfd.jpg skipped: something that is no picture" in said
    assert "written: a:b.jsonl, 50%.csv, a:b.mp4" in said
    assert {json.loads(line)["file"] for line in (tmp_path / "a:b.jsonl").read_text("utf-8").splitlines()} == SHOWN
    with (tmp_path / "50%.csv").open(newline="", encoding="utf-8") as file:
        assert {row["file"] for row in csv.DictReader(file)} == SHOWN
    assert (tmp_path / "a:b.mp4").stat().st_size > 0


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_piped_data_is_utf8_in_any_locale(
    start_run: StartRun, folder: Path, child_environment: dict[str, str], encoding: str
) -> None:
    arguments = ("--camera", str(folder), "--jsonl", "-")
    code, printed, _ = run(start_run, *arguments, encoding=encoding, environment=child_environment)
    assert code == 0
    assert {json.loads(line)["file"] for line in printed.splitlines()} == SHOWN


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_the_view_in_a_terminal_of_any_encoding(
    start_run: StartRun, child_environment: dict[str, str], encoding: str
) -> None:
    text = shown_in_terminal(start_run, child_environment, encoding, "demo", "--frames", "2")
    assert "happy" in text
    assert ("━" in text) is (encoding == "utf-8")
    assert "\\u2501" not in text


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_names_of_pictures_in_a_terminal_of_any_encoding(
    start_run: StartRun, folder: Path, child_environment: dict[str, str], encoding: str
) -> None:
    text = shown_in_terminal(start_run, child_environment, encoding, str(folder))
    lines = [line for line in text.splitlines() if ".jpg  " in line]
    assert len(lines) == len(SHOWN)
    assert all(line.endswith("  happy 100%") for line in lines)
    assert "\\udc" not in text


def shown_in_terminal(start_run: StartRun, environment: dict[str, str], encoding: str, *arguments: str) -> str:
    """Return what `fer-edge run` shows of a source in a terminal of an encoding."""
    ours, theirs = pty.openpty()
    named = {**environment, "PYTHONIOENCODING": encoding, "TERM": "xterm"}
    process = start_run("--camera", *arguments, env=named, stdout=theirs)
    os.close(theirs)
    shown = b""
    while piece := _read(ours):
        shown += piece
    os.close(ours)
    assert process.wait(180) == 0
    return shown.decode(encoding)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # how a pseudo-terminal ends
        return b""


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--camera", "\udcff笑.mp4"), 2), (("--camera", "demo", "--labels", "\udcff笑"), 2)],
)
def test_a_refused_name_is_shown_escaped(
    start_run: StartRun, child_environment: dict[str, str], encoding: str, arguments: tuple[str, ...], code: int
) -> None:
    ended, _, said = run(start_run, *arguments, encoding=encoding, environment=child_environment)
    assert ended == code
    assert "Traceback" not in said
    assert "ff" in said
