"""Calibration set: a few training images, balanced by class, that activation ranges are measured on."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

import numpy as np

from fer_edge.dataset.data import Split
from fer_edge.errors import DataError
from fer_edge.scores import FloatArray

DEFAULT_IMAGES = 500


@dataclass(frozen=True)
class CalibrationSet:
    """Representative images.

    Attributes:
        split: The images, with their labels and names.
        source: Name of the data set that they were drawn from.
        seed: Seed of the draw.
    """

    split: Split
    source: str
    seed: int

    def inputs(self) -> FloatArray:
        """Return the images as float32 (N, H, W, channels) that contain both 0 and 255.

        A camera gives every value of a byte, so the input tensor must span them all, and with exactly that span
        its scale is 1: a pixel needs no arithmetic. If the images lack 0 or 255, two corner pixels of the first are
        set to them.
        """
        inputs = self.split.inputs()
        if inputs.min() > 0 or inputs.max() < 255:
            inputs[0, 0, 0], inputs[0, -1, -1] = 0, 255
        return inputs

    def manifest(self) -> str:
        """Return JSON that names every image with the SHA-256 of its pixels."""
        images = [
            {
                "name": name,
                "expression": self.split.classes[label],
                "sha256": hashlib.sha256(image.tobytes()).hexdigest(),
            }
            for name, label, image in zip(self.split.names, self.split.labels, self.split.images, strict=True)
        ]
        facts = {"source": self.source, "split": "train", "seed": self.seed, "images": images}
        return json.dumps(facts, indent=1) + "\n"

    def sha256(self) -> str:
        """Return the SHA-256 of the manifest."""
        return hashlib.sha256(self.manifest().encode()).hexdigest()


def choose_calibration_set(train: Split, source: str, *, images: int = DEFAULT_IMAGES, seed: int = 0) -> CalibrationSet:
    """Draw an equal number of images of each class, without constant ones.

    Args:
        train: The training split.
        source: Name of the data set.
        images: Number of images; rounded down to a multiple of the number of classes, fewer where a class has fewer.
        seed: Seed of the draw.

    Raises:
        DataError: If a class has no usable image, or `images` is below the number of classes.
    """
    count = len(train.classes)
    if images < count:
        raise DataError(f"expected at least {count} calibration images, one of each class, got {images}")
    usable = ~train.constant()
    rng = np.random.default_rng(seed)
    chosen = []
    for label, name in enumerate(train.classes):
        candidates = np.flatnonzero(usable & (train.labels == label))
        if not len(candidates):
            raise DataError(f"{source}: no usable image of {name} to calibrate with")
        chosen.append(rng.choice(candidates, min(images // count, len(candidates)), replace=False))
    return CalibrationSet(train.take(np.concatenate(chosen)), source, seed)
