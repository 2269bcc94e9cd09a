from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_edge.errors import DataError, InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.data import Dataset, Split, SplitName
from fer_edge.training.votes_csv import join_votes, read_votes_csv

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


def test_votes_are_joined_by_the_end_of_the_path(tmp_path: Path, dataset: Dataset) -> None:
    path = write(tmp_path, HEADER, "a.jpg,0,0,0,7,3,0,0", "sad/b.jpg,0,0,0,0,,0,0", "c.jpg,1,1,1,1,1,1,1")
    joined, summary = join_votes(dataset, read_votes_csv(path))
    assert joined.train.votes is not None
    assert joined.validation.votes is not None
    assert joined.train.votes.counts[0, EXPRESSIONS.index("happy")] == 7
    assert joined.train.votes.voters.tolist() == [10, 0]
    assert joined.validation.votes.voters.tolist() == [0]
    assert "votes on 2 images; 1 of them without a vote (sad/b.jpg); 1 names that are no image's (c.jpg)" in summary


def test_ferplus_words_and_other_choices_are_understood(tmp_path: Path) -> None:
    header = "Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    table = read_votes_csv(write(tmp_path, header, "a.png,4,0,0,1,3,2,0,0,0,0", "b.png,0,0,0,0,0,0,0,0,0,10"))
    assert table.counts["a.png"].tolist() == [3, 2, 0, 0, 4, 1, 0, 0, 0, 0]
    assert table.counts["b.png"].tolist() == [0] * 9 + [10]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "a column image is missing"),
        (["image,angry,disgust,fear,happy,neutral,sad"], "the column surprise is missing"),
        ([HEADER, "a.jpg,0,0,0,-1,0,0,0"], "line 2: expected numbers of votes from 0 to 65535, got '-1'"),
        ([HEADER, "a.jpg,0,0,0,nan,0,0,0"], "got 'nan'"),
        ([HEADER, f"a.jpg,0,0,0,{'9' * 5000},0,0,0"], "line 2: expected numbers of votes"),
        ([HEADER, "a.jpg,0,0,0"], "line 2: expected 8 columns, got 4"),
        ([HEADER, "a.jpg,0,0,0,1,0,0,0", "a.jpg,0,0,0,1,0,0,0"], "line 3: expected each image once"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_votes_csv(write(tmp_path, *lines))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"image\0,angry\n"])
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "votes.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match="--votes"):
        read_votes_csv(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_votes_csv(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("name", "message"), [("z.jpg", "expected names of the data set's images such as"), ("b.jpg", "several images")]
)
def test_names_that_fit_no_image_or_several_are_refused(
    tmp_path: Path, dataset: Dataset, name: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        join_votes(dataset, read_votes_csv(write(tmp_path, HEADER, f"{name},0,0,0,1,0,0,0")))
