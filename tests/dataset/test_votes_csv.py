from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.class_choice import ALL_CLASSES, ClassChoice
from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.dataset.votes_csv import join_votes, read_votes_csv
from fer_edge.errors import DataError, InputError
from fer_edge.labels import EXPRESSIONS

HEADER = "image,angry,disgust,fear,happy,neutral,sad,surprise"


@pytest.fixture
def dataset() -> Dataset:
    def split(*names: str) -> Split:
        return Split(np.zeros((len(names), 48, 48), np.uint8), np.zeros(len(names), np.int64), names)

    return Dataset(
        "faces",
        {SplitName.TRAIN: split("train/happy/a.jpg", "train/sad/b.jpg"), SplitName.VALIDATION: split("v/b.jpg")},
    )


def write(folder: Path, *lines: str) -> Path:
    path = folder / "votes.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def counts_of(dataset: Dataset, path: Path) -> Votes:
    """Return the votes on the training images by a table."""
    votes = join_votes(dataset, read_votes_csv(path))[0].train.votes
    assert votes is not None
    return votes


def test_votes_are_joined_by_end_of_path(tmp_path: Path, dataset: Dataset) -> None:
    path = write(tmp_path, HEADER, "a.jpg,0,0,0,7,3,0,0", "sad/b.jpg,0,0,0,0,,0,0", "c.jpg,1,1,1,1,1,1,1")
    joined, summary = join_votes(dataset, read_votes_csv(path))
    assert joined.train.votes is not None
    assert joined.validation.votes is not None
    assert joined.train.votes.counts[0, EXPRESSIONS.index("happy")] == 7
    assert joined.train.votes.voters.tolist() == [10, 0]
    assert joined.validation.votes.voters.tolist() == [0]
    assert "votes on 2 images; 1 of them without a vote (sad/b.jpg); 1 names without an image (c.jpg)" in summary


def test_ferplus_words_and_other_choices_are_read(tmp_path: Path, dataset: Dataset) -> None:
    header = "Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    votes = counts_of(dataset, write(tmp_path, header, "a.jpg,4,0,0,1,3,2,0,0,0,0", "sad/b.jpg,0,0,0,0,0,0,0,0,0,10"))
    assert votes.choices == CHOICES
    assert votes.counts.tolist() == [[3, 2, 0, 0, 4, 1, 0, 0, 0, 0], [0] * 9 + [10]]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "a column image is missing"),
        (["image,angry,disgust,fear,happy,neutral,sad"], "the column surprise is missing"),
        ([HEADER, "a.jpg,0,0,0,-1,0,0,0"], "line 2: expected whole numbers of votes from 0 to 65535, got '-1'"),
        ([HEADER, "a.jpg,0,0,0,nan,0,0,0"], "got 'nan'"),
        ([HEADER, "a.jpg,0,0,0,1e3,0,0,0"], "expected whole numbers of votes from 0 to 65535, got '1e3'"),
        ([HEADER, "a.jpg,0,0,0,2.5,0,0,0"], "got '2.5'"),
        ([HEADER, "a.jpg,0,0,0,65536,0,0,0"], "got '65536'"),
        ([HEADER, "a.jpg,0,0,0,40000,40000,0,0"], "line 2: expected at most 65535 votes on an image, got 80000"),
        ([HEADER, "a.jpg,0,0,0,\u0663,0,0,0"], "line 2: expected whole numbers of votes"),
        (["image|angry|happy"], r"a column image is missing among image\|angry\|happy"),
        ([HEADER, "a.jpg,0,0,0,70%,0,0,0"], "got '70%'; give the number of people who answered so, not their share"),
        ([HEADER, " ,0,0,0,1,0,0,0"], "line 2: expected each image once, got a line without a name"),
        (
            [HEADER + ",Anger", "a.jpg,0,0,0,1,0,0,0,1"],
            "expected one column for each class, got several for angry",
        ),
        (["x" * 10_000_000], "save it as CSV in UTF-8"),
        ([",".join("x" * 10_000)], "a column image is missing"),
        ([HEADER, f"a.jpg,0,0,0,{'9' * 5000},0,0,0"], "line 2: expected whole numbers of votes"),
        ([HEADER, "a.jpg,0,0,0"], "line 2: expected 8 columns, got 4"),
        ([HEADER, "a.jpg,0,0,0,1,0,0,0", "a.jpg,0,0,0,1,0,0,0"], "line 3: expected each image once"),
    ],
)
def test_invalid_table_is_rejected(tmp_path: Path, dataset: Dataset, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        counts_of(dataset, write(tmp_path, *lines))


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe\x00",
        b"image\0,angry\n",
        f"{HEADER}\na.jpg,0,0,0,1,0,0,0\n".encode("utf-16"),
        f"{HEADER}\nl\u00e4cheln.jpg,0,0,0,1,0,0,0\n".encode("latin-1"),
        np.random.default_rng(0).bytes(10_000_000),
    ],
    ids=["bytes", "nul", "utf-16", "latin-1", "garbage"],
)
def test_file_that_is_no_text_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "votes.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"expected (a CSV file|the columns)"):
        read_votes_csv(path)


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_votes_csv(tmp_path / "none.csv")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = Path("/dev/zero") if kind == "device" else tmp_path / kind
    if kind == "folder":
        path.mkdir()
    if kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(InputError, match=r"expected a CSV file of .*, got a (folder|pipe, socket or device)"):
        read_votes_csv(path)


def test_too_large_file_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "votes.csv"
    with path.open("wb") as file:
        file.truncate(65 << 20)
    with pytest.raises(InputError, match="got a file of more than 64 MiB"):
        read_votes_csv(path)


@pytest.mark.parametrize(
    ("separator", "encoding", "line_end"),
    [(";", "utf-8", "\n"), ("\t", "utf-8", "\r\n"), (",", "utf-8-sig", "\r"), (";", "utf-8-sig", "\r\n")],
)
def test_files_of_spreadsheets_are_read(
    tmp_path: Path, dataset: Dataset, separator: str, encoding: str, line_end: str
) -> None:
    lines = [HEADER, "a.jpg, 0,0,0,7.0,3.,0,0", ",,,,,,,", "sad/b.jpg,0,0,0,0,0,2,0", ""]
    path = tmp_path / "votes.csv"
    path.write_bytes(line_end.join(line.replace(",", separator) for line in lines).encode(encoding))
    joined, _ = join_votes(dataset, read_votes_csv(path))
    assert joined.train.votes is not None
    assert joined.train.votes.voters.tolist() == [10, 2]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("train/sad/b.jpg", r"train\sad\b.jpg"),
        ("train/sad/b.jpg", "./train/sad/b.jpg"),
        ("train/sad/b.jpg", " b.jpg "),
        ("train/sad/u\u0308ber.jpg", "\u00fcber.jpg"),
    ],
)
def test_names_of_other_systems_are_found(tmp_path: Path, image: str, name: str) -> None:
    split = Split(np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.int64), (image,))
    table = read_votes_csv(write(tmp_path, HEADER, f"{name},0,0,0,1,0,0,0"))
    joined, _ = join_votes(Dataset("faces", {SplitName.TRAIN: split}), table)
    assert joined.train.votes is not None
    assert joined.train.votes.voters.tolist() == [1]


def test_ignored_columns_are_named(tmp_path: Path, dataset: Dataset) -> None:
    path = write(tmp_path, HEADER + ",rater,contmept", "a.jpg,0,0,0,1,0,0,0,me,4")
    _, summary = join_votes(dataset, read_votes_csv(path))
    assert summary.endswith("votes on 1 images; ignored columns: rater, contmept")


def test_two_names_of_one_image_are_rejected(tmp_path: Path, dataset: Dataset) -> None:
    path = write(tmp_path, HEADER, "a.jpg,0,0,0,1,0,0,0", "happy/a.jpg,0,0,0,2,0,0,0")
    with pytest.raises(DataError, match=r"several lines name train/happy/a\.jpg"):
        join_votes(dataset, read_votes_csv(path))


def test_table_without_pictures_is_rejected(tmp_path: Path, dataset: Dataset) -> None:
    with pytest.raises(DataError, match=r"such as train/happy/a.jpg, got none"):
        join_votes(dataset, read_votes_csv(write(tmp_path, HEADER)))


@pytest.mark.parametrize(
    ("name", "message"), [("z.jpg", "expected names of the data set's images such as"), ("b.jpg", "several images")]
)
def test_names_of_no_image_or_several_are_rejected(tmp_path: Path, dataset: Dataset, name: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        join_votes(dataset, read_votes_csv(write(tmp_path, HEADER, f"{name},0,0,0,1,0,0,0")))


def own(classes: tuple[str, ...], choice: ClassChoice = ALL_CLASSES, left_out: tuple[str, ...] = ()) -> Dataset:
    """Return one training image, a.jpg, of a data set with classes of its own."""
    split = Split(np.zeros((1, 48, 48), np.uint8), np.zeros(1, np.int64), ("a.jpg",), classes=classes)
    return Dataset("mine", {SplitName.TRAIN: split}, choice=choice, left_out_classes=left_out)


NEGATIVE = ClassChoice(merge=(("negative", ("angry", "sad")),))


@pytest.mark.parametrize(
    ("dataset", "header", "cells", "counts"),
    [
        (own(("other", "smile")), "image,Smile,other,unknown", "7,2,1", {"smile": 7, "other": 2, "unknown": 1}),
        (own(("anger", "smile")), "image,smile,anger", "7,2", {"smile": 7, "anger": 2}),
        (own(("other", "smile"), left_out=("wink",)), "image,smile,other,wink", "3,2,5", {"another class": 5}),
        (own(("happy", "neutral")), HEADER, "1,1,1,4,1,1,1", {"happy": 4, "neutral": 1, "another class": 5}),
        (own(("happy", "negative"), NEGATIVE), "image,angry,sad,happy", "3,4,3", {"negative": 7, "happy": 3}),
        (own(("happy", "negative"), NEGATIVE), "image,negative,happy", "6,4", {"negative": 6, "happy": 4}),
        (own(("happy", "no face")), "image,happy,nf", "1,9", {"happy": 1, "no face": 9}),
    ],
    ids=["own", "own-word", "left-out", "picked", "joined-by-part", "joined-as-one", "further-answer"],
)
def test_own_classes_have_a_column_each(
    tmp_path: Path, dataset: Dataset, header: str, cells: str, counts: dict[str, int]
) -> None:
    votes = counts_of(dataset, write(tmp_path, header, f"a.jpg,{cells}"))
    assert votes.classes == dataset.classes
    found = dict(zip(votes.choices, votes.counts[0].tolist(), strict=True))
    assert {name: found[name] for name in counts} == counts
    assert votes.voters.tolist() == [sum(map(int, cells.split(",")))]


@pytest.mark.parametrize(
    ("dataset", "header", "message"),
    [
        (own(("other", "smile")), "image,smile", "columns image, other, smile and perhaps .*; the column other is"),
        (own(("other", "smile")), "image,smile,other,SMILE", "one column for each class, got several for smile"),
        (own(("happy", "negative"), NEGATIVE), "image,happy,angry", "the column sad is missing"),
        (own(("happy", "negative"), NEGATIVE), "image,angry,sad", "the column happy is missing"),
    ],
)
def test_own_class_without_a_column_is_named(tmp_path: Path, dataset: Dataset, header: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        counts_of(dataset, write(tmp_path, header, "a.jpg" + ",1" * header.count(",")))
