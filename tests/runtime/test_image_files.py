from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.image_files import ImageFiles


def test_images_come_in_natural_order_and_bad_ones_are_noted(tmp_path: Path) -> None:
    for name in ("face10.png", "face2.PNG", "Face1.jpg"):
        cv2.imwrite(str(tmp_path / name), np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "face3.jpg").write_bytes(b"no image")
    (tmp_path / "face4.jpg").touch()
    (tmp_path / "notes.txt").write_text("not looked at")
    source = ImageFiles.in_folder(tmp_path)
    frames = list(source)
    assert [frame.name for frame in frames] == ["Face1.jpg", "face2.PNG", "face10.png"]
    assert [frame.number for frame in frames] == [0, 1, 4]
    assert [Path(note.split(":")[0]).name for note in source.notes] == ["face3.jpg", "face4.jpg"]


def test_gray_images_become_three_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), np.zeros((20, 30), np.uint8))
    (frame,) = ImageFiles.in_folder(tmp_path)
    assert frame.image.shape == (20, 30, 3)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="found none"):
        ImageFiles.in_folder(tmp_path)
