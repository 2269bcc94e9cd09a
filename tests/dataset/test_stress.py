from __future__ import annotations

import numpy as np
import pytest

from fer_edge.dataset.stress import AXES, Axis, change_all
from fer_edge.dataset.synthetic import synthetic_dataset

FACES = synthetic_dataset(seed=1, train_per_class=1, validation_per_class=2).validation.images


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_each_step_changes_faces_more_than_the_one_before(axis: Axis) -> None:
    changed = [change_all(FACES, step) for step in axis.steps]
    assert {each.dtype for each in changed} == {np.dtype(np.uint8)}
    assert {each.shape for each in changed} == {FACES.shape}
    distances = [float(np.abs(each.astype(int) - FACES).mean()) for each in changed]
    assert 0 < distances[0] < distances[1] < distances[2] < distances[3]


@pytest.mark.parametrize("axis", AXES, ids=lambda axis: axis.name)
def test_changes_are_the_same_each_time(axis: Axis) -> None:
    for step in axis.steps:
        assert (change_all(FACES, step) == change_all(FACES, step)).all()


def test_steps_have_different_names() -> None:
    names = [(axis.name, step.name) for axis in AXES for step in axis.steps]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("shape", [(1, 64, 96), (2, 96, 96, 3)], ids=["wide", "colour"])
def test_faces_of_another_form_keep_it(shape: tuple[int, ...]) -> None:
    faces = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    for axis in AXES:
        changed = change_all(faces, axis.steps[0])
        assert (changed.shape, changed.dtype) == (faces.shape, np.dtype(np.uint8))
