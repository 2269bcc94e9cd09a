"""The command in a real terminal, in a narrow one, and before a reader who leaves."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sources.demo import DemoSource

pty = pytest.importorskip("pty", reason="needs pseudo-terminals, which Windows has not")

BAR = "━"
HIDE_CURSOR = "\x1b[?25l"
CHATTER = re.compile(r"XNNPACK|fully_quantize|WARN|INFO|absl|I0000|W0000")
Terminal = Callable[..., tuple[int, str]]


@pytest.fixture
def in_terminal(tmp_path: Path, child_environment: dict[str, str]) -> Terminal:
    """A function that runs `fer-edge` in a terminal of some width; it returns the exit code and all that was shown."""
    import fcntl
    import termios

    def run(columns: int, *arguments: object) -> tuple[int, str]:
        screen, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        environment = {name: value for name, value in child_environment.items() if name not in ("COLUMNS", "NO_COLOR")}
        command = [sys.executable, "-m", "fer_edge", *map(str, arguments)]
        with subprocess.Popen(
            command, cwd=tmp_path, env=environment | {"TERM": "xterm"}, stdin=terminal, stdout=terminal, stderr=terminal
        ) as process:
            os.close(terminal)
            shown = b"".join(iter(lambda: _read_or_end(screen), b""))
        os.close(screen)
        return process.returncode, shown.decode()

    return run


def _read_or_end(screen: int) -> bytes:
    try:
        return os.read(screen, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""


def without_styles(shown: str) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", shown)


@pytest.fixture
def few_faces(faces: Dataset, tmp_path: Path) -> Callable[[str], Path]:
    """A function that writes two faces an expression and split into a zip of some name, with copies in odd folders."""
    import cv2

    def write(name: str) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for split, images in faces.splits.items():
                for label, expression in enumerate(EXPRESSIONS):
                    for i in (images.labels == label).nonzero()[0][:2]:
                        content = cv2.imencode(".png", images.images[i])[1].tobytes()
                        for root in ("images", "zz[/b]", "zz:cat:\x1b[31m"):
                            archive.writestr(f"{root}/{split.value}/{expression}/{i}.png", content)
        return tmp_path / name

    return write


@pytest.mark.slow
@pytest.mark.parametrize("columns", [80, 40])
def test_evaluate_shows_a_bar_and_whole_tables(
    in_terminal: Terminal, few_faces: Callable[[str], Path], columns: int
) -> None:
    code, shown = in_terminal(columns, "evaluate", "--data", few_faces("faces.zip").name)
    assert code == 0, shown
    assert BAR in shown
    assert HIDE_CURSOR in shown
    lines = without_styles(shown).splitlines()
    for name in EXPRESSIONS:
        assert sum(line.startswith(f" {name} ") for line in lines) >= 2  # in both tables
    for header in ("expression", "precision", "recall", "F1", "support"):
        assert any(header in line.split() for line in lines)
    assert not CHATTER.search(shown)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A video of two seconds of the demo."""
    import cv2

    path = tmp_path / "film.avi"
    source, writer = DemoSource(), cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 15, (640, 480))
    for number in range(30):
        writer.write(source.draw(2 * number))
    writer.release()
    return path


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_recording_fits_the_terminal_and_shows_percent_and_persons(
    in_terminal: Terminal, film: Path, columns: int
) -> None:
    code, shown = in_terminal(columns, "run", "--camera", film.name)
    assert code == 0, shown
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "\n", without_styles(shown)).replace("\r", "\n")
    view = [line for line in plain.splitlines() if not line.startswith("ms (p50/p90)")]
    assert max(map(len, view)) <= columns
    assert re.search(r"frames/s +\d+%", plain)
    assert re.search(r"1 +happy +\S+ +\d+%", plain)
    assert ("ms: detect" in plain) == (columns >= 60)
    assert re.search(r"30 frames, .*, 1 person\b", plain)


@pytest.mark.slow
def test_export_shows_a_bar_whole_file_names_and_no_chatter(
    in_terminal: Terminal, tiny_run: Any, faces_folder: Path, tmp_path: Path
) -> None:
    precisions = ("--int8", "--precision", "dynamic")
    options = (
        "--data",
        faces_folder,
        "--output",
        "out",
        "--format",
        "tflite",
        "--layer-errors",
        "--trust-model",
        *precisions,
    )
    code, shown = in_terminal(80, "export", tiny_run.model, *options)
    assert code == 0, shown
    assert BAR in shown
    assert not CHATTER.search(shown)
    lines = without_styles(shown).splitlines()
    for name in ("tiny_int8.tflite", "tiny_dynamic.tflite"):
        assert any(line.startswith(f" {name} ") for line in lines)
    assert any("worst" in line for line in lines)
    assert sum(line.split()[-1:] == ["passed"] for line in lines) == 2


@pytest.mark.parametrize("columns", [40, 80])
def test_info_cuts_no_word(in_terminal: Terminal, child_line: Callable[..., Any], columns: int) -> None:
    code, shown = in_terminal(columns, "info", "--all")
    assert code == 0, shown
    lines = without_styles(shown).splitlines()
    assert max(map(len, lines)) <= columns
    whole = child_line("info", "--all").require_success().stdout.split()
    assert {word for word in whole if len(word) <= 20} - set(" ".join(lines).split()) == set()


@pytest.mark.slow
def test_output_to_file_has_no_bars_or_escapes(child_line: Callable[..., Any]) -> None:
    ended = child_line("evaluate", "--data", "synthetic").require_success()
    assert not {BAR, "\x1b", "\r"} & set(ended.stdout + ended.stderr)
    assert not CHATTER.search(ended.stderr)


def test_columns_variable_sets_width_of_files(
    child_environment: dict[str, str], few_faces: Callable[[str], Path], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "fer_edge", "evaluate", "--data", str(few_faces("faces.zip"))]
    environment = child_environment | {"COLUMNS": "44"}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert max(map(len, done.stdout.splitlines())) <= 44


@pytest.mark.parametrize("name", ["faces [v2].zip", ":cat:.zip", "[bold].zip"])
def test_brackets_and_colons_in_names_are_literal(
    command_line: Callable[..., Any],
    few_faces: Callable[[str], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line("evaluate", "--data", few_faces(name).name).require_success()
    assert f"validation of {name}" in " ".join(ended.stdout.split())
    notes = " ".join(ended.stderr.split())
    assert "note: left out zz[/b] (28 files): a second copy" in notes
    assert "note: left out zz:cat:\\x1b[31m (28 files): a second copy" in notes


COMMANDS = [
    ("--help",),
    ("run", "--help"),
    ("--version",),
    ("info",),
    ("info", "--json"),
    ("doctor", "--json"),
    ("evaluate", "--data", "synthetic", "--json"),
    ("evaluate", "--data", "synthetic"),
    ("samples", "--data", "synthetic"),
    ("run", "--camera", "demo", "--frames", "20", "--jsonl", "-"),
    ("run", "--camera", "demo", "--frames", "20", "--csv", "-"),
    ("run", "--camera", "demo", "--frames", "5"),
    ("service", "print", "--program", "/opt/fer-edge/bin/fer-edge"),
]


@pytest.mark.slow
@pytest.mark.parametrize("both", [False, True], ids=["stdout", "stdout and stderr"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_closed_pipe_ends_with_exit_code_0(
    arguments: tuple[str, ...], both: bool, child_environment: dict[str, str], tmp_path: Path
) -> None:
    if both and arguments[0] not in ("info", "run"):
        pytest.skip("the same as for info")
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "fer_edge", *arguments]
    stderr = write if both else subprocess.PIPE
    done = subprocess.run(command, stdout=write, stderr=stderr, cwd=tmp_path, env=child_environment)
    os.close(write)
    assert done.returncode == 0, done.stderr
    assert b"Error" not in (done.stderr or b"")


def test_error_keeps_exit_code_with_closed_pipe(child_environment: dict[str, str], tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "fer_edge", "info", "no such file"]
    assert subprocess.run(command, stdout=write, stderr=write, cwd=tmp_path, env=child_environment).returncode == 2
    os.close(write)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("arguments", [("info",), ("--help",), ("run", "--camera", "demo", "--frames", "3")])
def test_full_disk_is_one_line_and_exit_code_1(
    arguments: tuple[str, ...], child_environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "fer_edge", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path, env=child_environment, text=True
        )
    assert done.returncode == 1
    assert "No space left on device" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&- <&-"])
def test_closed_standard_streams_leave_files_intact(
    closed: str, child_environment: dict[str, str], tmp_path: Path
) -> None:
    line = f'"{sys.executable}" -m fer_edge run --camera demo --frames 3 --jsonl log.jsonl {closed}'
    done = subprocess.run(line, shell=True, cwd=tmp_path, env=child_environment, capture_output=True)
    assert done.returncode == 0
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert [line[:10] for line in lines] == ['{"frame": '] * 3


@pytest.mark.parametrize("name", ["COLUMNS", "LINES"])
@pytest.mark.parametrize("size", ["", "0", "1", "-1", "abc", "²", "٣٣", "9" * 5000, "99999999"])
@pytest.mark.parametrize("arguments", [("info",), ("benchmark", "--help")])
def test_impossible_size_of_the_terminal_is_ignored(
    child_environment: dict[str, str], tmp_path: Path, name: str, size: str, arguments: tuple[str, ...]
) -> None:
    command = [sys.executable, "-m", "fer_edge", *arguments]
    done = subprocess.run(command, env=child_environment | {name: size}, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert 20 < max(map(len, done.stdout.splitlines())) <= 120


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("info",), 0),
        (("info", "no such file"), 2),
        (("run", "--camera", "no such file"), 2),
        (("run", "--camera", "demo", "--frames", "3"), 1),
    ],
)
def test_full_standard_error_keeps_the_exit_code(
    arguments: tuple[str, ...], code: int, child_environment: dict[str, str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "fer_edge", *arguments]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=full, cwd=tmp_path, env=child_environment)
    assert done.returncode == code
