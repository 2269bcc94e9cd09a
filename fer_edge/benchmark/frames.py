"""What subjects are shown while they are timed: real faces in turn, each also as it lies in a camera's frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fer_edge.boxes import BoxArray
from fer_edge.preprocess import Image
from fer_edge.training.data import Split

SHOWN = 32
"""How many faces, at most: 28 MB of frames."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One face in its frame.

    Attributes:
        face: uint8 (S, S) gray, 0..255, square.
        frame: uint8 (480, 640, 3) BGR.
        box_xyxy: float32 (4,), the face's box in the frame as the detector would give it.
    """

    face: Image
    frame: Image
    box_xyxy: BoxArray


def show_labelled(faces: Split) -> list[Shown]:
    """Labelled faces, spread evenly over the split, each placed in a 640x480 picture."""
    raise NotImplementedError


def show_demo() -> list[Shown]:
    """Faces found in the demo stream, spread over one of its periods: what a device has without labelled faces."""
    raise NotImplementedError


def faces_of_size(shown: list[Shown], size_wh: tuple[int, int]) -> list[Image]:
    """The faces as a model takes them: uint8 (H, W) gray."""
    raise NotImplementedError


def noise(size_wh: tuple[int, int], images: int) -> np.ndarray:
    """Pictures of nothing."""
    raise NotImplementedError
