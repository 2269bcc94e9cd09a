from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.evaluation.metrics import ReliabilityBin
from fer_edge.training.reliability_plot import plot_reliability


def read(path: Path) -> npt.NDArray[np.uint8]:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def test_reliability_has_a_disc_per_bin(tmp_path: Path) -> None:
    drawn = []
    for voted in (0.5, 0.9):
        plot_reliability([ReliabilityBin(0.5, voted, 10)], tmp_path / "reliability.png", title="a model")
        drawn.append(read(tmp_path / "reliability.png"))
    height, width = drawn[0].shape[:2]
    blue = [np.argwhere(image[:, width // 3 :, 0].astype(int) - image[:, width // 3 :, 2] > 60) for image in drawn]
    assert blue[1][:, 0].mean() < blue[0][:, 0].mean() - 0.2 * height, "a larger share of votes lies higher"
