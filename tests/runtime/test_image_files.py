from __future__ import annotations

import os
import sys
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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
def test_files_of_any_name_are_read_and_their_names_can_be_shown(tmp_path: Path) -> None:
    picture = cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
    names = (b"1\xc2\xb22.png", b"a\nb.png", b"c%d?*:.png", b"\x1b[31m.png", b"\377\351.png")
    for name in (*names, b"\376broken.png"):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(b"" if b"broken" in name else picture)
    source = ImageFiles.in_folder(tmp_path)
    shown = {frame.name for frame in source}
    assert shown == {"1²2.png", r"a\nb.png", "c%d?*:.png", r"\x1b[31m.png", r"\xff\xe9.png"}
    assert len(source.notes) == 1


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(InputError, match="found none"):
        ImageFiles.in_folder(tmp_path)
