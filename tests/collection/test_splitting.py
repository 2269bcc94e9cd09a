from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.collection.copying import copy_divided
from fer_edge.collection.folders import read_class_folder
from fer_edge.collection.splitting import GroupedBy, divide
from fer_edge.dataset.data import SplitName
from fer_edge.errors import DataError, InputError
from tests.fakes.labelled_faces import write_image

TRAIN, VALIDATION = SplitName.TRAIN, SplitName.VALIDATION
PEOPLE = [f"p{number}" for number in range(10)]


@pytest.fixture
def faces(add_noise: Callable[[str, int], Path], tmp_path: Path) -> Path:
    """Ten people's pictures of two classes, four a class, all different."""
    for i, person in enumerate(PEOPLE):
        for j, label in enumerate(("smile", "other")):
            for k in range(4):
                add_noise(f"{label}/{person}_2026{i + 1:02}01-12000{k}_01.png", 100 * i + 10 * j + k)
    return tmp_path / "faces"


@pytest.mark.parametrize("grouped_by", [GroupedBy.PERSON, GroupedBy.TIME])
def test_person_or_series_is_never_on_both_sides(faces: Path, grouped_by: GroupedBy) -> None:
    pictures = read_class_folder(faces).pictures
    division = divide(pictures, grouped_by)
    sides = {
        person: {split for each, split in zip(pictures, division.splits, strict=True) if person in each.place.stem}
        for person in PEOPLE
    }
    assert all(len(each) == 1 for each in sides.values())
    assert list(sides.values()).count({VALIDATION}) == 2
    assert division.groups == 10


def test_near_copies_join_what_would_be_apart(faces: Path) -> None:
    image = cv2.imread(str(faces / "smile" / "p0_20260101-120000_01.png"), cv2.IMREAD_GRAYSCALE)
    assert image is not None
    write_image(faces / "smile" / "p9_20261001-120009_01.png", np.asarray(image // 2 + 60, np.uint8))
    pictures = read_class_folder(faces).pictures
    for seed in range(4):
        division = divide(pictures, GroupedBy.PERSON, seed=seed)
        assert (division.groups, division.joined) == (9, 1)
        sides = {
            split
            for each, split in zip(pictures, division.splits, strict=True)
            if each.place.stem[:3] in ("p0_", "p9_")
        }
        assert len(sides) == 1


def test_people_come_from_a_table(faces: Path) -> None:
    pictures = read_class_folder(faces).pictures
    people = {str(each.place): str(i % 5) for i, each in enumerate(pictures)}
    division = divide(pictures, GroupedBy.PERSON, people=people)
    assert division.groups == 5
    validates = {
        people[str(p.place)] for p, split in zip(pictures, division.splits, strict=True) if split is VALIDATION
    }
    assert len(validates) == 1


def test_person_may_end_at_a_hyphen(add_noise: Callable[[str, int], Path], tmp_path: Path) -> None:
    for i, name in enumerate(("anna-01", "anna-02", "ben-01", "ben-02")):
        add_noise(f"smile/{name}.png", i)
    assert divide(read_class_folder(tmp_path / "faces").pictures, GroupedBy.PERSON).groups == 2


def test_times_of_files_count_where_names_have_none(add_noise: Callable[[str, int], Path], tmp_path: Path) -> None:
    for i in range(8):
        path = add_noise(f"{'ab'[i % 2]}/{i}.png", i)
        os.utime(path, (1000.0 * (i // 4), 1000.0 * (i // 4)))
    division = divide(read_class_folder(tmp_path / "faces").pictures, GroupedBy.TIME, share=0.5)
    assert division.groups == 2
    assert set(division.splits) == {TRAIN, VALIDATION}


@pytest.mark.parametrize(
    ("grouped_by", "message"),
    [(GroupedBy.PERSON, "two people or more"), (GroupedBy.TIME, "two times or more")],
)
def test_class_of_one_group_is_rejected_with_advice(
    add_noise: Callable[[str, int], Path], tmp_path: Path, grouped_by: GroupedBy, message: str
) -> None:
    for i in range(3):
        add_noise(f"smile/me_20260101-12000{i}_01.png", i)
    pictures = read_class_folder(tmp_path / "faces").pictures
    with pytest.raises(DataError, match=message):
        divide(pictures, grouped_by)


def test_name_without_a_person_is_rejected(add_noise: Callable[[str, int], Path], tmp_path: Path) -> None:
    add_noise("smile/1.png", 1)
    with pytest.raises(DataError, match="expected to know who it shows"):
        divide(read_class_folder(tmp_path / "faces").pictures, GroupedBy.PERSON)


def test_copies_keep_content_and_never_overwrite(faces: Path, tmp_path: Path) -> None:
    pictures = read_class_folder(faces).pictures
    output = tmp_path / "split"
    copy_divided(pictures, divide(pictures, GroupedBy.PERSON).splits, output)
    copied = read_class_folder(output)
    assert {(each.label, each.split) for each in copied.pictures} == {
        (label, split) for label in ("smile", "other") for split in (TRAIN, VALIDATION)
    }
    assert sorted(each.path.read_bytes() for each in copied.pictures) == sorted(p.path.read_bytes() for p in pictures)
    with pytest.raises(InputError, match="expected a new or empty folder"):
        copy_divided(pictures, [TRAIN] * len(pictures), output)
