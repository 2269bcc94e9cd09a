from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from fer_edge.models import PORTRAIT_FILE

if TYPE_CHECKING:
    from tests.conftest import Ended

Run = Callable[..., "Ended"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with a portrait, a picture without a face, one that cannot be read, and a portrait in a folder below."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(PORTRAIT_FILE, folder / "b10.jpg")
    shutil.copy(PORTRAIT_FILE, folder / "sub" / "b2.jpg")
    cv2.imwrite(str(folder / "b9.png"), np.full((200, 300, 3), 128, np.uint8))
    (folder / "torn.jpg").write_bytes(PORTRAIT_FILE.read_bytes()[:2000])
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_every_picture_of_a_folder_has_a_line(command_line: Run, photos: Path) -> None:
    done = command_line("predict", photos)
    lines = done.stdout.splitlines()
    assert [Path(line.split(": ")[0]).name for line in lines] == ["b9.png", "b10.jpg", "torn.jpg"]
    assert lines[0].endswith(": no face")
    assert "happy 100%" in lines[1]
    assert "ends too early" in lines[2]
    assert done.exit_code == 1
    assert done.stderr.splitlines()[-1].endswith("1 of 3 pictures could not be read")


def test_json_has_an_object_for_each_picture(command_line: Run, photos: Path) -> None:
    done = command_line("predict", photos, "--recursive", "--json")
    found = {Path(row["file"]).name: row for row in map(json.loads, done.stdout.splitlines())}
    assert set(found) == {"b9.png", "b10.jpg", "torn.jpg", "b2.jpg"}
    assert found["b9.png"]["faces"] == []
    assert (found["b9.png"]["width"], found["b9.png"]["height"]) == (300, 200)
    assert found["b2.jpg"]["faces"][0]["scores"]["happy"] > 0.9
    assert "ends too early" in found["torn.jpg"]["error"]


def test_csv_has_a_row_for_each_face_and_faceless_picture(command_line: Run, photos: Path) -> None:
    done = command_line("predict", photos / "b9.png", str(photos / "**" / "b[12]*.jpg"), "--csv").require_success()
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(Path(row["file"]).name, row["face"], row["label"]) for row in rows] == [
        ("b9.png", "", ""),
        ("b10.jpg", "1", "happy"),
        ("b2.jpg", "1", "happy"),
    ]
    assert float(rows[1]["happy"]) > 0.9


def test_copies_and_crops_are_written(command_line: Run, photos: Path, tmp_path: Path) -> None:
    command_line("predict", photos, "--recursive", "--save", tmp_path / "seen", "--crops", tmp_path / "crops")
    written = {path.relative_to(tmp_path / "seen").as_posix() for path in (tmp_path / "seen").rglob("*.*")}
    assert written == {"b9.png", "b10.jpg", "sub/b2.jpg"}
    original, copy = (cv2.imread(str(path)) for path in (PORTRAIT_FILE, tmp_path / "seen" / "b10.jpg"))
    assert original is not None
    assert copy is not None
    assert copy.shape == original.shape
    assert np.abs(copy.astype(int) - original).max() > 100
    crops = sorted((tmp_path / "crops").rglob("*.png"))
    assert [path.name for path in crops] == ["b10_1_happy.png", "b2_1_happy.png"]
    crop = cv2.imread(str(crops[0]))
    assert crop is not None
    assert crop.shape[0] == pytest.approx(crop.shape[1], abs=1)


def test_too_large_picture_names_the_option(command_line: Run, tmp_path: Path) -> None:
    (tmp_path / "huge.ppm").write_bytes(b"P6 60000 60000 255\n")
    ended = command_line("predict", tmp_path / "huge.ppm")
    assert (ended.exit_code, "fer-edge --max-megapixels 3600" in " ".join(ended.stdout.split())) == (1, True)


def test_a_face_at_the_edge_has_a_whole_crop(command_line: Run, tmp_path: Path) -> None:
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    cv2.imwrite(str(tmp_path / "edge.png"), portrait[75:300, 165:400])
    command_line("predict", tmp_path / "edge.png", "--crops", tmp_path / "crops").require_success()
    (path,) = (tmp_path / "crops").iterdir()
    crop = cv2.imread(str(path))
    assert crop is not None
    assert crop.shape[0] == pytest.approx(crop.shape[1], abs=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("missing.jpg",), "missing.jpg: expected a picture, a folder or a pattern"),
        (("photos/*.bmp",), "fits none"),
        (("photos/empty",), "in this folder, found none"),
        (("photos", "--save", "photos"), "would replace"),
        (("photos/b10.jpg", "photos/other/b10.jpg", "--save", "out"), "same copy"),
        (("photos", "--json", "--csv"), "cannot both be printed"),
        ((), "missing argument"),
    ],
)
def test_mistakes_end_with_2(
    command_line: Run, photos: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    (photos / "empty").mkdir()
    (photos / "other").mkdir()
    shutil.copy(PORTRAIT_FILE, photos / "other" / "b10.jpg")
    monkeypatch.chdir(photos.parent)
    done = command_line("predict", *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not Path("out").exists()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
@pytest.mark.parametrize("name", [b"\xff\xfe\xed\xa0\x80.jpg", b"a.j\xffg"])
def test_copies_of_a_picture_whose_name_is_no_utf8_are_written(
    child_line: Callable[..., Ended], tmp_path: Path, name: bytes
) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / os.fsdecode(name))
    child_line("predict", os.fsdecode(name), "--save", "copies", "--crops", "faces").require_success()
    assert len(list((tmp_path / "copies").iterdir())) == len(list((tmp_path / "faces").iterdir())) == 1


@pytest.mark.parametrize("arguments", [("predict", "--save", "out"), ("analyze", "--output", "out")])
def test_links_in_a_circle_are_left_out(command_line: Run, photos: Path, tmp_path: Path, arguments: tuple[str]) -> None:
    (photos / "circle.jpg").symlink_to("circle.jpg")
    ended = command_line(*arguments[:-1], tmp_path / arguments[-1], photos)
    assert ended.exit_code == 1  # for torn.jpg
    assert "could not be read" in ended.stderr


def test_output_that_is_a_link_in_a_circle_is_one_line(command_line: Run, photos: Path, tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to("circle")
    for arguments in (("analyze", "--output"), ("predict", "--save")):
        ended = command_line(*arguments, tmp_path / "circle", photos / "b9.png")
        assert ended.exit_code in (1, 2)
        assert ended.stderr.splitlines()[-1].startswith("error: ")
