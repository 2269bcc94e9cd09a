from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset import loading
from fer_edge.dataset.data import Dataset, ImageFault, SplitName
from fer_edge.dataset.loading import KAGGLE_HANDLE, load_dataset
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.errors import DataError, MissingExtraError
from tests.fakes.labelled_faces import noise, sizes, write_image, zip_folder


def test_no_data_is_an_error_that_names_every_source() -> None:
    with pytest.raises(DataError) as raised:
        load_dataset(None)
    for way in ("FILE.zip", "FOLDER", "fer2013.csv", "synthetic", "FER_EDGE_DATA", "kagglehub", KAGGLE_HANDLE):
        assert way in str(raised.value)


def test_missing_folder_with_tilde_is_a_data_error() -> None:
    with pytest.raises(DataError, match="~no such user/faces: no such file or folder"):
        load_dataset("~no such user/faces")


def test_download_needs_consent() -> None:
    asked = []

    def refuse(what: str) -> bool:
        asked.append(what)
        return False

    with pytest.raises(DataError, match="no labelled faces were named"):
        load_dataset(None, allow_download=refuse)
    assert asked == [KAGGLE_HANDLE]


def test_download_without_kagglehub_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtraError, match=r"pip install '\.\[train\]'"):
        load_dataset(None, allow_download=lambda _: True)


def test_data_is_read_from_environment_variable(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FER_EDGE_DATA", str(tree))
    assert sizes(load_dataset(None)) == {"train": 7, "validation": 7}
    with pytest.raises(DataError, match="elsewhere"):
        load_dataset("elsewhere")


def test_synthetic_faces_are_checked_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        loading,
        "synthetic_dataset",
        lambda seed: synthetic_dataset(seed=seed, train_per_class=2, validation_per_class=1),
    )
    dataset = load_dataset("synthetic", seed=5)
    assert sizes(dataset) == {"train": 14, "validation": 7}
    # By this name a run can be resumed.
    assert dataset.source == "synthetic"
    assert set(dataset.findings) == {SplitName.TRAIN, SplitName.VALIDATION}
    assert load_dataset("synthetic", seed=5).sha256() == dataset.sha256() != load_dataset("synthetic").sha256()


@pytest.mark.parametrize("name", ["missing.zip", "missing", "text.zip", "text.bin", "link: a broken link"])
def test_source_that_is_no_data_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "text.bin").write_text("nothing")
    with pytest.raises(DataError, match=name):
        load_dataset(str(tmp_path / name.split(":")[0]))


@pytest.mark.parametrize("prefix", ["", "images", "face-expression/images"])
@pytest.mark.parametrize("zipped", [False, True])
def test_folder_and_zip_are_read_at_any_depth(tree: Path, tmp_path: Path, prefix: str, zipped: bool) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / prefix)
    dataset = load_dataset(str(zip_folder(root) if zipped else root))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.train.labels.tolist() == [*range(7)]
    assert np.array_equal(dataset.train.images, [noise(label) for label in range(7)])
    assert np.array_equal(dataset.validation.images, [noise(10 + label) for label in range(7)])
    assert dataset.notes == ()


def test_zip_and_folder_give_identical_data(faces: Dataset, faces_folder: Path, faces_zip: Path) -> None:
    unpacked, packed = load_dataset(str(faces_folder)), load_dataset(str(faces_zip))
    assert unpacked.sha256() == packed.sha256() == faces.sha256()
    assert unpacked.train.names == packed.train.names
    assert packed.train.names[0] == "images/train/angry/0000.png"


def test_empty_class_is_named(tree: Path) -> None:
    (tree / "validation" / "fear" / "a.png").unlink()
    with pytest.raises(DataError, match="no usable image of fear in the validation split"):
        load_dataset(str(tree))


def test_class_of_broken_images_is_empty(tree: Path) -> None:
    (tree / "train" / "fear" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no usable image of fear in the train split: train/fear/a\.png is empty"):
        load_dataset(str(tree))


def test_missing_split_is_named(tree: Path) -> None:
    shutil.rmtree(tree / "validation")
    with pytest.raises(DataError, match=r"no validation split \(found: train\)"):
        load_dataset(str(tree))


def test_every_image_is_checked(tree: Path) -> None:
    happy = tree / "train" / "happy"
    (happy / "b.png").write_bytes(b"")
    (happy / "c.jpg").write_bytes(b"<html>not found</html>")
    (happy / "d.png").write_bytes((happy / "a.png").read_bytes()[:40])
    write_image(happy / "e.png", noise(60, (64, 40)))
    write_image(happy / "f.png", noise(61, (48, 48, 3)))
    write_image(happy / "g.png", noise(62, (24, 24, 3)))
    write_image(happy / "h.png", np.zeros((48, 48), np.uint8))
    write_image(happy / "i.png", noise(3))
    write_image(tree / "validation" / "sad" / "b.png", noise(3))
    dataset = load_dataset(str(tree))
    assert dataset.findings == {
        SplitName.TRAIN: Counter(
            {
                ImageFault.NOT_AN_IMAGE: 3,
                ImageFault.RESIZED: 2,
                ImageFault.COLOUR: 2,
                ImageFault.CONSTANT: 1,
                ImageFault.DUPLICATE_WITHIN: 1,
            }
        ),
        SplitName.VALIDATION: Counter({ImageFault.DUPLICATE_ACROSS: 1}),
    }
    assert sizes(dataset) == {"train": 12, "validation": 8}
    assert dataset.examples[ImageFault.NOT_AN_IMAGE] == [f"train/happy/{name}" for name in ("b.png", "c.jpg", "d.png")]
    with pytest.raises(DataError, match=r".*3 not an image, e\.g\. train/happy/b\.png"):
        dataset.require_clean()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_unreadable_file_is_counted(tree: Path) -> None:
    path = tree / "train" / "happy" / "b.png"
    write_image(path, noise(70))
    path.chmod(0)
    assert load_dataset(str(tree)).findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})


@pytest.mark.parametrize("length", [0, 10, 5000, -1])
def test_truncated_zip_is_a_data_error(tree: Path, length: int) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match="broken zip"):
        load_dataset(str(path))


def test_zip_with_broken_directory_is_a_data_error(tree: Path) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"XX\x01\x02"))
    with pytest.raises(DataError, match=path.name):
        load_dataset(str(path))


def test_zip_without_its_beginning_is_a_data_error(tree: Path) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes()[5000:])
    with pytest.raises(DataError, match=path.name):
        load_dataset(str(path))


@pytest.mark.slow
def test_real_faces_are_read_completely(real_data: Dataset) -> None:
    assert sizes(real_data) == {"train": 28_709, "validation": 3_589}
    assert real_data.train.class_counts().tolist() == [3995, 436, 4097, 7215, 4965, 4830, 3171]
    assert real_data.validation.class_counts().tolist() == [467, 56, 496, 895, 607, 653, 415]


def test_real_faces_have_known_faults(real_data: Dataset) -> None:
    train = real_data.findings[SplitName.TRAIN]
    assert set(train) == {ImageFault.CONSTANT, ImageFault.DUPLICATE_WITHIN}
    assert 0 < train[ImageFault.CONSTANT] < 20
    assert 1_000 < train[ImageFault.DUPLICATE_WITHIN] < 2_000
    assert real_data.findings[SplitName.VALIDATION][ImageFault.DUPLICATE_ACROSS] > 0
    assert 110 < real_data.train.images.mean() < 145
