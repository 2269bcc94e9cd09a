from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.metrics import expected_calibration_error
from fer_edge.training.architectures import ARCHITECTURES
from fer_edge.training.data import Dataset, Split
from fer_edge.training.temperature import fit_temperature, fold_temperature, hold_back


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


@pytest.fixture(scope="module")
def drawn() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Logits, and labels drawn from the very distributions they stand for."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 7))
    labels = np.array([rng.choice(7, p=row.astype(np.float64) / row.sum(dtype=np.float64)) for row in softmax(logits)])
    return logits, labels


@pytest.mark.parametrize("temperature", [0.2, 0.7, 1.0, 1.6, 3.0])
def test_the_temperature_is_found(
    drawn: tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]], temperature: float
) -> None:
    logits, labels = drawn
    scores = softmax(logits * temperature)
    found = fit_temperature(scores, labels)
    assert found == pytest.approx(temperature, rel=0.03)
    assert expected_calibration_error(softmax(np.log(scores + 1e-30) / found), labels) < 0.015


def test_scores_that_are_certain_and_right_do_not_break_it() -> None:
    labels = np.arange(70) % 7
    assert 0 < fit_temperature(np.eye(7, dtype=np.float32)[labels], labels) < 1


def test_folding_divides_the_logits_and_keeps_the_labels(tiny_architecture: str, faces: Dataset) -> None:
    keras.utils.set_random_seed(0)
    model = ARCHITECTURES[tiny_architecture](None)
    before = model.predict_on_batch(faces.train.inputs()[:32]).astype(np.float64)
    fold_temperature(model, 2.0)
    after = model.predict_on_batch(faces.train.inputs()[:32])
    assert after == pytest.approx(softmax(np.log(np.maximum(before, 1e-300)) / 2), abs=1e-5)
    assert np.abs(after - before).max() > 1e-3


def test_held_back_images_are_apart_of_each_expression_and_repeatable(faces: Dataset) -> None:
    rest, held = hold_back(faces.train, 0.2)
    assert not set(rest.names) & set(held.names)
    assert {*rest.names, *held.names} == {*faces.train.names}
    assert held.class_counts() == pytest.approx(faces.train.class_counts() * 0.2, abs=1)
    assert held.names == hold_back(faces.train, 0.2)[1].names


def test_an_image_with_a_duplicate_is_never_held_back(faces: Dataset) -> None:
    train = faces.train
    twice = np.concatenate([np.arange(len(train)), np.flatnonzero(train.labels < 4)])
    names = tuple(f"{i}" for i in range(len(twice)))
    held = hold_back(Split(train.images[twice], train.labels[twice], names), 0.5)[1]
    assert set(held.labels) == {4, 5, 6}


def test_nothing_held_back_leaves_the_split_as_it_is(faces: Dataset) -> None:
    rest, held = hold_back(faces.train, 0.0)
    assert rest is faces.train
    assert len(held) == 0
