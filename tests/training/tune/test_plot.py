from __future__ import annotations

from pathlib import Path

import cv2

from fer_edge.training.recipe_part import Choices, Range
from fer_edge.training.tune.plot import plot_tuning
from fer_edge.training.tune.study import TrialResult


def test_best_trial_is_marked(tmp_path: Path) -> None:
    results = [
        TrialResult("0", {"learning_rate": 0.002, "batch_size": 32}, 0.5, 2, 3.14),
        TrialResult("1", {"learning_rate": 0.003, "batch_size": 64}, None, fault="no memory"),
        TrialResult("2", {"learning_rate": 0.004, "batch_size": 64}, 0.6, 3, 5),
    ]
    space: dict[str, Range | Choices] = {
        "learning_rate": Range(1e-3, 1e-2, log=True),
        "batch_size": Choices((32, 64)),
    }
    plot_tuning(results, space, tmp_path / "tuning.png", title="two", images=100)
    image = cv2.imread(str(tmp_path / "tuning.png"))
    assert image is not None
    assert (image == (0x28, 0x27, 0xD6)).all(axis=2).sum() > 100  # the star
