"""Films of synthetic faces that change their expressions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.labels import EXPRESSIONS

FPS = 5
_SIDE, _SHOWN_S = 240, 3


def write_film(path: Path, people: Sequence[Sequence[str]]) -> Path:
    """Write a film in which each person shows one expression after another, for three seconds each.

    Args:
        path: File, .mp4.
        people: Expressions of each person; they stand side by side.
    """
    faces = synthetic_dataset(seed=1, train_per_class=1, validation_per_class=1).train
    pictures = {
        EXPRESSIONS[label]: cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC)
        for image, label in zip(faces.images, faces.labels, strict=True)
    }
    size_wh = (len(people) * _SIDE + 80, _SIDE + 80)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, size_wh)
    for number in range(_SHOWN_S * FPS * max(map(len, people))):
        frame = np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)
        for i, shown in enumerate(people):
            if number // (_SHOWN_S * FPS) < len(shown):
                face = pictures[shown[number // (_SHOWN_S * FPS)]]
                frame[40 : 40 + _SIDE, 40 + i * _SIDE : 40 + (i + 1) * _SIDE] = face[..., np.newaxis]
        writer.write(frame)
    writer.release()
    return path
