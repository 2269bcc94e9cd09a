from __future__ import annotations

import pytest

pytest.importorskip("tensorflow")

from benchmarks.training.own_classes import SMILE, draw
from fer_edge.dataset.choosing import choose_classes
from fer_edge.dataset.data import Dataset


def test_draw_takes_equally_many_of_each_class_and_holds_a_fifth_out(faces: Dataset) -> None:
    two = choose_classes(faces, SMILE)
    some = draw(two, 20, seed=0)
    assert (some.train.class_counts() + some.validation.class_counts()).tolist() == [20, 20]
    assert some.validation.class_counts().tolist() == [4, 4]
    assert set(some.train.names) <= set(two.train.names)
    assert draw(two, 20, seed=1).sha256() != some.sha256()
