from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from fer_edge.analysis.summary.thumbnails import (
    THUMBNAIL_PX,
    THUMBNAILS,
    MomentKeeper,
    thumbnail_folder,
    thumbnail_path,
)
from tests.fakes.analyses import FakeFile, rows_of

LEVELS = {"happy": 60, "sad": 200}


def test_faces_before_and_after_are_written(tmp_path: Path) -> None:
    keeper = MomentKeeper(tmp_path / "faces")
    for row in rows_of(FakeFile("v.mp4", [[(0, 4, "happy"), (4, 9, "sad")]])):
        keeper.add(np.full((90, 120, 3), LEVELS[row.label], np.uint8), [row])
    keeper.write()
    files = sorted((tmp_path / "faces").iterdir())
    levels = []
    for file in files:
        pixels = cv2.imread(str(file))
        assert pixels is not None
        assert pixels.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
        levels.append(round(float(pixels.mean())))
        assert file.stat().st_size < 10_000
    assert levels == list(LEVELS.values())


def test_video_without_a_change_writes_nothing(tmp_path: Path) -> None:
    keeper = MomentKeeper(tmp_path / "faces")
    for row in rows_of(FakeFile("v.mp4", [[(0, 9, "happy")]])):
        keeper.add(np.zeros((90, 120, 3), np.uint8), [row])
    keeper.write()
    assert not (tmp_path / "faces").exists()


def test_name_does_not_depend_on_the_numbers_of_a_chunk() -> None:
    row = next(rows_of(FakeFile("v.mp4", [[(0, 4, "happy")]])))
    in_chunk = replace(row, file="", frame=-1, track=7)
    assert thumbnail_path(Path("faces"), in_chunk) == thumbnail_path(Path("faces"), row)
    assert thumbnail_path(Path("faces"), replace(row, x=row.x + 40)) != thumbnail_path(Path("faces"), row)


def test_folder_lies_beside_the_parts() -> None:
    assert thumbnail_folder(Path("out/parts/abc/000001.csv.gz")) == Path("out") / THUMBNAILS / "abc"
