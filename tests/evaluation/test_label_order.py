from __future__ import annotations

import numpy as np
import pytest

from fer_edge.evaluation.label_order import find_better_order
from fer_edge.evaluation.metrics import Evaluation, evaluate_scores
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER, FERPLUS_ORDER


def evaluate(actual: tuple[str, ...], stated: tuple[str, ...], per_class: int, right: float) -> Evaluation:
    """Evaluate a model whose scores are in the order `actual`, and right so often, as one of the order `stated`."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(7), per_class)
    said = np.where(rng.random(len(labels)) < right, labels, rng.integers(0, 7, len(labels)))
    columns = [actual.index(EXPRESSIONS[each]) for each in said]
    scores = np.eye(7, dtype=np.float32)[columns]
    return evaluate_scores(scores[:, [stated.index(name) for name in EXPRESSIONS]], labels)


@pytest.mark.parametrize("per_class", [30, 500])
@pytest.mark.parametrize(
    ("actual", "stated"),
    [
        (FER2013_ORDER, EXPRESSIONS),
        (EXPRESSIONS, FER2013_ORDER),
        (FERPLUS_ORDER, EXPRESSIONS),
        (EXPRESSIONS[::-1], EXPRESSIONS),
        (("happy", "sad", "fear", "angry", "surprise", "neutral", "disgust"), FERPLUS_ORDER),
    ],
)
def test_wrong_order_is_found_with_its_accuracy(
    actual: tuple[str, ...], stated: tuple[str, ...], per_class: int
) -> None:
    better = find_better_order(evaluate(actual, stated, per_class, right=0.8).confusion, stated)
    assert better is not None
    assert better.labels == actual
    assert better.accuracy == pytest.approx(evaluate(actual, actual, per_class, right=0.8).accuracy)


@pytest.mark.parametrize("order", [EXPRESSIONS, FER2013_ORDER, EXPRESSIONS[::-1]])
@pytest.mark.parametrize("right", [0.0, 0.3, 0.8, 1.0])
@pytest.mark.parametrize("per_class", [1, 16, 300])
def test_right_order_is_left_alone(order: tuple[str, ...], right: float, per_class: int) -> None:
    assert find_better_order(evaluate(order, order, per_class, right).confusion, order) is None


def test_model_that_predicts_one_class_has_no_better_order() -> None:
    labels = np.repeat(np.arange(7), [10, 10, 10, 400, 10, 10, 10])
    scores = np.tile(np.eye(7, dtype=np.float32)[5], (len(labels), 1))
    assert find_better_order(evaluate_scores(scores, labels).confusion, EXPRESSIONS) is None


def test_two_names_that_some_people_confuse_do_not_make_another_order() -> None:
    """Neutral faces are called sad more often than neutral, and sad ones sad, as FER2013 has it."""
    confusion = np.eye(7) * 60 + 5
    confusion[4] = [5, 0, 5, 5, 30, 50, 5]
    assert find_better_order(confusion.astype(int), EXPRESSIONS) is None


def test_classes_without_faces_are_ignored() -> None:
    labels = np.repeat([0, 3], 100)
    scores = np.eye(7, dtype=np.float32)[np.where(labels == 0, 0, 3)]
    assert find_better_order(evaluate_scores(scores, labels).confusion, EXPRESSIONS) is None
    swapped = evaluate_scores(scores[:, [3, 1, 2, 0, 4, 5, 6]], labels)
    better = find_better_order(swapped.confusion, EXPRESSIONS)
    assert better is not None
    assert (better.labels[0], better.labels[3], better.accuracy) == ("happy", "angry", 1)


def test_weak_class_is_not_taken_for_one_without_faces() -> None:
    fear, happy, surprise = (EXPRESSIONS.index(name) for name in ("fear", "happy", "surprise"))
    labels = np.repeat([fear, happy], 100)
    said = np.where(np.arange(200) < 80, surprise, labels)
    scores = np.eye(7, dtype=np.float32)[said]
    assert find_better_order(evaluate_scores(scores, labels).confusion, EXPRESSIONS) is None
