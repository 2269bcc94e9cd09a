from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from click.testing import CliRunner

from benchmarks.figures.votes_pictures import (
    command,
    count_labels_against_people,
    plot_labels_against_people,
)
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS

NEUTRAL, SAD = EXPRESSIONS.index("neutral"), EXPRESSIONS.index("sad")


def read(path: Path) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def test_images_are_counted_by_label_and_majority_over_all_splits(faces: Dataset) -> None:
    splits = {}
    for name, split in faces.splits.items():
        counts = np.zeros((len(split), len(CHOICES)), np.uint16)
        counts[split.labels == SAD, NEUTRAL] = 10
        counts[split.labels == NEUTRAL, CHOICES.index("no face")] = 10
        splits[name] = replace(split, votes=Votes(counts))
    found = count_labels_against_people(replace(faces, splits=splits))
    assert found[SAD, NEUTRAL] == found.sum() == 56


def test_images_without_votes_are_rejected(faces_zip: Path, tmp_path: Path, faces: Dataset) -> None:
    with pytest.raises(InputError, match="expected a copy of FER2013"):
        count_labels_against_people(faces)
    done = CliRunner().invoke(command, ["--data", str(faces_zip), "--folder", str(tmp_path)])
    assert isinstance(done.exception, InputError)
    assert not list(tmp_path.iterdir())


def test_labels_against_people_allow_missing_classes(tmp_path: Path) -> None:
    counts = np.zeros((7, 7), np.int64)
    counts[5, 4:6] = 1719, 1542
    plot_labels_against_people(counts, tmp_path / "labels.png", data="faces")
    assert read(tmp_path / "labels.png").std() > 10
