"""How good the scores are: on all labelled images, by the code path that is timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.results import Moved, Quality
from fer_edge.runtime.classifier import ScoresFaces
from fer_edge.training.data import Split

FloatArray = npt.NDArray[np.float32]

MOVED_SHOWN = 48


def score_faces(
    classifier: ScoresFaces, images: npt.NDArray[np.uint8], on_progress: Callable[[float], None] | None = None
) -> FloatArray:
    """Scores float32 (N, 7) in the order of `EXPRESSIONS`, of faces uint8 (N, H, W), each resized if need be."""
    raise NotImplementedError


def judge(scores: FloatArray, labels: npt.NDArray[np.int64], full: FloatArray | None) -> Quality:
    """Measure scores (N, 7) against labels (N,) and the full model's scores (N, 7)."""
    raise NotImplementedError


def accuracy_interval(hits: int, images: int, resamples: int = 2000, seed: int = 0) -> tuple[float, float]:
    """The accuracy's 95 % interval by bootstrap (percentiles)."""
    raise NotImplementedError


def find_moved(
    files: Mapping[str, FloatArray], full: FloatArray, faces: Split, limit: int = MOVED_SHOWN
) -> tuple[Moved, ...]:
    """The images on which a file's best class is not the full model's, the surest of the full model's first.

    Args:
        files: Scores (N, 7) by name, of files that were exported from the full model.
        full: Its scores (N, 7).
        faces: The images.
        limit: At most so many; all are counted in each file's agreement.
    """
    raise NotImplementedError
