from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.pi.agreement import check_other_engine, check_same_engine
from benchmarks.pi.models import EVERY, Model, Outputs
from fer_edge.precision import Precision

SCORES = np.array([[0.6, 0.4], [0.1, 0.9]], np.float32)
LAST_BIT = np.nextafter(SCORES, np.float32(1))
STEP = np.float32(1 / 256)


def model(precision: Precision) -> Model:
    return Model(Path(f"{precision.value}.tflite"), f"{precision.value}.tflite", precision.value, precision)


SUMS = np.array([[9, -9], [-50, 50]], np.int8)


def outcomes(precision: Precision, there: Outputs | None) -> list[bool]:
    found = {} if there is None else {precision.value: there}
    here = {precision.value: Outputs(SCORES, SUMS if precision in (Precision.INT8, Precision.INT16X8) else None)}
    return [check.passed for check in check_same_engine([model(precision)], found, here)]


@pytest.mark.parametrize(
    ("precision", "there", "expected"),
    [
        (Precision.INT8, Outputs(SCORES, SUMS), [True, True, True, True]),
        (Precision.INT8, Outputs(SCORES + STEP, SUMS), [True, True, True, True]),
        (Precision.INT8, Outputs(SCORES + 2 * STEP, SUMS), [True, False, True, True]),
        (Precision.INT8, Outputs(SCORES, SUMS + np.int8(1)), [False, True, True, True]),
        (Precision.INT16X8, Outputs(SCORES, SUMS + np.int8(1)), [False, True, True, True]),
        (Precision.INT8, Outputs(SCORES[:, ::-1], SUMS), [True, False, True, False]),
        (Precision.INT8, None, [False, False, True, False]),
        (Precision.FP32, Outputs(LAST_BIT), [True, True, True, True]),
        (Precision.FP32, Outputs(SCORES + np.float32(0.01)), [True, True, False, True]),
        (Precision.DYNAMIC, Outputs(SCORES + np.float32(0.01)), [True, True, True, True]),
        (Precision.DYNAMIC, Outputs(SCORES[:, ::-1]), [True, True, False, False]),
        (Precision.FP32, None, [True, True, False, False]),
    ],
)
def test_integers_are_compared_bit_by_bit_and_floats_with_a_tolerance(
    precision: Precision, there: Outputs | None, expected: list[bool]
) -> None:
    assert outcomes(precision, there) == expected


def test_model_without_a_softmax_is_compared_by_its_scores() -> None:
    here = {"int8": Outputs(SCORES)}
    assert check_same_engine([model(Precision.INT8)], {"int8": Outputs(SCORES)}, here)[0].passed
    assert not check_same_engine([model(Precision.INT8)], {"int8": Outputs(LAST_BIT)}, here)[0].passed


def test_softmax_inputs_are_compared_on_the_same_faces() -> None:
    sums = np.arange(63, dtype=np.int8).reshape(9, 7)
    here = {"int16x8": Outputs(np.zeros((9, 7), np.float32), sums)}
    there = {"int16x8": Outputs(np.zeros((3, 7), np.float32), sums[::EVERY])}
    assert check_same_engine([model(Precision.INT16X8)], there, here)[0].passed
    other = {"int16x8": Outputs(np.zeros((3, 7), np.float32), sums[:3])}
    assert not check_same_engine([model(Precision.INT16X8)], other, here)[0].passed


def test_file_may_run_on_fewer_faces_in_the_userland() -> None:
    here = np.random.default_rng(0).random((9, 7), np.float32)
    there = {"fp32": Outputs(here[::EVERY])}
    *_, best_class = check_same_engine([model(Precision.FP32)], there, {"fp32": Outputs(here)})
    assert (best_class.passed, best_class.detail) == (True, "1 of 1 on 3 faces")


def test_other_engine_may_refuse_files() -> None:
    models = [model(Precision.INT8), model(Precision.DYNAMIC)]
    here = {"int8": Outputs(SCORES), "dynamic": Outputs(SCORES)}
    check = check_other_engine(models, {"int8": Outputs(LAST_BIT)}, here)
    assert (check.passed, check.detail) == (
        True,
        "1 of 1 on 2 faces; 0 near ties decided differently; refused: dynamic.tflite",
    )
    assert not check_other_engine(models, {"int8": Outputs(SCORES[:, ::-1])}, here).passed
    assert not check_other_engine(models, {}, here).passed


def test_other_engine_may_decide_ties_differently() -> None:
    here = {"int8": Outputs(np.array([[0.52, 0.48], [0.1, 0.9]], np.float32))}
    there = {"int8": Outputs(np.array([[0.49, 0.51], [0.1, 0.9]], np.float32))}
    check = check_other_engine([model(Precision.INT8)], there, here)
    assert (check.passed, check.detail) == (True, "1 of 1 on 2 faces; 1 near ties decided differently")
    assert not check_same_engine([model(Precision.INT8)], there, here)[3].passed
