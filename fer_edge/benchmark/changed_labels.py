"""Images on which an exported file and its full model pick different expressions."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import cv2
import numpy as np

from fer_edge.benchmark.results import ChangedLabel
from fer_edge.dataset.data import Split
from fer_edge.preprocess import Image
from fer_edge.scores import FloatArray

SHOWN = 48
"""Images that a report shows at most."""


def find_changed_labels(
    files: Mapping[str, FloatArray], full: FloatArray, faces: Split, limit: int = SHOWN
) -> tuple[ChangedLabel, ...]:
    """Find the images whose best class differs from the full model's, the full model's highest scores first.

    Args:
        files: Scores (N, classes) by name, of files that were exported from one full model.
        full: The full model's scores (N, classes).
        faces: The images.
        limit: Largest number of images to return.
    """
    best = full.argmax(axis=1)
    changed = np.zeros(len(faces), bool)
    for scores in files.values():
        changed |= scores.argmax(axis=1) != best
    surest = sorted(np.flatnonzero(changed).tolist(), key=lambda i: -full[i, best[i]])
    return tuple(_changed_label(i, files, full, faces) for i in surest[:limit])


def _changed_label(i: int, files: Mapping[str, FloatArray], full: FloatArray, faces: Split) -> ChangedLabel:
    best = _best(full[i], faces.classes)
    answers = {name: _best(scores[i], faces.classes) for name, scores in files.items()}
    return ChangedLabel(
        index=i,
        label=faces.classes[faces.labels[i]],
        png=_png(faces.images[i]),
        full=best,
        files={name: answer for name, answer in answers.items() if answer[0] != best[0]},
    )


def _best(scores: FloatArray, classes: tuple[str, ...]) -> tuple[str, float]:
    best = int(scores.argmax())
    return classes[best], float(scores[best])


def _png(image: Image) -> str:
    bgr = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return base64.b64encode(cv2.imencode(".png", bgr)[1].tobytes()).decode()
