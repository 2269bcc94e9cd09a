from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import ImageFault, SplitName
from fer_edge.dataset.loading import load_dataset
from fer_edge.errors import DataError, InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import RGB, PictureForm
from tests.fakes.labelled_faces import noise, sizes, write_image, zip_folder

WriteFace = Callable[[Path, int], None]


def fill(root: Path, classes: tuple[str, ...], count: int = 2, start: int = 0) -> None:
    """Write `count` images of noise into a folder for each class."""
    for label, name in enumerate(classes):
        for number in range(count):
            write_image(root / name / f"{number}.png", noise(start + 100 * label + number))


@pytest.mark.parametrize(("second", "zipped"), [("validation", False), ("val", True), ("test", False)])
def test_classes_are_what_the_folders_say(tmp_path: Path, second: str, zipped: bool) -> None:
    root = tmp_path / "mine"
    fill(root / "train", ("Smile", "other"), 3)
    fill(root / second, ("smile", "Other"), 1, start=50)
    dataset = load_dataset(str(zip_folder(root) if zipped else root))
    assert dataset.classes == ("other", "smile")
    assert sizes(dataset) == {"train": 6, "validation": 2}
    assert dataset.train.class_counts().tolist() == [3, 3]
    assert {name: set(folders) for name, folders in dataset.sources.items()} == {
        "smile": {"Smile", "smile"},
        "other": {"other", "Other"},
    }
    assert np.array_equal(dataset.train.images[dataset.train.labels == 1][0], noise(0))


def test_pictures_may_lie_deeper_in_a_class_folder(tmp_path: Path) -> None:
    fill(tmp_path / "train" / "smile", ("anna", "ben"))
    fill(tmp_path / "train" / "other", ("anna", "ben"), start=300)
    fill(tmp_path / "test", ("smile", "other"), start=700)
    assert sizes(load_dataset(str(tmp_path))) == {"train": 8, "validation": 4}


def test_eighth_class_is_learned(tree: Path, write_face: WriteFace) -> None:
    for number, split in enumerate(("train", "validation")):
        write_face(tree / split / "wink" / "a.png", 70 + number)
    dataset = load_dataset(str(tree))
    assert dataset.classes == (*EXPRESSIONS, "wink")
    assert dataset.validation.class_counts().tolist() == [1] * 8


def test_folder_in_one_split_only_can_be_dropped_or_named(tree: Path, write_face: WriteFace) -> None:
    write_face(tree / "train" / "contempt" / "a.png", 70)
    with pytest.raises(DataError, match=r"unknown class folder train/contempt.*validation has none of that name"):
        load_dataset(str(tree))
    assert load_dataset(str(tree), choice=ClassChoice(drop=("contempt",))).classes == EXPRESSIONS
    with pytest.raises(DataError, match="no usable image of contempt in the validation split"):
        load_dataset(str(tree), choice=ClassChoice(classes=("happy", "contempt")))


def test_misspelt_own_class_is_named_with_nearest(tmp_path: Path) -> None:
    fill(tmp_path / "train", ("smile", "other", "smiel"))
    fill(tmp_path / "validation", ("smile", "other"), start=50)
    with pytest.raises(DataError, match=r"train/smiel; the classes are other, smile; .* did you mean smile\?"):
        load_dataset(str(tmp_path))


def test_one_folder_is_divided_with_a_note_and_always_alike(tmp_path: Path) -> None:
    fill(tmp_path / "mine", ("other", "smile"), 10)
    shutil.copy(tmp_path / "mine" / "smile" / "0.png", tmp_path / "mine" / "smile" / "copy.png")
    dataset, again = (load_dataset(str(tmp_path / "mine")) for _ in range(2))
    assert dataset.sha256() == again.sha256()
    assert sizes(dataset)["validation"] in (4, 5)
    assert sum(sizes(dataset).values()) == 21
    assert ImageFault.DUPLICATE_ACROSS not in dataset.findings[SplitName.VALIDATION]
    assert "20% of each class drawn with seed 0, are the validation split" in dataset.notes[-1]


@pytest.mark.parametrize("folder", ["training", "dev"])
def test_folders_that_look_like_splits_are_no_classes(tmp_path: Path, folder: str) -> None:
    for split in (folder, "testing"):
        fill(tmp_path / split, ("smile", "other"))
    with pytest.raises(DataError, match="has no train/<expression>/ and validation/<expression>/ folders"):
        load_dataset(str(tmp_path))


@pytest.mark.parametrize("name", ["nobody", "Score"])
def test_reserved_word_is_no_class(tmp_path: Path, name: str) -> None:
    fill(tmp_path, ("smile", name))
    with pytest.raises(InputError, match=f"no class can be called {name.lower()}"):
        load_dataset(str(tmp_path))


def test_single_class_is_an_error(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        fill(tmp_path / split, ("smile",))
    with pytest.raises(DataError, match="expected 2 to 100 class folders, got 1"):
        load_dataset(str(tmp_path))


def test_too_many_classes_are_an_error(tmp_path: Path) -> None:
    for split in ("train", "validation"):
        fill(tmp_path / split, tuple(f"c{i}" for i in range(101)), 1)
    with pytest.raises(DataError, match="expected 2 to 100 class folders, got 101"):
        load_dataset(str(tmp_path))


def test_images_are_read_in_the_wanted_size_and_colour(tmp_path: Path) -> None:
    picture = noise(1, (64, 64, 3))
    for split in ("train", "validation"):
        write_image(tmp_path / split / "smile" / "a.png", picture)
        write_image(tmp_path / split / "other" / "a.png", noise(2, (30, 30)))
    dataset = load_dataset(str(tmp_path), form=PictureForm(64, 64, RGB))
    assert dataset.train.images.shape == (2, 64, 64, 3)
    assert np.array_equal(dataset.train.images[1], picture[..., ::-1])
    found = dataset.findings[SplitName.TRAIN]
    assert (found[ImageFault.GRAY_TO_COLOUR], found[ImageFault.RESIZED_TO_FORM]) == (1, 1)
