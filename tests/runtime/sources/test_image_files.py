from __future__ import annotations

import os
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.pictures.decoding import is_picture
from fer_edge.runtime.sources.image_files import ImageFiles, is_still

DAMAGED_HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)


def write_picture(path: Path, kind: str = ".png") -> None:
    path.write_bytes(cv2.imencode(kind, np.zeros((40, 60, 3), np.uint8))[1].tobytes())


def test_images_are_in_natural_order_and_unreadable_ones_are_noted(tmp_path: Path) -> None:
    for name in ("face10.png", "face2.PNG", "Face1.jpg"):
        write_picture(tmp_path / name)
    (tmp_path / "face3.jpg").write_bytes(b"no image")
    (tmp_path / "face4.jpg").touch()
    source = ImageFiles.in_folder(tmp_path)
    frames = list(source)
    assert [frame.name for frame in frames] == ["Face1.jpg", "face2.PNG", "face10.png"]
    assert [frame.number for frame in frames] == [0, 1, 4]
    (note,) = source.notes
    assert note.startswith("face3.jpg, face4.jpg skipped: ")


@pytest.mark.parametrize("name", ["a.jfif", "a.jpe", "a.avif", "a.mp4", "a.txt", "a", "a.PNG", ".a", "²", "a٣.jpg"])
@pytest.mark.parametrize("kind", [".jpg", ".png", ".jp2", ".tiff"])
def test_pictures_are_recognized_by_content_with_any_suffix(tmp_path: Path, name: str, kind: str) -> None:
    write_picture(tmp_path / name, kind)
    (frame,) = ImageFiles.in_folder(tmp_path)
    assert (frame.name, frame.image.shape) == (name, (40, 60, 3))
    assert is_still(tmp_path / name)


def test_unreadable_files_are_one_note_for_each_reason(tmp_path: Path) -> None:
    write_picture(tmp_path / "face.jpg")
    for number in range(30):
        (tmp_path / f"IMG_{number}.{'HEIC' if number % 2 else 'jpg'}").write_bytes(DAMAGED_HEIC)
        (tmp_path / f"cut_{number}.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(50))
        (tmp_path / f"notes{number}.txt").write_text("no picture")
    (tmp_path / ".DS_Store").write_bytes(bytes(10))
    (tmp_path / "more").mkdir()
    source = ImageFiles.in_folder(tmp_path)
    assert source.description == f"{tmp_path} (61 images)"
    assert [frame.name for frame in source] == ["face.jpg"]
    others, folders, damaged, heic = source.notes
    assert (
        others == f"{tmp_path}: notes0.txt, notes1.txt, notes2.txt, and 27 more skipped: not pictures by their content"
    )
    assert folders == f"{tmp_path}: more skipped: only pictures directly in the folder are read"
    assert damaged.startswith("cut_0.jpg, cut_1.jpg, cut_2.jpg, and 27 more skipped: JPEG, but it ends too early")
    assert heic.startswith("IMG_0.jpg, IMG_1.HEIC, IMG_2.jpg, and 27 more skipped: HEIC, ")


def test_share_done_counts_the_pictures(tmp_path: Path) -> None:
    for number in range(4):
        write_picture(tmp_path / f"{number}.png")
    source = ImageFiles.in_folder(tmp_path)
    assert [source.share_done(frame) for frame in source] == [0.25, 0.5, 0.75, 1]


def test_notes_are_available_before_the_last_picture(tmp_path: Path) -> None:
    (tmp_path / "1.heic").write_bytes(DAMAGED_HEIC)
    for name in ("2.png", "3.png"):
        write_picture(tmp_path / name)
    source = ImageFiles.in_folder(tmp_path)
    assert next(iter(source)).name == "2.png"
    assert len(source.notes) == 1


def test_a_single_unreadable_picture_raises_input_error(tmp_path: Path) -> None:
    path = tmp_path / "IMG_1.jpg"
    path.write_bytes(DAMAGED_HEIC)
    assert is_still(path)
    source = ImageFiles(str(path), [path])
    with pytest.raises(InputError, match=r"IMG_1\.jpg skipped: HEIC, "):
        list(source)
    assert source.notes == []


def test_a_picture_removed_meanwhile_is_noted(tmp_path: Path) -> None:
    for name in ("1.png", "2.png"):
        write_picture(tmp_path / name)
    source = ImageFiles.in_folder(tmp_path)
    (tmp_path / "2.png").unlink()
    assert len(list(source)) == 1
    assert source.notes == ["2.png skipped: No such file or directory"]


def test_an_animated_gif_is_a_video_alone_and_a_picture_in_a_folder(tmp_path: Path) -> None:
    picture = b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"
    gif = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff"
    path = tmp_path / "moving.gif"
    path.write_bytes(gif + picture + picture + b";")
    assert not is_still(path)
    if not cv2.haveImageReader(str(path)):
        pytest.skip("this OpenCV reads no GIF")
    source = ImageFiles.in_folder(tmp_path)
    assert len(list(source)) == 1
    assert source.notes == ["moving.gif animated: only the first picture was read"]
    path.write_bytes(gif + picture + b";")
    assert is_still(path)


def test_gray_images_become_three_channels(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "gray.png"), np.zeros((20, 30), np.uint8))
    (frame,) = ImageFiles.in_folder(tmp_path)
    assert frame.image.shape == (20, 30, 3)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="names of any bytes are Linux's")
def test_files_with_any_name_are_read_and_their_names_are_printable(tmp_path: Path) -> None:
    picture = cv2.imencode(".png", np.zeros((20, 30, 3), np.uint8))[1].tobytes()
    names = (b"1\xc2\xb22.png", b"a\nb.png", b"c%d?*:.png", b"\x1b[31m.png", b"\377\351.png")
    for name in (*names, b"\376broken.png"):
        Path(os.fsdecode(bytes(tmp_path) + b"/" + name)).write_bytes(b"" if b"broken" in name else picture)
    source = ImageFiles.in_folder(tmp_path)
    shown = {frame.name for frame in source}
    assert shown == {"1²2.png", r"a\nb.png", "c%d?*:.png", r"\x1b[31m.png", r"\xff\xe9.png"}
    assert len(source.notes) == 1


def test_a_folder_without_images_raises_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found nothing"):
        ImageFiles.in_folder(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "film.mp4").touch()
    with pytest.raises(InputError, match=r"found only film\.mp4, sub; name the folder they are in"):
        ImageFiles.in_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names are Unix's")
def test_dangling_links_are_noted_and_pipes_are_not_read(tmp_path: Path) -> None:
    write_picture(tmp_path / "1.png")
    (tmp_path / "2.jpg").symlink_to("gone.jpg")
    (tmp_path / "3").symlink_to("gone")
    os.mkfifo(tmp_path / "4.jpg")
    source = ImageFiles.in_folder(tmp_path)
    assert [frame.name for frame in source] == ["1.png"]
    assert source.notes == [
        f"{tmp_path}: 3 skipped: not pictures by their content",
        "2.jpg skipped: No such file or directory",
    ]
    assert not is_picture(tmp_path / "4.jpg")
