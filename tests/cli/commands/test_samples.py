from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--expression", "Disgust"], "samples-Disgust.png"),
        ([], "samples-all.png"),
        (["--split", "validation", "--output", "sub/sheet.png"], "sub/sheet.png"),
    ],
)
def test_samples_writes_sheet(
    command_line: Callable[..., Any],
    faces_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line("samples", "--data", faces_folder, *arguments).require_success()
    assert ended.stdout == f"written: {name}\n"
    assert cv2.imread(str(tmp_path / name)) is not None


def test_samples_show_chosen_classes_in_their_size_and_order(
    command_line: Callable[..., Any], faces_folder: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "sheet.png"
    chosen = ("--classes", "sad,Happy", "--input", "64x64x3", "--output", sheet)
    shown = command_line("samples", "--data", faces_folder, *chosen).require_success().stderr
    assert shown.index("sad") < shown.index("happy")
    assert "disgust" not in shown
    picture = cv2.imread(str(sheet))
    assert picture is not None
    height, width = picture.shape[:2]
    assert width > 2 * height, "two rows of seven"


def test_a_missing_split_is_named(
    command_line: Callable[..., Any], faces_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line("samples", "--data", faces_folder, "--split", "test")
    assert ended.exit_code == 2
    assert "has no test split; it has train, validation" in ended.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["z", "z.txt", "z.mp4"])
def test_a_picture_of_another_ending_is_refused_before_the_data_is_read(
    command_line: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    ended = command_line("samples", "--data", tmp_path / "none.zip", "--output", tmp_path / name)
    assert ended.exit_code == 2
    assert "expected a name that ends in .png or .svg or .pdf" in ended.stderr
