"""`fer-edge run` when what it depends on fails, and when it is ended itself: nothing that was reported is lost."""

from __future__ import annotations

import csv
import json
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.runtime.sources.recordings import VideoFile

StartRun = Callable[..., "subprocess.Popen[str]"]
WaitUntil = Callable[..., None]

# A network camera: one JPEG of the demo after another, until whoever watches goes.
CAMERA = """
import sys, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import cv2
from fer_edge.runtime.sources.demo import DemoSource

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for frame in DemoSource():
            jpeg = cv2.imencode(".jpg", frame.image)[1].tobytes()
            head = b"--frame\\r\\nContent-Type: image/jpeg\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(jpeg)
            self.wfile.write(head + jpeg + b"\\r\\n")
            time.sleep(0.03)

    def log_message(self, *_):
        pass

ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""

# The command line, with SIGTERM between the end of a function and its caller's next step.
SIGTERM_AFTER = """
import os, signal, sys
from operator import attrgetter
from fer_edge.__main__ import main
from fer_edge.runtime.sinks import unfinished, video

place, _, name = sys.argv.pop(1).rpartition(".")
owner = attrgetter(place)(sys.modules["fer_edge.runtime.sinks"])
function = getattr(owner, name)

def ended_after(*arguments, **options):
    setattr(owner, name, function)
    result = function(*arguments, **options)
    print("reached", file=sys.stderr)
    os.kill(os.getpid(), signal.SIGTERM)
    return result

setattr(owner, name, ended_after)
main()
"""

# What Python says, where warnings are errors, if the import of a module was ended between opening and closing its file.
ENDED_IMPORTING = re.compile(
    r"\AException ignored in: <_io\.FileIO name='[^'\n]*\.pyc'[^\n]*\n"
    r"(?:[^\n]*\n)*?ResourceWarning: unclosed file <_io\.BufferedReader name='[^'\n]*\.pyc'>\n\Z"
)


def lines_of(path: Path) -> list[str]:
    """Its lines, also the last one if it is not complete."""
    return path.read_text().splitlines(keepends=True) if path.exists() else []


def frames_of(path: Path) -> list[int]:
    return [json.loads(line)["frame"] for line in lines_of(path)]


def test_killed_camera_is_reopened(
    start_run: StartRun, tmp_path: Path, child_environment: dict[str, str], wait_until: WaitUntil
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])

    def start_camera() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", CAMERA, str(port)]
        camera = stack.enter_context(subprocess.Popen(command, env=child_environment, stderr=subprocess.DEVNULL))
        stack.callback(camera.kill)
        wait_until(lambda: answers(port))
        return camera

    results, said = tmp_path / "a.jsonl", tmp_path / "said"
    with ExitStack() as stack, said.open("w") as errors:
        camera = start_camera()
        process = start_run("--camera", f"http://127.0.0.1:{port}/", "--jsonl", "a.jsonl", "--quiet", stderr=errors)
        wait_until(lambda: len(lines_of(results)) >= 10)
        camera.kill()
        wait_until(lambda: "stopped giving frames" in said.read_text())
        before = lines_of(results)
        start_camera()
        wait_until(lambda: len(lines_of(results)) >= len(before) + 10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    failed, back = said.read_text().splitlines()
    assert failed.endswith("it is opened again until it is back")
    assert re.search(r"is back after \d+ s$", back)
    assert lines_of(results)[: len(before)] == before
    frames = frames_of(results)
    assert frames == sorted(set(frames))


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def test_all_outputs_that_failed_are_named(start_run: StartRun, tmp_path: Path) -> None:
    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300, 300))

    arguments = ("--camera", "demo", "--frames", "5", "--jsonl", "a.jsonl", "--csv", "a.csv", "--quiet")
    process = start_run(*arguments, preexec_fn=allow_little)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 1
    prefix, _, failures = errors.splitlines()[-1].partition("error: ")
    assert not prefix
    assert set(failures.split("; ")) == {"a.jsonl: File too large", "a.csv: File too large"}  # either may fail first


def test_full_disk_leaves_whole_lines(start_run: StartRun, tmp_path: Path) -> None:
    limit = 20_000

    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    arguments = ("--camera", "demo", "--jsonl", "a.jsonl", "--csv", "a.csv", "--quiet")
    process = start_run(*arguments, preexec_fn=allow_little)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == 1
    assert errors.splitlines()[0] == "note: a.jsonl: File too large; the other outputs go on"
    assert errors.splitlines()[-1] == "error: a.jsonl: File too large; a.csv: File too large"
    assert limit - 1000 < (tmp_path / "a.jsonl").stat().st_size <= limit
    frames = frames_of(tmp_path / "a.jsonl")
    assert frames == list(range(len(frames)))
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = [int(row["frame"]) for row in csv.DictReader(file)]
    assert rows == list(range(len(rows)))
    assert len(rows) >= len(frames)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
@pytest.mark.parametrize(("end", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_run_does_not_report_failed_output(
    start_run: StartRun, tmp_path: Path, wait_until: WaitUntil, end: signal.Signals, code: int
) -> None:
    said = tmp_path / "said"
    with said.open("w") as errors:
        process = start_run("--camera", "demo", "--jsonl", "/dev/full", "--csv", "a.csv", stderr=errors, stdout=errors)
        wait_until(lambda: len(lines_of(tmp_path / "a.csv")) > 3 and "the other outputs go on" in said.read_text())
        process.send_signal(end)
        assert process.wait(60) == code
    assert "written: a.csv\n" in said.read_text()


def test_stuck_preview_client_blocks_nothing(start_run: StartRun, tmp_path: Path, wait_until: WaitUntil) -> None:
    pytest.importorskip("aiohttp")
    process = start_run("--camera", "demo", "--preview", "0", "--jsonl", "a.jsonl", "--quiet")
    assert process.stderr is not None
    port = re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())
    assert port
    with ExitStack() as stack:
        for path in (b"picture.mjpg", b"events"):
            stuck = stack.enter_context(socket.socket())
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.connect(("127.0.0.1", int(port[1])))
            stuck.sendall(b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path)
        time.sleep(1)
        before = len(lines_of(tmp_path / "a.jsonl"))
        wait_until(lambda: len(lines_of(tmp_path / "a.jsonl")) >= before + 20)
        process.send_signal(signal.SIGTERM)
        began = time.monotonic()
        assert process.wait(30) == 143
        assert time.monotonic() - began < 10
    assert process.stderr.read() == ""
    frames = frames_of(tmp_path / "a.jsonl")
    assert frames == list(range(len(frames)))


@pytest.mark.slow
def test_idle_preview_connections_leave_file_descriptors(
    start_run: StartRun, tmp_path: Path, wait_until: WaitUntil
) -> None:
    pytest.importorskip("aiohttp")

    def have_few_files() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (96, 96))

    arguments = ("--camera", "demo", "--preview", "0", "--preview-token", "given", "--jsonl", "a.jsonl", "--quiet")
    process = start_run(*arguments, preexec_fn=have_few_files)
    assert process.stderr is not None
    port = re.search(r"127\.0\.0\.1:(\d+)", process.stderr.readline())
    assert port
    with ExitStack() as stack:
        for number in range(150):
            stranger = stack.enter_context(socket.create_connection(("127.0.0.1", int(port[1])), 30))
            stranger.sendall(
                (b"", b"GET / HTTP/1.1\r\nX: y\r\n", b"\x16\x03\x01\0\0", b"GET / FTP/9\r\n\r\n")[number % 4]
            )
        before = len(lines_of(tmp_path / "a.jsonl"))
        wait_until(lambda: len(lines_of(tmp_path / "a.jsonl")) >= before + 100)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    said = process.stderr.read().splitlines()
    assert 1 <= len(said) <= 4
    assert all(line.startswith("note: at the preview's port: ") for line in said)


@pytest.mark.slow
def test_sigterm_at_any_moment_exits_with_143(start_run: StartRun, tmp_path: Path) -> None:
    began = time.monotonic()
    assert start_run("--camera", "demo", "--frames", "1", "--quiet").wait(180) == 0
    whole = time.monotonic() - began
    for tenth in range(1, 11):
        folder = tmp_path / str(tenth)
        folder.mkdir()
        arguments = ("--camera", "demo", "--jsonl", "a.jsonl", "--output", "a.mp4", "--quiet")
        process = start_run(*arguments, cwd=folder)
        time.sleep(whole * tenth / 8)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=30)
        # Python itself has not begun to listen to signals in its first moments.
        assert (process.returncode, ENDED_IMPORTING.sub("", errors)) in ((143, ""), (-signal.SIGTERM, ""))
        frames = frames_of(folder / "a.jsonl")
        assert frames == list(range(len(frames)))
        assert {path.name for path in folder.iterdir()} <= {"a.jsonl", "a.mp4"}
        if (folder / "a.mp4").exists():
            with VideoFile(folder / "a.mp4") as video:
                assert abs(len(list(video)) - len(frames)) <= 1


@pytest.mark.parametrize("step", ["unfinished.os.open", "unfinished.lock_file", "video.UnfinishedFile.__init__"])
def test_sigterm_while_the_video_is_created_leaves_no_file(
    step: str, tmp_path: Path, child_environment: dict[str, str]
) -> None:
    arguments = [step, "run", "--camera", "demo", "--output", "a.mp4", "--jsonl", "a.jsonl", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-c", SIGTERM_AFTER, *arguments],
        cwd=tmp_path,
        env=child_environment,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert (done.returncode, done.stderr) == (143, "reached\n")
    assert list(tmp_path.iterdir()) == []


def test_kill_keeps_reported_lines_and_run_resumes(start_run: StartRun, tmp_path: Path, wait_until: WaitUntil) -> None:
    arguments = ("--camera", "demo", "--jsonl", "a.jsonl", "--rotate-size", "8kB", "--rotate-keep", "1000", "--quiet")
    process = start_run(*arguments)
    newest, older, oldest = (tmp_path / f"a.jsonl{suffix}" for suffix in ("", ".1", ".2"))
    # While it rotates, a file may have two names.
    wait_until(lambda: oldest.exists() and older.exists() and newest.stat().st_nlink == 1)
    process.kill()
    process.wait()
    reported = all_lines(tmp_path)
    with (tmp_path / "a.jsonl").open("a") as file:
        file.write('{"frame": 1')  # what a power cut, unlike this signal, can leave of a line
    done = start_run(*arguments, "--frames", "3")
    _, errors = done.communicate(timeout=180)
    assert (done.returncode, "cut off 11 bytes" in errors) == (0, True)
    lines = all_lines(tmp_path)
    assert lines[: len(reported)] == reported
    frames = [json.loads(line)["frame"] for line in lines]
    assert frames == [*range(len(frames) - 3), 0, 1, 2]


def all_lines(folder: Path) -> list[str]:
    """The whole lines of a file and its older ones, from the oldest on."""
    ages = {path: int(path.suffix[1:]) if path.suffix[1:].isdecimal() else 0 for path in folder.glob("a.jsonl*")}
    oldest_first = sorted(ages, key=lambda path: -ages[path])
    return [line for path in oldest_first for line in lines_of(path) if line.endswith("\n")]


def write_video(path: Path) -> bytearray:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (160, 120))
    for shade in range(10):
        writer.write(np.full((120, 160, 3), 20 * shade, np.uint8))
    writer.release()
    return bytearray(path.read_bytes())


@pytest.mark.parametrize(
    ("box", "offset", "lie"),
    [
        (b"tkhd", 76, b"\xff\xff\0\0" * 2),
        (b"mp4v", 24, b"\xff\xff" * 2),
        (b"stsz", 4, b"\x7f\xff\xff\xff" * 2),
        (b"stsz", 8, b"\x7f\xff\xff\xff"),
        (b"stts", 4, b"\x7f\xff\xff\xff"),
        (b"moov", -8, b"\x7f\xff\xff\xff"),
    ],
)
def test_a_header_that_lies_takes_little_memory(
    start_run: StartRun, tmp_path: Path, box: bytes, offset: int, lie: bytes
) -> None:
    content = write_video(tmp_path / "a.mp4")
    at = content.find(box) + 4 + offset
    content[at : at + len(lie)] = lie
    (tmp_path / "a.mp4").write_bytes(content)

    def allow_little() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (1 << 30, 1 << 30))

    process = start_run("--camera", "a.mp4", "--quiet", preexec_fn=allow_little)
    _, errors = process.communicate(timeout=120)
    assert process.returncode in (0, 1, 2)
    assert not process.returncode or errors.splitlines()[-1].startswith("error: ")
    assert "Traceback" not in errors
