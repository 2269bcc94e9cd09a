from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from export.parity import Parity, Tolerance, compare, predicts_one_class, tolerance_for, violations
from fer_edge.precision import EXPORTABLE, Precision
from fer_edge.scores import FloatArray


def sure_of(*classes: int) -> FloatArray:
    scores = np.full((len(classes), 7), 0.01, np.float32)
    scores[np.arange(len(classes)), classes] = 0.94
    return scores


def test_model_agrees_with_itself() -> None:
    scores = sure_of(0, 1, 3, 3)
    parity, evaluation = compare(scores, scores, np.array([0, 1, 3, 4]))
    assert (parity.samples, parity.agreement, parity.kl_divergence, parity.accuracy_drop) == (4, 1, 0, 0)
    assert parity.worst_recall_drop == 0
    assert evaluation.accuracy == 0.75
    assert violations(parity, tolerance_for(Precision.FP32)) == []


def test_parity_by_hand() -> None:
    labels = np.array([0, 0, 1, 3, 3])
    parity, evaluation = compare(sure_of(0, 1, 1, 3, 5), sure_of(0, 0, 2, 3, 3), labels)
    # One of two recognitions of angry is lost, one of happy, and one of disgust won.
    assert evaluation.accuracy == pytest.approx(3 / 5)
    assert parity == Parity(
        samples=5,
        agreement=pytest.approx(2 / 5),  # type: ignore[arg-type]
        kl_divergence=pytest.approx(3 / 5 * 0.93 * np.log(94), rel=1e-4),  # type: ignore[arg-type]
        accuracy_drop=pytest.approx(1 / 5),  # type: ignore[arg-type]
        worst_recall_drop=0.5,
        worst_recall_class="angry",
        worst_support=2,
    )


def test_an_expression_without_images_has_no_recall_to_lose() -> None:
    parity, _ = compare(sure_of(6, 6), sure_of(6, 6), np.array([6, 6]))
    assert (parity.worst_recall_class, parity.worst_support) == ("surprise", 2)


GOOD = Parity(
    samples=3589,
    agreement=0.985,
    kl_divergence=0.005,
    accuracy_drop=0.001,
    worst_recall_drop=0.01,
    worst_recall_class="disgust",
    worst_support=56,
)
TOLERANCE = Tolerance(agreement=0.97, kl_divergence=0.02, accuracy_drop=0.005, recall_drop=0.05)


@pytest.mark.parametrize(
    ("change", "messages"),
    [
        ({}, []),
        ({"agreement": 0.97, "kl_divergence": 0.02, "accuracy_drop": 0.005, "worst_recall_drop": 0.05}, []),
        ({"accuracy_drop": -0.1, "worst_recall_drop": -0.1}, []),
        ({"agreement": 0.9689}, ["agreement 96.89%, below 97.0%"]),
        ({"agreement": 18 / 20, "samples": 20}, []),
        ({"agreement": 17 / 20, "samples": 20}, ["agreement 85.00%, below 90.0%"]),
        ({"kl_divergence": 0.0213}, ["KL divergence 0.0213 nats, above 0.02"]),
        ({"accuracy_drop": 0.0061}, ["accuracy down by 0.61 points, more than 0.50"]),
        ({"worst_recall_drop": 0.06}, ["recall of disgust down by 6.0 points, more than 5.0"]),
        # Two images are always allowed.
        ({"worst_recall_drop": 0.06, "worst_support": 33}, []),
        ({"accuracy_drop": 0.0061, "samples": 100}, []),
        ({"agreement": 0.1, "kl_divergence": 1.0}, ["agreement 10.00%, below 97.0%", "KL divergence 1.0000"]),
    ],
)
def test_violations(change: dict[str, float], messages: list[str]) -> None:
    found = violations(replace(GOOD, **change), TOLERANCE)  # type: ignore[arg-type]
    assert len(found) == len(messages)
    assert all(text.startswith(message) for text, message in zip(found, messages, strict=True))


@pytest.mark.parametrize("precision", EXPORTABLE)
def test_tolerance_of_every_precision(precision: Precision) -> None:
    tolerance = tolerance_for(precision)
    assert tolerance.agreement >= 0.97
    assert tolerance.accuracy_drop <= 0.005


@pytest.mark.parametrize(
    ("scores", "expected"), [(sure_of(3), "happy"), (sure_of(4, 4, 4), "neutral"), (sure_of(4, 4, 3), None)]
)
def test_model_that_predicts_one_class_is_detected(scores: FloatArray, expected: str | None) -> None:
    assert predicts_one_class(scores) == expected
