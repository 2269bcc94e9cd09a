from __future__ import annotations

from pathlib import Path

import numpy as np

from fer_edge.training.views import Views

ROWS = np.array([3, 1])
IMAGES = np.arange(2 * 48 * 48, dtype=np.uint64).astype(np.uint8).reshape(2, 48, 48)
TARGETS = np.eye(7, dtype=np.float32)[[2, 5]]


def test_stored_views_are_returned_in_later_epochs(tmp_path: Path) -> None:
    views = Views(tmp_path, 2, 4)
    assert views.load(1, ROWS) is None
    views.store(1, ROWS, IMAGES, TARGETS)
    for epoch in (1, 3):
        kept = views.load(epoch, ROWS[::-1])
        assert kept is not None
        assert np.array_equal(kept[0], IMAGES[::-1])
        assert np.array_equal(kept[1], TARGETS[::-1])
    assert views.load(2, ROWS) is None
    assert views.load(3, np.array([3, 0])) is None


def test_resumed_run_reuses_views_and_new_one_does_not(tmp_path: Path) -> None:
    Views(tmp_path, 2, 4).store(0, ROWS, IMAGES, TARGETS)
    assert Views(tmp_path, 2, 4, resume=True).load(0, ROWS) is not None
    assert Views(tmp_path, 2, 5, resume=True).load(0, ROWS) is None, "of another size"
    Views(tmp_path, 2, 4).store(0, ROWS, IMAGES, TARGETS)
    assert Views(tmp_path, 2, 4).load(0, ROWS) is None


def test_remove_deletes_files(tmp_path: Path) -> None:
    views = Views(tmp_path, 1, 4)
    assert list(tmp_path.iterdir())
    views.remove()
    assert not list(tmp_path.iterdir())
