"""Synthetic faces: reproducible, all different, and different enough by expression to be learned."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.checking import check_splits
from fer_edge.dataset.data import FACE_SIZE, Dataset, Split, SplitName
from fer_edge.dataset.synthetic import draw_face, synthetic_dataset
from fer_edge.labels import EXPRESSIONS, NUM_EXPRESSIONS

TRAIN, VALIDATION = 40, 15


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return synthetic_dataset(train_per_class=TRAIN, validation_per_class=VALIDATION)


@pytest.mark.parametrize(("name", "per_class"), [(SplitName.TRAIN, TRAIN), (SplitName.VALIDATION, VALIDATION)])
def test_every_expression_has_given_number_of_images(dataset: Dataset, name: SplitName, per_class: int) -> None:
    split = dataset.splits[name]
    assert split.images.shape == (NUM_EXPRESSIONS * per_class, FACE_SIZE, FACE_SIZE)
    assert split.images.dtype == np.uint8
    assert split.labels.dtype == np.int64
    assert split.class_counts().tolist() == [per_class] * NUM_EXPRESSIONS


def test_default_is_200_and_50_of_each() -> None:
    parameters = synthetic_dataset.__kwdefaults__
    assert parameters == {"seed": 0, "train_per_class": 200, "validation_per_class": 50}


def test_names_hold_split_expression_and_number(dataset: Dataset) -> None:
    happy = EXPRESSIONS.index("happy")
    assert dataset.train.names[happy * TRAIN + 12] == "synthetic/train/happy/00012"
    assert dataset.validation.names[0] == "synthetic/validation/angry/00000"
    names = dataset.train.names + dataset.validation.names
    assert len(set(names)) == len(names)


def test_labels_agree_with_names(dataset: Dataset) -> None:
    assert [EXPRESSIONS[label] for label in dataset.train.labels] == [n.split("/")[2] for n in dataset.train.names]


def test_no_image_is_constant_or_occurs_twice(dataset: Dataset) -> None:
    assert not any(check_splits(dataset).findings.values())


def test_splits_share_no_random_stream(dataset: Dataset) -> None:
    train = {image.tobytes() for image in dataset.train.images}
    assert train.isdisjoint(image.tobytes() for image in dataset.validation.images)


def test_same_seed_gives_identical_faces(dataset: Dataset) -> None:
    again = synthetic_dataset(train_per_class=TRAIN, validation_per_class=VALIDATION)
    assert again.sha256() == dataset.sha256()
    assert again.train.names == dataset.train.names


def test_other_seed_gives_other_faces(dataset: Dataset) -> None:
    other = synthetic_dataset(seed=1, train_per_class=2, validation_per_class=1)
    known = {image.tobytes() for image in dataset.train.images}
    assert known.isdisjoint(image.tobytes() for image in other.train.images)


def test_image_does_not_depend_on_number_of_images(dataset: Dataset) -> None:
    few = synthetic_dataset(train_per_class=3, validation_per_class=2)
    for small, large in zip(few.splits.values(), dataset.splits.values(), strict=True):
        known = dict(zip(large.names, large.images, strict=True))
        assert all(np.array_equal(image, known[name]) for name, image in zip(small.names, small.images, strict=True))


def test_number_of_images_may_be_zero() -> None:
    empty = synthetic_dataset(train_per_class=0, validation_per_class=1)
    assert len(empty.train) == 0
    assert len(empty.validation) == NUM_EXPRESSIONS


def test_expressions_differ_on_average(dataset: Dataset) -> None:
    train, validation = _detail(dataset.train), _detail(dataset.validation)
    means = np.stack([train[dataset.train.labels == label].mean(axis=0) for label in range(NUM_EXPRESSIONS)])
    nearest = (validation @ means.T - (means**2).sum(axis=1) / 2.0).argmax(axis=1)
    assert (nearest == dataset.validation.labels).mean() > 2.5 / NUM_EXPRESSIONS


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_each_expression_changes_a_face(expression: str) -> None:
    face = draw_face(expression, np.random.default_rng(7))
    others = [draw_face(other, np.random.default_rng(7)) for other in EXPRESSIONS if other != expression]
    assert all(np.abs(face.astype(int) - other).mean() > 0.3 for other in others)


@pytest.mark.parametrize("size", [24, 48, 96])
def test_face_has_given_size(size: int) -> None:
    face = draw_face("happy", np.random.default_rng(0), size)
    assert face.shape == (size, size)
    assert face.dtype == np.uint8
    assert face.std() > 5.0


def test_large_face_matches_small_one() -> None:
    small = draw_face("surprise", np.random.default_rng(3), 48).astype(float)
    large = draw_face("surprise", np.random.default_rng(3), 96).astype(float)
    halved = large.reshape(48, 2, 48, 2).mean(axis=(1, 3))
    assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.9


def test_unknown_expression_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"expected one of angry, .*got 'contempt'"):
        draw_face("contempt", np.random.default_rng(0))


def _detail(split: Split) -> npt.NDArray[np.float64]:
    """Return the middle of each face without shading, brightness and contrast, float64 (N, pixels)."""
    faces = split.images.astype(np.float64)
    detail = np.stack([cv2.GaussianBlur(face, (0, 0), 1.0) - cv2.GaussianBlur(face, (0, 0), 4.0) for face in faces])
    pixels: npt.NDArray[np.float64] = detail[:, 10:46, 6:42].reshape(len(split), -1)
    pixels /= pixels.std(axis=1, keepdims=True)
    return pixels
