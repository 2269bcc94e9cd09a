from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.dataset.data import Split
from fer_edge.dataset.groups import NO_GROUP, compare_split, read_groups
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import DataError, InputError
from fer_edge.labels import EXPRESSIONS

IMAGES = ("validation/happy/a.jpg", "validation/happy/b.jpg", "validation/sad/a.jpg", "validation/sad/c.jpg")


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_groups_are_joined_by_unique_ends_of_names(tmp_path: Path, separator: str) -> None:
    lines = (
        "age,Image,Group",
        "9,happy/a.jpg,young",
        "70,b.jpg, old ",
        "70,sad\\a.jpg,old",
        "1,gone.jpg,young",
        "5,c.jpg,",
    )
    path = write(tmp_path / "groups.csv", *(line.replace(",", separator) for line in lines))
    groups = read_groups(path, IMAGES)
    assert groups.names == ("old", "young")
    assert groups.of.tolist() == [1, 0, 0, NO_GROUP]
    assert (
        groups.note
        == f"{path}: groups of 3 images; 1 without a group are left out; 1 names without an image (gone.jpg)"
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "expected the columns image and group, got none"),
        (("image,age", "b.jpg,7"), "expected the columns image and group, got image, age"),
        (("image,group", "b.jpg,old", "c.jpg,old"), r"expected 2 to 100 groups to compare, got 1 \(old\)"),
        (("image,group", "a.jpg,old", "c.jpg,young"), "a.jpg matches several images"),
        (("image,group", "x.jpg,old", "y.jpg,young"), "expected names of the data set's images such as"),
        (("image,group", "b.jpg,old", "b.jpg,young"), "line 3: expected each image once, got b.jpg again"),
        (("image,group", "b.jpg,old", "happy/b.jpg,young"), "expected each image once, several lines name"),
        (("image,group", "b.jpg"), "line 2: expected 2 columns, got 1"),
        (("image,group", ",old"), "line 2: expected each image once, got a line without a name"),
    ],
)
def test_file_without_groups_is_rejected(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_groups(write(tmp_path / "groups.csv", *lines), IMAGES)


def test_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_groups(tmp_path / "groups.csv", IMAGES)


def test_people_judge_where_they_agree_else_the_label(tmp_path: Path) -> None:
    lines = (f"{name},{group}" for name, group in zip(IMAGES, "xyxy", strict=True))
    groups = read_groups(write(tmp_path / "groups.csv", "image,group", *lines), IMAGES)
    labels = np.array([3, 3, 5, 5])
    split = Split(np.zeros((4, 48, 48), np.uint8), labels, IMAGES)
    assert compare_split(labels, split, groups, EXPRESSIONS).groups["x"].accuracy.share == 1
    counts = np.zeros((4, len(CHOICES)), np.uint16)
    counts[:3, 4] = 9  # neutral; nobody has voted on the last
    judged = compare_split(labels, replace(split, votes=Votes(counts)), groups, EXPRESSIONS)
    assert (judged.truth, judged.images) == ("people's answer", 3)
    assert judged.groups["x"].accuracy.share == 0
