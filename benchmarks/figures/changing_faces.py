"""Films of synthetic faces that change their expressions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.preprocess import Image

FPS = 5
_SIDE, _MARGIN, _SHOWN_S = 240, 40, 3


def write_film(path: Path, people: Sequence[Sequence[str | None]]) -> Path:
    """Write a film in which each person shows one expression after another, for three seconds each.

    Args:
        path: File, .mp4.
        people: Expressions of each person, with None for one that is away; they stand side by side.
    """
    pictures = [_pictures(seed) for seed in range(len(people))]
    size_wh = (len(people) * _SIDE + 2 * _MARGIN, _SIDE + 2 * _MARGIN)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, size_wh)
    for step in range(max(map(len, people))):
        frame = np.full((size_wh[1], size_wh[0], 3), 128, np.uint8)
        for i, (shown, faces) in enumerate(zip(people, pictures, strict=True)):
            expression = shown[step] if step < len(shown) else None
            if expression is not None:
                left = _MARGIN + i * _SIDE
                frame[_MARGIN : _MARGIN + _SIDE, left : left + _SIDE] = faces[expression][..., np.newaxis]
        for _ in range(_SHOWN_S * FPS):
            writer.write(frame)
    writer.release()
    return path


def _pictures(seed: int) -> Mapping[str, Image]:
    """Return a face for each expression, uint8 gray."""
    faces = synthetic_dataset(seed=seed, train_per_class=1, validation_per_class=1).train
    return {
        EXPRESSIONS[label]: np.asarray(cv2.resize(image, (_SIDE, _SIDE), interpolation=cv2.INTER_CUBIC), np.uint8)
        for image, label in zip(faces.images, faces.labels, strict=True)
    }
