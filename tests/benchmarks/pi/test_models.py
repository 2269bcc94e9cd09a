from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.pi.models import EVERY, Model, check_other_family, check_same_family, find_models, scores_here
from fer_edge.precision import Precision
from fer_edge.runtime.classifier import SHIPPED_MODEL

SCORES = np.array([[0.6, 0.4], [0.1, 0.9]], np.float32)
LAST_BIT = np.nextafter(SCORES, np.float32(1))


def model(precision: Precision) -> Model:
    return Model(Path(f"{precision.value}.tflite"), f"{precision.value}.tflite", precision.value, precision)


def outcomes(precision: Precision, there: npt.NDArray[np.float32] | None) -> list[bool]:
    found = {} if there is None else {precision.value: there}
    return [check.passed for check in check_same_family([model(precision)], found, {precision.value: SCORES})]


@pytest.mark.parametrize(
    ("precision", "there", "expected"),
    [
        (Precision.INT8, SCORES, [True, True, True]),
        (Precision.INT8, LAST_BIT, [False, True, True]),
        (Precision.INT16X8, LAST_BIT, [False, True, True]),
        (Precision.INT8, None, [False, True, False]),
        (Precision.FP32, LAST_BIT, [True, True, True]),
        (Precision.FP32, SCORES + np.float32(0.01), [True, False, True]),
        (Precision.DYNAMIC, SCORES + np.float32(0.01), [True, True, True]),
        (Precision.DYNAMIC, SCORES[:, ::-1], [True, False, False]),
        (Precision.FP32, None, [True, False, False]),
    ],
)
def test_integers_are_compared_bit_by_bit_and_floats_are_not(
    precision: Precision, there: npt.NDArray[np.float32] | None, expected: list[bool]
) -> None:
    assert outcomes(precision, there) == expected


def test_a_file_may_have_seen_fewer_faces_there() -> None:
    here = np.random.default_rng(0).random((9, 7), np.float32)
    (exact, *_) = check_same_family([model(Precision.INT8)], {"int8": here[::EVERY]}, {"int8": here})
    assert (exact.passed, exact.detail) == (True, "1 of 1 on 3 faces")


def test_another_family_need_not_load_every_file() -> None:
    models = [model(Precision.INT8), model(Precision.DYNAMIC)]
    here = {"int8": SCORES, "dynamic": SCORES}
    check = check_other_family(models, {"int8": LAST_BIT}, here)
    assert (check.passed, check.detail) == (True, "1 of 1 on 2 faces; refused: dynamic.tflite")
    assert not check_other_family(models, {"int8": SCORES[:, ::-1]}, here).passed
    assert not check_other_family(models, {}, here).passed


def test_each_file_is_measured_once_and_told_apart() -> None:
    models = find_models()
    assert models[0].path == SHIPPED_MODEL
    assert models[0].precision is Precision.INT8
    assert len({each.sha256 for each in models}) == len({each.name for each in models}) == len(models)


def test_the_same_program_scores_here_as_there(tmp_path: Path) -> None:
    shipped = find_models()[:1]
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    scores = scores_here(shipped, faces, tmp_path)[shipped[0].sha256]
    assert scores.shape == (2, 7)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=0.02)
