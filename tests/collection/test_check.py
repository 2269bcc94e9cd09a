from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.collection.check import as_facts, check_folder
from fer_edge.collection.folders import read_class_folder
from fer_edge.errors import DataError
from fer_edge.preprocess import FER2013_CROP, Image
from fer_edge.runtime.faces.detector import FaceDetector
from tests.fakes.labelled_faces import write_image


def test_pictures_framed_as_the_network_expects_pass(
    cut: Callable[..., Image], detector: FaceDetector, tmp_path: Path
) -> None:
    for i, number in enumerate((0, 40, 80, 120)):
        write_image(tmp_path / "train" / "smile" / f"{i}.png", cut(number))
    checked = check_folder(read_class_folder(tmp_path), FER2013_CROP, detector.detect)
    assert checked.framing_ratio == pytest.approx(1, abs=0.08)
    assert checked.is_framed_alike()
    assert (checked.without_face, checked.not_square, checked.unreadable) == ((), (), ())


@pytest.mark.parametrize(("scale", "shift"), [(1.7, 0.0), (1.1, 0.15)])
def test_other_framing_is_measured_and_advised_on(
    cut: Callable[..., Image], detector: FaceDetector, tmp_path: Path, scale: float, shift: float
) -> None:
    crop = replace(FER2013_CROP, scale=scale, shift_y=shift)
    for i, number in enumerate((0, 40, 80)):
        write_image(tmp_path / "smile" / f"{i}.png", cut(number, crop))
    checked = check_folder(read_class_folder(tmp_path), FER2013_CROP, detector.detect)
    assert checked.framing_ratio == pytest.approx(scale / FER2013_CROP.scale, rel=0.12)
    assert checked.framing_shift == pytest.approx(shift - FER2013_CROP.shift_y, abs=0.05)
    assert any("framed unlike the network's crop" in sentence for sentence in checked.advice())


def test_faults_are_counted_by_kind(cut: Callable[..., Image], detector: FaceDetector, tmp_path: Path) -> None:
    face = cut(0)
    write_image(tmp_path / "train" / "smile" / "a.png", face)
    write_image(tmp_path / "train" / "other" / "b.png", np.asarray(face // 2, np.uint8))
    write_image(tmp_path / "validation" / "smile" / "c.jpg", face)
    write_image(tmp_path / "validation" / "other" / "wide.png", np.full((40, 90, 3), 90, np.uint8))
    (tmp_path / "validation" / "other" / "text.png").write_text("no picture")
    (tmp_path / "notes.txt").write_text("notes")
    checked = check_folder(read_class_folder(tmp_path), FER2013_CROP, detector.detect)
    assert checked.pictures == 4
    assert checked.copies_within == (("train/other/b.png", "train/smile/a.png"),)
    assert len(checked.copies_across) == 2
    assert ("train/other/b.png", "train/smile/a.png") in checked.copies_of_classes
    assert checked.not_square == checked.without_face == ("validation/other/wide.png",)
    assert len(checked.unreadable) == 2
    advice = " ".join(checked.advice())
    for words in ("few pictures of other (2), smile (2)", "near-copies in different splits", "in different classes"):
        assert words in advice
    facts = json.loads(json.dumps(as_facts(checked)))
    assert facts["classes"] == {"other": {"train": 1, "validation": 1}, "smile": {"train": 1, "validation": 1}}


@pytest.mark.parametrize("content", ["nothing", "no class folder", "no folder"])
def test_folder_without_pictures_is_rejected(tmp_path: Path, content: str) -> None:
    if content == "no class folder":
        write_image(tmp_path / "a.png", np.zeros((48, 48), np.uint8))
    with pytest.raises(DataError, match=r"expected (pictures in a folder|a folder with a folder)"):
        read_class_folder(tmp_path / "none" if content == "no folder" else tmp_path)


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs a file that root cannot read either")
def test_file_that_cannot_be_read_is_left_out(cut: Callable[..., Image], tmp_path: Path) -> None:
    write_image(tmp_path / "smile" / "a.png", cut(0))
    (tmp_path / "smile" / "b.png").symlink_to("/proc/self/mem")
    found = read_class_folder(tmp_path)
    assert len(found.pictures) == 1
    assert found.unreadable == ("smile/b.png cannot be read (Input/output error)",)


def test_picture_that_opencv_makes_gray_of_in_three_channels_is_read(tmp_path: Path) -> None:
    (tmp_path / "smile").mkdir()
    for name in ("a", "b"):
        picture = np.full((50, 60, 3), 0.5, np.float32)
        (tmp_path / "smile" / f"{name}.pfm").write_bytes(cv2.imencode(".pfm", picture)[1].tobytes())
    found = read_class_folder(tmp_path)
    assert [each.size_wh for each in found.pictures] == [(60, 50)] * 2
    assert all(each.read().shape == (50, 60) for each in found.pictures)
