"""`fer-edge run` as people start it: real processes, their exit codes, and what they leave behind."""

from __future__ import annotations

import csv
import json
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import cv2
import numpy as np
import pytest

from fer_edge.cards.meaning import SHARE_OF_PEOPLE
from fer_edge.inference.model_choice import choice_in_words
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import PORTRAIT_FILE
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.recordings import VideoFile

StartRun = Callable[..., "subprocess.Popen[str]"]
WaitUntil = Callable[..., None]


@pytest.fixture
def run_command(start_run: StartRun) -> Any:
    """A function that runs `fer-edge run` in an empty folder to its end."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        process = start_run(*arguments, stdout=subprocess.PIPE)
        output, errors = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    return run


def read_jsonl(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("engine", ["auto", "int8", "fp32", "opencv"])
def test_every_detector_engine_finds_the_demos_face(run_command: Any, engine: str) -> None:
    done = run_command("--camera", "demo", "--frames", "2", "--jsonl", "-", "--detector", engine)
    assert done.returncode == 0, done.stderr
    assert [len(result["faces"]) for result in read_jsonl(done.stdout)] == [1, 1]
    assert done.stderr.startswith("2 frames, ")


@pytest.mark.parametrize("named_in", ["environment", "configuration", "nowhere"])
def test_source_is_named_without_an_option(
    start_run: StartRun, child_environment: dict[str, str], tmp_path: Path, named_in: str
) -> None:
    (tmp_path / "run.toml").write_text('camera = "none.mp4"\n')
    configuration = ("--config", "run.toml") if named_in == "configuration" else ()
    environment = {**child_environment, **({"FER_EDGE_CAMERA": "none.mp4"} if named_in == "environment" else {})}
    arguments = ("demo", *configuration, "--frames", "2", "--jsonl", "-")
    process = start_run(*arguments, stdout=subprocess.PIPE, env=environment)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert len(read_jsonl(output)) == 2


@pytest.mark.parametrize("arguments", [("demo", "--camera", "demo"), ("--camera", "demo", "rtsp://me:geheim@host/a")])
def test_two_sources_are_refused(run_command: Any, arguments: tuple[str, ...]) -> None:
    done = run_command(*arguments)
    assert done.returncode == 2
    assert "two sources, " in done.stderr
    assert "geheim" not in done.stderr


def test_the_model_that_suits_the_processor_is_named(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('model = "auto"\n')
    demo = ("--camera", "demo", "--frames", "1", "--jsonl", "-", "--config", str(tmp_path / "run.toml"))
    done = run_command(*demo, "--model", "auto")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"note: the model auto is {choice_in_words()}\n")
    done = run_command(*demo, "--model", "compact-s")
    assert (done.returncode, "note:" in done.stderr) == (0, False)


def test_unknown_detector_engine_is_refused(run_command: Any) -> None:
    done = run_command("--camera", "demo", "--detector", "haar")
    assert done.returncode == 2
    assert "'haar' is not one of" in done.stderr


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


@pytest.fixture
def slow_video(tmp_path: Path) -> str:
    """Nine seconds of the demo's portrait at 5 frames a second."""
    writer = cv2.VideoWriter(str(tmp_path / "slow.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 5, (640, 480))
    source = DemoSource()
    for number in range(45):
        writer.write(source.draw(6 * number))
    writer.release()
    return "slow.avi"


@pytest.mark.parametrize("arguments", [(), ("--detect-every", "auto"), ("--detect-every", "30"), ("--max-fps", "1")])
def test_slow_recording_keeps_track(run_command: Any, slow_video: str, arguments: tuple[str, ...]) -> None:
    done = run_command("--camera", slow_video, "--jsonl", "-", *arguments)
    results = read_jsonl(done.stdout)
    assert [result["position_s"] for result in results] == [
        n / 5 for n in range(0, 45, 5 if "--max-fps" in arguments else 1)
    ]
    assert [[face["id"] for face in result["faces"]] for result in results] == [[1]] * len(results)
    events = [event["event"] for result in results for event in result.get("events", [])]
    assert events.count("face_appeared") == 1
    assert "face_left" not in events


def test_seconds_count_recording_time(run_command: Any, slow_video: str, tmp_path: Path) -> None:
    done = run_command("--camera", slow_video, "--seconds", "3", "--csv", "a.csv", "--output", "a.avi")
    assert done.returncode == 0
    with (tmp_path / "a.csv").open(newline="") as file:
        assert [float(row["position_s"]) for row in csv.DictReader(file)] == [n / 5 for n in range(15)]
    with VideoFile(tmp_path / "a.avi") as video:
        assert video.fps == pytest.approx(5)
        assert len(list(video)) == 15


def test_max_fps_keeps_duration_of_recording(run_command: Any, slow_video: str, tmp_path: Path) -> None:
    assert run_command("--camera", slow_video, "--max-fps", "2", "--output", "a.avi").returncode == 0
    with VideoFile(tmp_path / "a.avi") as video:
        assert video.fps is not None
        assert len(list(video)) / video.fps == pytest.approx(9, abs=0.5)


def test_a_picture_is_named_in_csv(run_command: Any, tmp_path: Path) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / "portrait.jpg")
    done = run_command("--camera", "portrait.jpg", "--csv", "-")
    (row,) = csv.DictReader(done.stdout.splitlines())
    assert (row["file"], row["position_s"], row["label"]) == ("portrait.jpg", "", "happy")


def test_a_video_is_read_to_its_end(run_command: Any, tmp_path: Path) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "in.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _ in range(12):
        writer.write(np.zeros((48, 64, 3), np.uint8))
    writer.release()
    done = run_command("--camera", "in.avi", "--jsonl", "-")
    assert done.returncode == 0
    assert [result["frame"] for result in read_jsonl(done.stdout)] == list(range(12))
    assert "no face was seen: " in done.stderr
    assert "a detector width of 640 finds smaller ones" in done.stderr


def test_images_that_cannot_be_read_are_named(run_command: Any, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    cv2.imwrite(str(folder / "1.png"), np.zeros((48, 64, 3), np.uint8))
    (folder / "2.png").write_bytes(b"no image")
    done = run_command("--camera", "pictures", "--jsonl", "-")
    assert done.returncode == 0
    assert [result["file"] for result in read_jsonl(done.stdout)] == ["1.png"]
    assert "note: 2.png skipped: " in done.stderr
    assert "a detector width of 2560 finds smaller ones" in done.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no image", "no picture by its content"),
        (b"", "no picture by its content"),
        (b"\xff\xd8\xff\xe0" + bytes(90), "JPEG, but it ends too early"),
    ],
)
def test_a_picture_that_cannot_be_read_is_one_line(
    run_command: Any, tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "broken.png").write_bytes(content)
    done = run_command("--camera", "broken.png")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert message in line


def test_pictures_obey_the_threshold_and_have_small_faces_found(run_command: Any, tmp_path: Path) -> None:
    """A picture named as text, in which the face has 16 pixels."""
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    picture = np.full((960, 1280, 3), 120, np.uint8)
    picture[400:476, 600:676] = cv2.resize(portrait, (76, 76), interpolation=cv2.INTER_AREA)
    (tmp_path / "crowd.txt").write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    labels = []
    for threshold in ("0", "1"):
        done = run_command("--camera", "crowd.txt", "--threshold", threshold, "--jsonl", "-")
        labels += [face["label"] for result in read_jsonl(done.stdout) for face in result["faces"]]
    assert labels[0] in EXPRESSIONS
    assert labels[1:] == ["uncertain"]


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


def test_a_truncated_model(run_command: Any, model_file: Path, tmp_path: Path) -> None:
    content = model_file.read_bytes()
    (tmp_path / "cut.tflite").write_bytes(content[: len(content) // 2])
    done = run_command("--camera", "demo", "--model", "cut.tflite")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "truncated" in line
    stated = ("--labels", ",".join(EXPRESSIONS), "--input-range", "0..255")
    done = run_command("--camera", "demo", "--model", "cut.tflite", *stated)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot load it" in line


@pytest.mark.slow
def test_a_model_of_another_task(run_command: Any, made_models: Path) -> None:
    other_task = ("--model", f"{made_models}/other_task.tflite", "--labels", "a,b,c", "--input-range", "0..255")
    done = run_command("--camera", "demo", *other_task)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "it is for another task" in line


def test_a_model_without_a_card_takes_labels_and_input_range(run_command: Any, made_models: Path) -> None:
    names = ",".join("abcdefg")
    arguments = ("--camera", "demo", "--model", f"{made_models}/bare.tflite", "--frames", "1", "--jsonl", "-")
    refused = run_command(*arguments, "--labels", names)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "--input-range 0..1, -1..1 or 0..255" in line
    done = run_command(*arguments, "--labels", names, "--input-range", "0..255")
    assert done.returncode == 0
    assert list(read_jsonl(done.stdout)[0]["faces"][0]["scores"]) == list("abcdefg")


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
        systemd.settimeout(30)
        asked = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "30000"}
        arguments = ("--camera", "demo", "--max-fps", "20", "--frames", "10", "--quiet")
        process = start_run(*arguments, env=child_environment | asked)
        heard = [systemd.recv(200).decode().splitlines()]
        while heard[-1] != ["STOPPING=1"]:
            heard.append(systemd.recv(200).decode().splitlines())
        assert process.wait(30) == 0
    assert heard[0] == ["READY=1", "WATCHDOG_USEC=80000", "WATCHDOG=1"]
    assert sum("WATCHDOG=1" in lines for lines in heard) >= 5


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
