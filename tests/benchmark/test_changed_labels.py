from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest

from fer_edge.benchmark.changed_labels import find_changed_labels
from fer_edge.dataset.data import Dataset
from fer_edge.labels import EXPRESSIONS

SCORES = np.eye(7, dtype=np.float32)[[0, 1, 2, 3]] * np.float32(0.4) + np.float32(0.6 / 7)


def test_changed_labels_are_ordered_by_the_full_models_score(faces: Dataset) -> None:
    split = faces.validation.take(np.arange(4))
    full = SCORES.copy()
    full[2] *= np.float32(0.5)
    files = {"a": SCORES[[1, 1, 3, 3]], "b": SCORES[[0, 1, 2, 0]]}
    changed = find_changed_labels(files, full, split)
    assert [each.index for each in changed] == [0, 3, 2]
    assert [set(each.files) for each in changed] == [{"a"}, {"b"}, {"a"}]
    assert changed[0].full[0] == EXPRESSIONS[0]
    assert changed[0].full[1] == pytest.approx(0.4 + 0.6 / 7)
    assert changed[0].files["a"][0] == EXPRESSIONS[1]
    assert changed[0].label == EXPRESSIONS[split.labels[0]]
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(changed[0].png), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(np.asarray(picture), split.images[0])
    assert find_changed_labels(files, full, split, limit=1) == changed[:1]
    assert find_changed_labels({}, full, split) == ()
