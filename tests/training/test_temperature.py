from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.dataset.data import Dataset, Split
from fer_edge.evaluation.metrics import expected_calibration_error
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.targets import one_hot
from fer_edge.training.temperature import (
    HIGHEST,
    LOWEST,
    Calibration,
    calibrate,
    fit_temperature,
    fold_temperature,
    hold_back,
)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def sampled() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return logits, and labels sampled from their distributions."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 7))
    labels = np.array([rng.choice(7, p=row.astype(np.float64) / row.sum(dtype=np.float64)) for row in softmax(logits)])
    return logits, labels


@pytest.mark.parametrize("temperature", [0.3, 0.7, 1.0, 1.6, 3.0])
def test_temperature_is_found(
    sampled: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]], temperature: float
) -> None:
    logits, labels = sampled
    scores = softmax(logits * temperature)
    found = fit_temperature(scores, one_hot(labels))
    assert found is not None
    assert found == pytest.approx(temperature, rel=0.03)
    assert expected_calibration_error(softmax(np.log(scores + 1e-30) / found), labels) < 0.015


def test_perfect_scores_have_no_temperature() -> None:
    labels = np.arange(700) % 7
    assert fit_temperature(one_hot(labels), one_hot(labels)) is None


@pytest.mark.parametrize("shift", [1, None])
def test_wrong_or_random_scores_have_no_temperature(shift: int | None) -> None:
    labels = np.arange(700) % 7
    sure = np.random.default_rng(0).integers(0, 7, 700) if shift is None else (labels + shift) % 7
    assert fit_temperature(softmax(3.0 * np.eye(7)[sure]), one_hot(labels)) is None


def test_folding_divides_logits_and_keeps_labels(tiny_architecture: str, faces: Dataset) -> None:
    keras.utils.set_random_seed(0)
    model = ARCHITECTURES[tiny_architecture](None)
    before = model.predict_on_batch(faces.train.inputs()[:32]).astype(np.float64)
    fold_temperature(model, 2.0)
    after = model.predict_on_batch(faces.train.inputs()[:32])
    assert after == pytest.approx(softmax(np.log(np.maximum(before, 1e-300)) / 2), abs=1e-5)
    assert np.abs(after - before).max() > 1e-3


@pytest.mark.parametrize("temperature", [LOWEST, HIGHEST])
def test_temperature_within_bounds_keeps_order_of_scores(
    tiny_architecture: str, faces: Dataset, temperature: float
) -> None:
    keras.utils.set_random_seed(0)
    model = ARCHITECTURES[tiny_architecture](None)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([50 * kernel, bias])  # very sure scores
    inputs = faces.train.inputs()
    before = model.predict_on_batch(inputs)
    fold_temperature(model, temperature)
    after = model.predict_on_batch(inputs)
    assert np.array_equal(before.argmax(axis=1), after.argmax(axis=1))
    assert np.isfinite(after).all()


def test_missing_calibration_has_reason(tiny_architecture: str, faces: Dataset) -> None:
    keras.utils.set_random_seed(0)
    model = ARCHITECTURES[tiny_architecture](None)
    before = model.get_weights()
    few = calibrate(model, faces.train.take(np.empty(0, np.int64)))
    assert (few.temperature, "fewer than 100 images" in few.reason) == (None, True)
    scores = model.predict_on_batch(faces.train.inputs())
    always_wrong = Split(faces.train.images, scores.argmin(axis=1), faces.train.names)
    outside = calibrate(model, always_wrong)
    assert outside == Calibration(None, "the 280 images held back for it determine none within 0.25..4")
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_too_few_images_are_not_held_back(faces: Dataset) -> None:
    rest, held = hold_back(faces.train, 0.3)
    assert (len(rest), len(held)) == (len(faces.train), 0)


def test_held_back_images_are_disjoint_balanced_and_repeatable(faces: Dataset) -> None:
    rest, held = hold_back(faces.train, 0.4)
    assert not set(rest.names) & set(held.names)
    assert {*rest.names, *held.names} == {*faces.train.names}
    assert held.class_counts() == pytest.approx(faces.train.class_counts() * 0.4, abs=1)
    assert held.names == hold_back(faces.train, 0.4)[1].names


def test_image_with_duplicate_is_never_held_back(faces: Dataset) -> None:
    train = faces.train
    twice = np.concatenate([np.arange(len(train)), np.flatnonzero(train.labels < 4)])
    names = tuple(f"{i}" for i in range(len(twice)))
    held = hold_back(Split(train.images[twice], train.labels[twice], names), 0.9)[1]
    assert set(held.labels) == {4, 5, 6}


def test_zero_share_holds_nothing_back(faces: Dataset) -> None:
    rest, held = hold_back(faces.train, 0.0)
    assert rest is faces.train
    assert len(held) == 0
