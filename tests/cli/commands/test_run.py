"""`fer-edge run` as people start it: real processes, their exit codes, and what they leave behind."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from fer_edge.cards.meaning import SHARE_OF_PEOPLE
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sources.recordings import VideoFile
from tests.cli.jsonl import read_jsonl

StartRun = Callable[..., "subprocess.Popen[str]"]
WaitUntil = Callable[..., None]


def test_stdout_has_only_json(run_command: Any) -> None:
    done = run_command("--camera", "demo", "--frames", "5", "--jsonl", "-")
    assert done.returncode == 0
    results = read_jsonl(done.stdout)
    assert [result["frame"] for result in results] == [0, 1, 2, 3, 4]
    assert all(len(result["faces"]) == 1 for result in results)
    assert done.stderr.startswith("5 frames, ")
    assert "INFO" not in done.stderr
    assert "WARN" not in done.stderr


def test_all_outputs_at_once(run_command: Any, tmp_path: Path) -> None:
    done = run_command("--camera", "demo", "--frames", "6", "--jsonl", "a.jsonl", "--csv", "a.csv", "--output", "a.mp4")
    assert done.returncode == 0
    assert "frame 0  " in done.stdout
    assert "\x1b" not in done.stdout
    assert "written: a.jsonl, a.csv, a.mp4" in done.stderr
    assert len(read_jsonl((tmp_path / "a.jsonl").read_text())) == 6
    with (tmp_path / "a.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 6
    with VideoFile(tmp_path / "a.mp4") as video:
        assert len(list(video)) == 6


def test_quiet_prints_nothing(run_command: Any) -> None:
    done = run_command("--camera", "demo", "--frames", "2", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_seconds_end_run(run_command: Any) -> None:
    done = run_command("--camera", "demo", "--seconds", "0.3", "--jsonl", "-")
    assert done.returncode == 0
    assert len(read_jsonl(done.stdout)) == 9


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--camera", "dmeo"), 2, "did you mean demo?"),
        (("--camera", "nothing.mp4"), 2, "no such camera or file"),
        (("--camera", "99"), 1, "there is no /dev/video99"),
        (("--camera", "http://127.0.0.1:9/video"), 1, "no video came from there"),
        (("--camera", "gopher://host/video"), 2, "expected an address with http, https, rtsp, rtsps, got gopher"),
        (("--camera", "demo", "--output", "a.gif"), 2, "expected a video ending in .mp4"),
        (("--camera", "demo", "--model", "gone.tflite"), 2, "no such model file"),
        (("--camera", "demo", "--jsonl", "/dev/null/a.jsonl", "--frames", "1"), 1, "/dev/null"),
    ],
)
def test_a_mistake_is_one_line_and_a_code(
    run_command: Any, arguments: tuple[str, ...], code: int, message: str
) -> None:
    done = run_command(*arguments)
    assert done.returncode == code
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    assert message in line
    assert done.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--jsonl", "-", "--csv", "-"),
        ("--labels", "happy"),
        ("--labels", "a,a"),
        ("--input-range", "1..0"),
        ("--input-range", "0-1"),
        ("--frames", "0"),
        ("--confidence", "1"),
        ("--detector-width", "5"),
        ("--max-faces", "0"),
        ("--num-threads", "0"),
        ("--num-threads", "10000001"),
        ("--rotate-keep", "1000000000"),
        ("--frame", "1"),
    ],
)
def test_options_out_of_range_exit_with_2(run_command: Any, arguments: tuple[str, ...]) -> None:
    done = run_command("--camera", "demo", *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [("--jsonl", "-"), ("--csv", "-")])
def test_run_ends_quietly_when_pipe_closes(start_run: StartRun, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    process = start_run("--camera", "demo", *arguments, "--output", "a.mp4", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(30) == 0
    errors = process.stderr.read()
    process.stderr.close()
    assert "Traceback" not in errors
    assert "BrokenPipe" not in errors
    with VideoFile(tmp_path / "a.mp4") as video:
        assert len(list(video)) >= 1


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_leaves_complete_files(
    start_run: StartRun, tmp_path: Path, wait_until: WaitUntil, sent: signal.Signals, code: int
) -> None:
    arguments = ("--jsonl", "a.jsonl", "--csv", "a.csv", "--output", "a.mp4")
    process = start_run("--camera", "demo", *arguments, stdout=subprocess.DEVNULL)
    results = tmp_path / "a.jsonl"
    wait_until(lambda: results.exists() and results.read_text().count("\n") >= 20)
    process.send_signal(sent)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in errors
    assert " frames/s, " in errors
    frames = len(read_jsonl((tmp_path / "a.jsonl").read_text()))
    with (tmp_path / "a.csv").open(newline="") as file:
        assert abs(len(list(csv.DictReader(file))) - frames) <= 1
    with VideoFile(tmp_path / "a.mp4") as video:
        assert abs(len(list(video)) - frames) <= 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.csv", "a.jsonl", "a.mp4"]


def test_a_terminal_gets_a_live_view(start_run: StartRun) -> None:
    parent, child = pty.openpty()
    with os.fdopen(parent, "rb", buffering=0) as screen:
        process = start_run("--camera", "demo", "--frames", "20", stdout=child)
        os.close(child)
        shown = b""
        try:
            while part := screen.read(4096):
                shown += part
        except OSError:  # Linux's way to say that the other end has closed
            pass
        assert process.wait(30) == 0
        assert process.stderr is not None
        process.stderr.close()
    text = shown.decode()
    assert "demo, " in text
    assert "ms: detect" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_start_up_imports_little_before_first_result(start_run: StartRun) -> None:
    """The promise is 2 s on two free cores; processor time is what a busy machine leaves alone."""
    process = start_run("--camera", "demo", "--frames", "1", "--jsonl", "-", stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["faces"]
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert used.ru_utime + used.ru_stime < 4


def test_systemd_is_notified_of_start_frames_and_end(
    start_run: StartRun, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(120)
        # No machine processes a frame in a third of that time.
        asked = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "300"}
        arguments = ("--camera", "demo", "--max-fps", "20", "--frames", "10", "--quiet")
        process = start_run(*arguments, env=child_environment | asked)
        heard = [systemd.recv(200).decode().splitlines()]
        while heard[-1] != ["STOPPING=1"]:
            heard.append(systemd.recv(200).decode().splitlines())
        assert process.wait(30) == 0
    assert heard[0] == ["READY=1", "WATCHDOG_USEC=50300", "WATCHDOG=1"]
    assert sum("WATCHDOG=1" in lines for lines in heard) == 10


def test_config_replaces_options(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('camera = "demo"\nframes = 4\njsonl = "a.jsonl"\ndetect-every = "auto"\n')
    done = run_command("--config", "run.toml", "--frames", "2")
    assert done.returncode == 0, done.stderr
    assert len(read_jsonl((tmp_path / "a.jsonl").read_text())) == 2
    (tmp_path / "run.toml").write_text("frmes = 4\n")
    refused = run_command("--config", "run.toml")
    assert refused.returncode == 2
    assert "run.toml: frmes: run has no such option; did you mean frames?" in refused.stderr


def test_preview_serves_running_stream(start_run: StartRun) -> None:
    pytest.importorskip("aiohttp")
    with start_run("--camera", "demo", "--preview", "0", "--quiet", "--privacy") as process, ExitStack() as ended:
        ended.callback(process.kill)
        assert process.stderr is not None
        said = re.match(r"note: preview at (http://127\.0\.0\.1:\d+/)", process.stderr.readline())
        assert said
        with urlopen(f"{said[1]}metrics", timeout=30) as answer:
            assert b"fer_edge_frames_total" in answer.read()
        with urlopen(f"{said[1]}events", timeout=30) as events:
            hello = next(line for line in events if line.startswith(b"data: "))
            assert json.loads(hello.removeprefix(b"data: "))["meaning"] == SHARE_OF_PEOPLE
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143


def test_privacy_excludes_video(run_command: Any, tmp_path: Path) -> None:
    refused = run_command("--camera", "demo", "--privacy", "--output", "a.mp4")
    assert refused.returncode == 2
    assert "--privacy stores no picture" in refused.stderr
    assert not (tmp_path / "a.mp4").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_video_being_written_is_refused_before_any_output(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("{}\n")
    with closing(VideoSink(tmp_path / "a.mp4", EXPRESSIONS, live=True, fps=None)):
        done = run_command("--camera", "demo", "--frames", "2", "--jsonl", "a.jsonl", "--output", "a.mp4")
    assert done.returncode == 2
    assert "a.mp4: another process writes to it" in done.stderr
    assert (tmp_path / "a.jsonl").read_text() == "{}\n"
