from __future__ import annotations

import shutil
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.data import ImageFault, SplitName
from fer_edge.dataset.loading import load_dataset
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from tests.fakes.labelled_faces import noise, sizes, write_image, zip_folder

WriteFace = Callable[[Path, int], None]


@pytest.fixture
def tested(tree: Path) -> Path:
    """Return a folder with `train` and `test`, and no `validation`."""
    return (tree / "validation").rename(tree / "test").parent


@pytest.mark.parametrize("folder", ["sad", "Happy", "train", "Test", "deeper/sad"])
def test_class_or_split_folder_within_class_folder_is_an_error(tree: Path, write_face: WriteFace, folder: str) -> None:
    write_face(tree / "train" / "happy" / folder / "b.png", 50)
    with pytest.raises(DataError, match=f"train/happy/{folder} is named like a class or split but lies in .*; move or"):
        load_dataset(str(tree))


def broken_link(path: Path) -> None:
    path.symlink_to("nowhere")


def empty_folder(path: Path) -> None:
    path.mkdir()


def file(path: Path) -> None:
    path.write_text("validation.zip")


def loose_pictures(path: Path) -> None:
    path.mkdir()
    shutil.copy(path.parent / "train" / "happy" / "a.png", path)


def empty_classes(path: Path) -> None:
    for name in EXPRESSIONS:
        (path / name).mkdir(parents=True)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (broken_link, "is a broken link"),
        (empty_folder, "holds no pictures in class folders"),
        (file, "is a file"),
        (loose_pictures, "holds no pictures in class folders"),
        (empty_classes, "holds no pictures in class folders"),
    ],
)
@pytest.mark.parametrize("name", ["validation", "Val"])
def test_broken_validation_is_never_replaced_by_test(
    tested: Path, name: str, make: Callable[[Path], None], reason: str
) -> None:
    make(tested / name)
    with pytest.raises(DataError, match=f"{name} {reason}; expected {name}/<expression>/ with pictures"):
        load_dataset(str(tested))


def test_validation_without_usable_picture_is_never_replaced_by_test(tested: Path) -> None:
    shutil.copytree(tested / "test", tested / "validation")
    for path in (tested / "validation").rglob("*.png"):
        path.write_text("no picture")
    with pytest.raises(DataError, match=r"none of the 7 images of the validation split can be used: .*; and 4 more"):
        load_dataset(str(tested))


def test_empty_validation_in_zip_is_never_replaced_by_test(tested: Path) -> None:
    path = zip_folder(tested)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("validation/", b"")
    with pytest.raises(DataError, match="validation holds no pictures in class folders"):
        load_dataset(str(path))


def test_class_that_is_a_broken_link_is_an_error(tree: Path) -> None:
    shutil.rmtree(tree / "validation" / "fear")
    (tree / "validation" / "fear").symlink_to("nowhere")
    with pytest.raises(DataError, match="of fear in the validation split: validation/fear is a broken link"):
        load_dataset(str(tree))


def test_no_usable_picture_is_an_error(tree: Path) -> None:
    for path in tree.rglob("*.png"):
        path.write_bytes(b"")
    with pytest.raises(
        DataError, match=r"none of its 14 images can be used: train/angry/a.png is empty; .* and 11 more"
    ):
        load_dataset(str(tree))


@pytest.mark.parametrize("zipped", [False, True])
def test_two_data_sets_are_an_error_with_both_names(
    tree: Path, tmp_path: Path, write_face: WriteFace, zipped: bool
) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / "a")
    shutil.copytree(tree, root / "b")
    write_face(root / "b" / "train" / "happy" / "a.png", 50)
    with pytest.raises(DataError, match="holds two data sets, in a and in b, which are no copies of each other; give"):
        load_dataset(str(zip_folder(root) if zipped else root))


def test_incomplete_copy_is_left_out_with_count(tree: Path) -> None:
    shutil.copytree(tree / "train", tree / "backup" / "train")
    (tree / "backup" / "train" / "sad" / "a.png").unlink()
    assert load_dataset(str(tree)).notes == ("left out backup (6 files): a second copy beside .",)


@pytest.mark.parametrize("stray", ["zz[/b]/train/happy/x.png", "train/happy/x.png"])
def test_stray_picture_beside_data_set_is_named(tmp_path: Path, tree: Path, write_face: WriteFace, stray: str) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / "images")
    write_face(root / stray, 50)
    dataset = load_dataset(str(root))
    assert len(dataset.train) == 7
    assert dataset.notes == (f"left out 1 file outside the class folders: {stray}",)


def test_splits_in_different_folders_are_an_error(tree: Path) -> None:
    for name in ("train", "validation"):
        (tree / f"my {name}").mkdir()
        (tree / name).rename(tree / f"my {name}" / name)
    with pytest.raises(
        DataError, match=r"has its split folders in my train and in my validation; expected .* side by side"
    ):
        load_dataset(str(tree))


def test_class_folders_without_split_are_named(tree: Path) -> None:
    with pytest.raises(DataError, match=r"angry lies in neither: move the class folders into train/ and validation/"):
        load_dataset(str(tree / "train"))


def test_zip_in_zip_is_named(tree: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        archive.write(zip_folder(tree), "archive.zip")
    with pytest.raises(DataError, match=r"it holds archive\.zip: unpack it, and give what is in it"):
        load_dataset(str(tmp_path / "outer.zip"))


def test_empty_test_folder_is_ignored(tree: Path) -> None:
    (tree / "test").mkdir()
    assert len(load_dataset(str(tree)).validation) == 7


def test_missing_validation_names_left_out_files(tree: Path) -> None:
    (tree / "validation").rename(tree / "dev")
    message = r"no validation split \(found: train\).*; left out 7 files outside the class folders: dev/angry/a\.png"
    with pytest.raises(DataError, match=message):
        load_dataset(str(tree))


def test_class_folders_match_by_name_in_any_case_and_order(tree: Path) -> None:
    (tree / "train").rename(tree / "Train")
    for name in EXPRESSIONS:
        (tree / "Train" / name).rename(tree / "Train" / name.swapcase())
    (tree / "Train" / "ANGRY").rename(tree / "Train" / "Angry")
    (tree / "validation").rename(tree / "val")
    dataset = load_dataset(str(tree))
    for label, image in zip(dataset.train.labels, dataset.train.images, strict=True):
        assert np.array_equal(image, noise(int(label)))


def test_copy_within_kaggle_zip_is_left_out_with_note(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / "images")
    shutil.copytree(tree, root / "images" / "images")
    dataset = load_dataset(str(zip_folder(root)))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes == ("left out images/images (14 files): a second copy beside images",)


def test_system_files_and_files_outside_classes_are_left_out_with_note(tree: Path) -> None:
    for path in (".DS_Store", "__MACOSX/train/happy/._a.png", "train/sad/Thumbs.db", "train/sad/desktop.ini"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text("no face")
    (tree / "train" / "readme.txt").write_text("no face")
    write_image(tree / "train" / "b.png", noise(50))
    dataset = load_dataset(str(tree))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes == (
        "left out 2 files outside the class folders: train/b.png, train/readme.txt",
        "left out 4 files hidden or of an operating system: .DS_Store, __MACOSX, train/sad/Thumbs.db, and 1 more",
    )
    dataset.require_clean()


def test_test_split_replaces_missing_validation_with_note(tree: Path) -> None:
    (tree / "validation").rename(tree / "test")
    dataset = load_dataset(str(tree))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes == ("no validation split: the test split stands in for it",)


def test_validation_and_test_stay_separate(tree: Path) -> None:
    shutil.copytree(tree / "validation", tree / "test")
    write_image(tree / "test" / "sad" / "b.png", noise(99))
    dataset = load_dataset(str(tree))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 8}
    assert dataset.findings[SplitName.TEST] == Counter({ImageFault.DUPLICATE_ACROSS: 7})


@pytest.mark.parametrize(
    ("folder", "message"),
    [("hapy", r"train/hapy.*did you mean happy\?"), ("Contempt", r"train/Contempt.*the classes are angry, disgust")],
)
def test_unknown_class_is_named_with_nearest(tree: Path, folder: str, message: str) -> None:
    write_image(tree / "train" / folder / "a.png", noise(50))
    with pytest.raises(DataError, match=message):
        load_dataset(str(tree))


@pytest.mark.parametrize("content", [{}, {"a/b/c/readme.txt": b"x"}, {"happy/a.png": b"x"}])
def test_other_zip_is_an_error_with_expected_layout(tmp_path: Path, content: dict[str, bytes]) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(DataError, match="has no train/<expression>/ and validation/<expression>/ folders"):
        load_dataset(str(path))
