from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from export.calibration import DEFAULT_IMAGES, CalibrationSet, choose_calibration_set
from fer_edge.dataset.data import Dataset, Split
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS


def noise(counts: list[int]) -> Split:
    labels = np.repeat(np.arange(7), counts)
    images = np.random.default_rng(0).integers(1, 255, (len(labels), 48, 48), np.uint8)
    return Split(images, labels, tuple(f"train/{i}" for i in range(len(labels))))


def test_five_hundred_images_by_default() -> None:
    chosen = choose_calibration_set(noise([100] * 7), "faces")
    assert DEFAULT_IMAGES == 500
    assert chosen.split.class_counts().tolist() == [71] * 7


@pytest.mark.parametrize(
    ("counts", "images", "expected"),
    [
        ([1] * 7, 7, [1] * 7),
        ([30] * 7, 70, [10] * 7),
        ([30] * 7, 76, [10] * 7),
        ([30, 3, 30, 300, 30, 30, 30], 70, [10, 3, 10, 10, 10, 10, 10]),
    ],
)
def test_every_expression_has_the_same_share(counts: list[int], images: int, expected: list[int]) -> None:
    chosen = choose_calibration_set(noise(counts), "faces", images=images)
    assert chosen.split.class_counts().tolist() == expected
    assert len(set(chosen.split.names)) == sum(expected)


def test_the_choice_follows_the_seed(faces: Dataset) -> None:
    one, same, other = (choose_calibration_set(faces.train, "faces", images=70, seed=seed) for seed in (0, 0, 1))
    assert one.split.names == same.split.names != other.split.names
    assert one.sha256() == same.sha256() != other.sha256()
    # Training images only: those of the split that was given.
    assert set(one.split.names) < set(faces.train.names)


def test_constant_images_are_not_chosen() -> None:
    train = noise([2] * 7)
    train.images[::2] = 0
    chosen = choose_calibration_set(train, "faces", images=14)
    assert chosen.split.names == tuple(f"train/{i}" for i in range(1, 14, 2))


def test_an_expression_without_an_image_is_an_error() -> None:
    with pytest.raises(DataError, match="faces: no usable image of disgust"):
        choose_calibration_set(noise([3, 0, 3, 3, 3, 3, 3]), "faces", images=7)


@pytest.mark.parametrize("images", [0, 6])
def test_too_few_images_are_an_error(images: int) -> None:
    with pytest.raises(DataError, match=f"at least 7 .*got {images}$"):
        choose_calibration_set(noise([3] * 7), "faces", images=images)


def test_the_manifest_names_every_image_with_its_hash() -> None:
    train = noise([2] * 7)
    chosen = choose_calibration_set(train, "faces.zip", images=7, seed=4)
    facts = json.loads(chosen.manifest())
    assert (facts["source"], facts["split"], facts["seed"]) == ("faces.zip", "train", 4)
    assert [image["expression"] for image in facts["images"]] == list(EXPRESSIONS)
    for image in facts["images"]:
        pixels = train.images[train.names.index(image["name"])]
        assert image["sha256"] == hashlib.sha256(pixels.tobytes()).hexdigest()
    assert chosen.sha256() == hashlib.sha256(chosen.manifest().encode()).hexdigest()


@pytest.mark.parametrize(("low", "high", "changed"), [(0, 255, 0), (1, 255, 2), (0, 200, 2), (9, 90, 2)])
def test_the_inputs_span_every_value_of_a_byte(low: int, high: int, changed: int) -> None:
    split = noise([1] * 7)
    split.images[:] = np.clip(split.images, 10, 80)
    split.images[3, 5, 5:7] = low, high
    before = split.images.copy()
    inputs = CalibrationSet(split, "faces", 0).inputs()
    assert (inputs.min(), inputs.max(), inputs.dtype.name) == (0, 255, "float32")
    assert (inputs[..., 0] != before).sum() == changed
    assert np.array_equal(split.images, before)
