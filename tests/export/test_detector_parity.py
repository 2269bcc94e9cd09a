from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from export.detector_parity import compare_faces


def row(left: float, confidence: float = 0.9) -> np.ndarray:
    """Return a face 10 pixels wide at `left`, its landmarks in its centre."""
    return np.array([left, 0, 10, 10, *[left + 5, 5] * 5, confidence], np.float32)


def rows(*faces: np.ndarray) -> np.ndarray:
    return np.stack(faces) if faces else np.empty((0, 15), np.float32)


def test_equal_faces_deviate_by_nothing() -> None:
    found = [rows(row(0), row(50)), rows(), rows(row(20))]
    parity = compare_faces(found, found)
    assert (parity.frames, parity.faces, parity.found, parity.extra) == (3, 3, 1, 0)
    assert parity.iou == pytest.approx(1)
    assert (parity.landmark_distance, parity.confidence_difference) == (0, 0)
    assert parity.faults() == []
    assert parity.as_dict()["passed"]


def test_shifted_missed_and_extra_faces_are_counted() -> None:
    parity = compare_faces([rows(row(51, 0.8)), rows(row(0))], [rows(row(0), row(50)), rows()])
    assert (parity.faces, parity.found, parity.extra) == (2, 0.5, 1)
    assert parity.iou == pytest.approx(9 / 11)
    assert parity.landmark_distance == pytest.approx(0.1)
    assert parity.confidence_difference == pytest.approx(0.1)
    assert len(parity.faults()) == 3


def test_no_face_at_all_is_no_division_by_zero() -> None:
    assert compare_faces([rows()], [rows()]).iou == 0


def test_false_alarms_may_exceed_the_float_networks_by_one_in_a_hundred() -> None:
    parity = replace(compare_faces([rows(row(0))], [rows(row(0))]), faceless_frames=1000, float_false_alarms=5)
    assert replace(parity, false_alarms=15).faults() == []
    assert replace(parity, false_alarms=16).faults() == ["16 false alarms, more than 15"]
