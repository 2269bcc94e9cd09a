from __future__ import annotations

import csv
import os
import shutil
import sys
import tracemalloc
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset import listing, loading
from fer_edge.dataset.data import Dataset, ImageFault, SplitName
from fer_edge.dataset.loading import KAGGLE_HANDLE, load_dataset
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.errors import DataError, MissingExtraError
from fer_edge.labels import EXPRESSIONS

Pixels = npt.NDArray[np.uint8]


def noise(seed: int, shape: tuple[int, ...] = (48, 48)) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_image(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def zip_folder(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder))
    return path


def sizes(dataset: Dataset) -> dict[str, int]:
    return {name.value: len(split) for name, split in dataset.splits.items()}


def test_nothing_named_is_one_error_that_says_every_way() -> None:
    with pytest.raises(DataError) as raised:
        load_dataset(None)
    for way in ("FILE.zip", "--data FOLDER", "fer2013.csv", "synthetic", "FER_EDGE_DATA", "kagglehub", KAGGLE_HANDLE):
        assert way in str(raised.value)


def test_missing_folder_named_with_a_tilde_is_a_data_error() -> None:
    with pytest.raises(DataError, match="~no such user/faces: no such file or folder"):
        load_dataset("~no such user/faces")


def test_a_download_needs_consent() -> None:
    asked = []

    def refuse(what: str) -> bool:
        asked.append(what)
        return False

    with pytest.raises(DataError, match="no labelled faces were named"):
        load_dataset(None, allow_download=refuse)
    assert asked == [KAGGLE_HANDLE]


def test_a_download_without_kagglehub_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'fer-edge\[train\]'"):
        load_dataset(None, allow_download=lambda _: True)


def test_the_environment_names_the_data(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_what_is_no_data_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "text.zip").write_text("no zip")
    (tmp_path / "text.bin").write_text("nothing")
    with pytest.raises(DataError, match=name):
        load_dataset(str(tmp_path / name.split(":")[0]))


@pytest.mark.parametrize("prefix", ["", "images", "face-expression/images"])
@pytest.mark.parametrize("zipped", [False, True])
def test_folder_and_zip_at_any_depth(tree: Path, tmp_path: Path, prefix: str, zipped: bool) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / prefix)
    dataset = load_dataset(str(zip_folder(root) if zipped else root))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.train.labels.tolist() == [*range(7)]
    assert np.array_equal(dataset.train.images, [noise(label) for label in range(7)])
    assert np.array_equal(dataset.validation.images, [noise(10 + label) for label in range(7)])
    assert dataset.notes == ()


def test_a_zip_and_its_folder_give_the_same(faces: Dataset, faces_folder: Path, faces_zip: Path) -> None:
    unpacked, packed = load_dataset(str(faces_folder)), load_dataset(str(faces_zip))
    assert unpacked.sha256() == packed.sha256() == faces.sha256()
    assert unpacked.train.names == packed.train.names
    assert packed.train.names[0] == "images/train/angry/0000.png"


def test_class_folders_are_matched_by_name_not_by_case_or_order(tree: Path) -> None:
    (tree / "train").rename(tree / "Train")
    for name in EXPRESSIONS:
        (tree / "Train" / name).rename(tree / "Train" / name.swapcase())
    (tree / "Train" / "ANGRY").rename(tree / "Train" / "Angry")
    (tree / "validation").rename(tree / "val")
    dataset = load_dataset(str(tree))
    for label, image in zip(dataset.train.labels, dataset.train.images, strict=True):
        assert np.array_equal(image, noise(int(label)))


def test_the_copy_within_kaggles_zip_is_left_out_with_a_note(tree: Path, tmp_path: Path) -> None:
    root = tmp_path / "outer"
    shutil.copytree(tree, root / "images")
    shutil.copytree(tree, root / "images" / "images")
    dataset = load_dataset(str(zip_folder(root)))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes == ("left out images/images (14 files): a second copy beside images",)


def test_files_of_operating_systems_and_outside_of_classes_are_left_out_with_a_note(tree: Path) -> None:
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


def test_the_test_split_stands_in_for_validation_and_says_so(tree: Path) -> None:
    (tree / "validation").rename(tree / "test")
    dataset = load_dataset(str(tree))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes == ("no validation split: the test split stands in for it",)


def test_validation_and_test_stay_apart(tree: Path) -> None:
    shutil.copytree(tree / "validation", tree / "test")
    write_image(tree / "test" / "sad" / "b.png", noise(99))
    dataset = load_dataset(str(tree))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 8}
    assert dataset.findings[SplitName.TEST] == Counter({ImageFault.DUPLICATE_ACROSS: 7})


@pytest.mark.parametrize(
    ("folder", "message"),
    [("hapy", r"train/hapy.*did you mean happy\?"), ("Contempt", r"train/Contempt.*the classes are angry, disgust")],
)
def test_an_unknown_class_is_named_with_the_nearest(tree: Path, folder: str, message: str) -> None:
    write_image(tree / "train" / folder / "a.png", noise(50))
    with pytest.raises(DataError, match=message):
        load_dataset(str(tree))


def test_an_empty_class_is_named(tree: Path) -> None:
    (tree / "validation" / "fear" / "a.png").unlink()
    with pytest.raises(DataError, match="no usable image of fear in the validation split"):
        load_dataset(str(tree))


def test_a_class_with_broken_images_only_is_empty(tree: Path) -> None:
    (tree / "train" / "fear" / "a.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"no usable image of fear in the train split: train/fear/a\.png is empty"):
        load_dataset(str(tree))


def test_a_missing_split_is_named(tree: Path) -> None:
    shutil.rmtree(tree / "validation")
    with pytest.raises(DataError, match=r"no validation split \(found: train\)"):
        load_dataset(str(tree))


@pytest.mark.parametrize("content", [{}, {"a/b/c/readme.txt": b"x"}, {"happy/a.png": b"x"}])
def test_a_zip_of_something_else_is_told_what_was_expected(tmp_path: Path, content: dict[str, bytes]) -> None:
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(DataError, match="has no train/<expression>/ and validation/<expression>/ folders"):
        load_dataset(str(path))


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
    with pytest.raises(DataError, match=r"--strict: .*3 not an image, e\.g\. train/happy/b\.png"):
        dataset.require_clean()


def test_colour_and_size_are_converted_as_the_runtime_converts_them(tree: Path) -> None:
    colour = np.zeros((96, 96, 3), np.uint8)
    colour[:48], colour[48:] = (0, 0, 255), (255, 0, 0)
    write_image(tree / "train" / "happy" / "b.png", colour)
    image = load_dataset(str(tree)).train.images[4]
    # BT.601 luma of red and blue.
    assert (image[0, 0], image[47, 47]) == (76, 29)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_file_is_counted(tree: Path) -> None:
    path = tree / "train" / "happy" / "b.png"
    write_image(path, noise(70))
    path.chmod(0)
    assert load_dataset(str(tree)).findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})


@pytest.mark.parametrize("name", ["../evil.png", "train/happy/../../../evil.png", "/etc/evil.png"])
def test_a_zip_that_reaches_outside_itself_is_refused(tree: Path, name: str) -> None:
    path = zip_folder(tree)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(DataError, match=f"a member outside itself: {name}"):
        load_dataset(str(path))


def test_an_encrypted_zip_is_refused(tree: Path) -> None:
    path = zip_folder(tree)
    content = bytearray(path.read_bytes())
    central = content.rindex(b"PK\x01\x02")
    content[central + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="is encrypted"):
        load_dataset(str(path))


def test_a_member_that_unpacks_to_a_hundred_megabytes_is_left_out_unread(tree: Path) -> None:
    path = zip_folder(tree)
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("train/happy/bomb.png", "w") as member,
    ):
        for _ in range(100):
            member.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    tracemalloc.start()
    dataset = load_dataset(str(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.TOO_LARGE: 1})
    assert dataset.notes == ("left out 1 image of the train split: train/happy/bomb.png has more than 4 MiB",)
    assert peak < 32 * 2**20


@pytest.mark.parametrize(("name", "limit"), [("MAX_ARCHIVE_BYTES", 1000), ("MAX_ARCHIVE_FILES", 13)])
def test_a_zip_that_unpacks_to_too_much_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(listing, name, limit)
    with pytest.raises(DataError, match="unpacks to more than"):
        load_dataset(str(zip_folder(tree)))


@pytest.mark.parametrize("length", [0, 10, 5000, -1])
def test_a_truncated_zip_is_a_data_error(tree: Path, length: int) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(DataError, match="broken zip"):
        load_dataset(str(path))


def test_a_zip_with_a_broken_directory_is_a_data_error(tree: Path) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes().replace(b"PK\x01\x02", b"XX\x01\x02"))
    with pytest.raises(DataError, match=path.name):
        load_dataset(str(path))


def test_a_zip_that_has_lost_its_beginning_is_a_data_error(tree: Path) -> None:
    path = zip_folder(tree)
    path.write_bytes(path.read_bytes()[5000:])
    with pytest.raises(DataError, match=path.name):
        load_dataset(str(path))


def test_a_member_that_does_not_inflate_is_counted(tree: Path) -> None:
    write_image(tree / "train" / "happy" / "z.png", noise(80))
    path = zip_folder(tree)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("train/happy/z.png")
    content[member.header_offset + 30 + len(member.filename)] = 0xFF  # a block type that does not exist
    path.write_bytes(content)
    dataset = load_dataset(str(path))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.UNREADABLE: 1})
    assert dataset.examples[ImageFault.UNREADABLE] == ["train/happy/z.png"]


HEADER = ["emotion", "pixels", "Usage"]


def row(emotion: int | str, seed: int, usage: str) -> list[str]:
    return [str(emotion), " ".join(map(str, noise(seed).ravel())), usage]


def write_csv(path: Path, rows: list[list[str]], header: list[str] | None = None) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEADER if header is None else header, *rows])
    return path


def csv_rows() -> list[list[str]]:
    usages = ("Training", "PublicTest", "PrivateTest")
    return [row(emotion, 100 * i + emotion, usage) for i, usage in enumerate(usages) for emotion in range(7)]


def test_fer2013s_own_numbers_become_this_projects_order(tmp_path: Path) -> None:
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", csv_rows())))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 7}
    # FER2013: 0 angry, 1 disgust, 2 fear, 3 happy, 4 sad, 5 surprise, 6 neutral.
    names = [EXPRESSIONS[label] for label in dataset.train.labels]
    assert names == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
    assert np.array_equal(dataset.train.images[4], noise(4))
    assert np.array_equal(dataset.split("test").images[6], noise(206))


@pytest.mark.parametrize("header", [["emotion", " pixels", " Usage"], ["\ufeffemotion", "pixels", "usage"]])
def test_spaces_and_case_in_the_header_do_not_matter(tmp_path: Path, header: list[str]) -> None:
    rows = [[emotion, pixels, f" {usage}"] for emotion, pixels, usage in csv_rows()]
    dataset = load_dataset(str(write_csv(tmp_path / "icml.csv", rows, header)))
    assert sizes(dataset) == {"train": 7, "validation": 7, "test": 7}


def test_a_csv_without_validation_lets_test_stand_in(tmp_path: Path) -> None:
    rows = [one for one in csv_rows() if one[2] != "PublicTest"]
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))
    assert sizes(dataset) == {"train": 7, "validation": 7}
    assert dataset.notes


@pytest.mark.parametrize("pixels", ["", "1 2 3", "x " * 2304, "256 " * 2304, "-1 " * 2304, "9" * 30 + " 0" * 2303])
def test_a_row_without_an_image_is_counted(tmp_path: Path, pixels: str) -> None:
    rows = [*csv_rows(), ["3", pixels.strip(), "Training"]]
    dataset = load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))
    assert dataset.findings[SplitName.TRAIN] == Counter({ImageFault.NOT_AN_IMAGE: 1})
    assert dataset.examples[ImageFault.NOT_AN_IMAGE] == ["line 23"]
    assert "left out 1 image of the train split: line 23 has" in dataset.notes[0]


@pytest.mark.parametrize(
    ("header", "extra", "message"),
    [
        ([], [], r"expected the columns emotion, pixels, Usage"),
        (["pixels", "emotion"], [], r"expected the columns emotion, pixels, Usage"),
        (HEADER, ["7", "0", "Training"], r"line 23: expected an emotion from 0 to 6, got '7'"),
        (HEADER, ["happy", "0", "Training"], r"line 23: expected an emotion"),
        (
            HEADER,
            ["3", "0", "Holdout"],
            r"line 23: expected Training, PublicTest or PrivateTest as Usage, got 'Holdout'",
        ),
        (HEADER, ["3", "0"], r"line 23: expected 3 columns"),
    ],
)
def test_a_csv_of_something_else_is_an_error_with_its_line(
    tmp_path: Path, header: list[str], extra: list[str], message: str
) -> None:
    rows = [*csv_rows(), extra] if extra else []
    with pytest.raises(DataError, match=message):
        load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows, header)))


def test_an_overlong_field_is_a_data_error(tmp_path: Path) -> None:
    rows = [*csv_rows(), ["3", "0 " * 100_000, "Training"]]
    with pytest.raises(DataError, match="fer2013"):
        load_dataset(str(write_csv(tmp_path / "fer2013.csv", rows)))


def test_the_real_faces_are_read_whole(real_data: Dataset) -> None:
    assert sizes(real_data) == {"train": 28_709, "validation": 3_589}
    assert real_data.train.class_counts().tolist() == [3995, 436, 4097, 7215, 4965, 4830, 3171]
    assert real_data.validation.class_counts().tolist() == [467, 56, 496, 895, 607, 653, 415]


def test_the_real_faces_faults_are_those_known(real_data: Dataset) -> None:
    train = real_data.findings[SplitName.TRAIN]
    assert set(train) == {ImageFault.CONSTANT, ImageFault.DUPLICATE_WITHIN}
    assert 0 < train[ImageFault.CONSTANT] < 20
    assert 1_000 < train[ImageFault.DUPLICATE_WITHIN] < 2_000
    assert real_data.findings[SplitName.VALIDATION][ImageFault.DUPLICATE_ACROSS] > 0
    assert 110 < real_data.train.images.mean() < 145


def test_a_picture_that_claims_to_be_enormous_is_not_decoded(tree: Path) -> None:
    write_image(tree / "train" / "happy" / "bomb.png", np.zeros((11_000, 11_000), np.uint8))
    dataset = load_dataset(str(tree))
    assert dataset.findings[SplitName.TRAIN][ImageFault.TOO_LARGE] == 1
