"""Sources of `fer-edge run`: how one is named, recordings and pictures."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.models import PORTRAIT_FILE
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.recordings import VideoFile
from tests.cli.jsonl import read_jsonl

StartRun = Callable[..., "subprocess.Popen[str]"]


@pytest.mark.parametrize("named_in", ["environment", "configuration", "nowhere"])
def test_source_is_named_without_an_option(
    start_run: StartRun, child_environment: dict[str, str], tmp_path: Path, named_in: str
) -> None:
    (tmp_path / "run.toml").write_text('camera = "none.mp4"\n')
    configuration = ("--config", "run.toml") if named_in == "configuration" else ()
    environment = {**child_environment, **({"FER_EDGE_CAMERA": "none.mp4"} if named_in == "environment" else {})}
    arguments = ("demo", *configuration, "--frames", "2", "--jsonl", "-")
    process = start_run(*arguments, stdout=subprocess.PIPE, env=environment)
    output, errors = process.communicate(timeout=180)
    assert process.returncode == 0, errors
    assert len(read_jsonl(output)) == 2


@pytest.mark.parametrize("arguments", [("demo", "--camera", "demo"), ("--camera", "demo", "rtsp://me:geheim@host/a")])
def test_two_sources_are_refused(run_command: Any, arguments: tuple[str, ...]) -> None:
    done = run_command(*arguments)
    assert done.returncode == 2
    assert "two sources, " in done.stderr
    assert "geheim" not in done.stderr


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
