from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from fer_edge.models import PORTRAIT_FILE
from fer_edge.pictures.decoding import decode_picture
from fer_edge.preprocess import resize
from tests.conftest import Ended

Command = Callable[..., Ended]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture and a video of 2 s, 10 frames a second."""
    folder = tmp_path / "archive"
    folder.mkdir()
    shutil.copy(PORTRAIT_FILE, folder / "portrait.jpg")
    portrait = resize(decode_picture(PORTRAIT_FILE.read_bytes()), (240, 240))
    writer = cv2.VideoWriter(str(folder / "video.mp4"), cv2.VideoWriter.fourcc(*"mp4v"), 10, (240, 240))
    for _ in range(20):
        writer.write(portrait)
    writer.release()
    return folder


@pytest.fixture
def analyze(command_line: Command, model_file: Path, tmp_path: Path) -> Command:
    """Return a function that runs `fer-edge analyze` with results in `tmp_path / "out"`."""

    def run(*arguments: object) -> Ended:
        return command_line("analyze", *arguments, "--model", model_file, "--output", tmp_path / "out")

    return run


def rows(tmp_path: Path) -> list[dict[str, str]]:
    with (tmp_path / "out" / "faces.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_folder_gives_tables_and_a_summary(analyze: Command, folder: Path, tmp_path: Path) -> None:
    ended = analyze(folder).require_success()
    assert ended.stdout.startswith("files: 2 done; rows of faces: 21; tracks: 1\nwritten: ")
    assert [row["frame"] for row in rows(tmp_path) if row["track"] == "1"] == list(map(str, range(20)))
    manifest = json.loads((tmp_path / "out" / "analysis.json").read_text())
    assert [file["state"] for file in manifest["files"]] == ["done", "done"]


@pytest.mark.parametrize("sampling", [("--every", "0.5s"), ("--every", "500ms"), ("--fps", "2")])
def test_video_is_sampled(analyze: Command, folder: Path, tmp_path: Path, sampling: tuple[str, str]) -> None:
    analyze(folder / "video.mp4", *sampling).require_success()
    assert [row["seconds"] for row in rows(tmp_path)] == ["0.0", "0.5", "1.0", "1.5"]


def test_unreadable_file_is_reported_and_the_others_are_analyzed(
    analyze: Command, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.mp4").write_bytes(b"no video")
    ended = analyze(folder)
    assert ended.exit_code == 1
    assert f"note: {folder / 'a.mp4'}: failed: expected a video" in ended.stderr
    assert ended.stderr.splitlines()[-1].endswith("1 of 3 files could not be read whole; the notes say why")
    assert len(rows(tmp_path)) == 21


def test_video_with_boxes_is_written(analyze: Command, folder: Path, tmp_path: Path) -> None:
    ended = analyze(folder, "--video").require_success()
    assert "note: annotated videos: " in ended.stderr
    (video,) = (tmp_path / "out" / "videos").iterdir()
    assert f"note: annotated videos: {'H.264' if video.suffix == '.mp4' else 'VP8'}" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--every", "1s", "--fps", "2"], "--every and --fps both set the interval"),
        (["--every", "soon"], "expected a time above 0 such as 0.2s, got 'soon'"),
        (["--every", "0s"], "expected a time above 0"),
        (["--workers", "2", "--scheduler", "tcp://a:1"], "leave one of them out"),
    ],
)
def test_contradictions_are_refused(analyze: Command, folder: Path, arguments: list[str], message: str) -> None:
    ended = analyze(folder, *arguments)
    assert ended.exit_code == 2
    assert message in ended.stderr


def test_other_options_in_the_same_folder_are_refused(analyze: Command, folder: Path) -> None:
    analyze(folder / "portrait.jpg").require_success()
    ended = analyze(folder / "portrait.jpg", "--detector-width", "640")
    assert ended.exit_code == 2
    assert "--output: " in ended.stderr
    assert "another detector width" in ended.stderr
    analyze(folder / "portrait.jpg", "--detector-width", "640", "--overwrite").require_success()


def test_output_that_is_a_file_is_refused(command_line: Command, folder: Path) -> None:
    ended = command_line("analyze", folder, "--output", folder / "video.mp4")
    assert ended.exit_code == 2
