from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from benchmarks.pi.models import (
    Model,
    find_models,
    scores_here,
    snapshot,
)
from fer_edge.models import SHIPPED_MODEL
from fer_edge.precision import Precision


def test_files_are_measured_once_and_have_unique_names() -> None:
    models = find_models()
    (shipped,) = (model for model in models if model.path == SHIPPED_MODEL)
    assert shipped.precision is Precision.INT8
    assert len({each.sha256 for each in models}) == len({each.name for each in models}) == len(models)


def test_scores_here_come_from_the_userlands_program(tmp_path: Path) -> None:
    shipped = find_models()[:1]
    faces = np.random.default_rng(0).integers(0, 256, (2, 48, 48), np.uint8)
    outputs = scores_here(shipped, faces, tmp_path)[shipped[0].sha256]
    assert outputs.scores.shape == (2, 7)
    np.testing.assert_allclose(outputs.scores.sum(axis=1), 1, atol=0.02)
    assert outputs.sums is not None
    assert outputs.sums.dtype == np.int8
    assert (outputs.sums.argmax(axis=1) == outputs.scores.argmax(axis=1)).all()


def test_snapshot_does_not_change(tmp_path: Path) -> None:
    original = tmp_path / "one.tflite"
    original.write_bytes(b"one")
    (copy,) = snapshot([Model(original, "one.tflite", "", Precision.INT8)], tmp_path / "models")
    original.write_bytes(b"two")
    assert copy.path.read_bytes() == b"one"
    assert (copy.name, copy.sha256) == ("one.tflite", hashlib.sha256(b"one").hexdigest())
