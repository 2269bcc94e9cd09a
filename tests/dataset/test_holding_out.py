from __future__ import annotations

import numpy as np
import pytest

from fer_edge.dataset.data import Dataset, Split, SplitName
from fer_edge.dataset.holding_out import hold_out_validation
from fer_edge.errors import DataError
from tests.fakes.labelled_faces import noise


def undivided(labels: list[int], seeds: list[int]) -> Dataset:
    """Return a data set with all images in its training split, an image of noise by each seed."""
    images = np.stack([noise(seed) for seed in seeds])
    names = tuple(f"{i}.png" for i in range(len(labels)))
    return Dataset("here", {SplitName.TRAIN: Split(images, np.array(labels), names, classes=("a", "b"))})


def test_a_fifth_of_each_class_is_held_out() -> None:
    divided = hold_out_validation(undivided([0] * 10 + [1] * 20, [*range(30)]))
    assert divided.train.class_counts().tolist() == [8, 16]
    assert divided.validation.class_counts().tolist() == [2, 4]


def test_copies_stay_together() -> None:
    divided = hold_out_validation(undivided([0] * 4 + [1] * 4, [1, 1, 2, 2, 3, 3, 4, 4]))
    train, validation = ({image.tobytes() for image in split.images} for split in divided.splits.values())
    assert not train & validation


def test_class_of_one_picture_cannot_be_divided() -> None:
    with pytest.raises(DataError, match="here: expected two or more different pictures of b, got one"):
        hold_out_validation(undivided([0, 0, 1, 1], [1, 2, 3, 3]))
