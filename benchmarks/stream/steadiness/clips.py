"""Crops of steady faces as the pipeline cuts them out of a camera's frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.stream.scenes import Placement, as_a_camera_sees, photographs, place
from fer_edge.arrays import IntArray
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.models import SHIPPED_MODEL
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.source import Frame

FPS = 30
CLIP_S = 4
_LEAD_FRAMES = 5
"""Frames until a face with low confidence becomes a confirmed track."""
_FACE = Placement((320.0, 240.0), 180)
_SWAY_PX, _SWAY_PART, _SWAY_DEGREES, _SWAY_S = 2.0, 0.01, 1.0, 0.5
"""Standard deviations of a still head's place, size and turn, and their time constant in seconds."""
_LIGHT, _LIGHT_S = 0.05, 1.0
"""Standard deviation and time constant of the light, besides the camera's flicker."""


def record_clips(
    faces: Image, *, model: Path = SHIPPED_MODEL, seed: int = 0, on_done: Callable[[], None] = lambda: None
) -> tuple[IntArray, npt.NDArray[np.uint8]]:
    """Show each face to a simulated camera for `CLIP_S`, and return the crops that a classifier is given.

    Args:
        faces: uint8 (N, 48, 48), gray.
        model: Model whose card states crop and input size.
        seed: Seed of noise, motion and light.
        on_done: Called after each face.

    Returns:
        The indices of the faces that the detector saw in each frame, int64 (M,), and their crops, uint8
        (M, frames, H, W).
    """
    recorder, detector = _Recorder(open_interpreter(model, 1), read_card(model), model), FaceDetector()
    backgrounds, rng = photographs(), np.random.default_rng(seed)
    seen, clips = [], []
    for i, face in enumerate(faces):
        frames = _held_still(face, backgrounds[i % len(backgrounds)], rng)
        crops = recorder.watch(Pipeline(detector, recorder), frames)
        if crops is not None:
            seen.append(i)
            clips.append(crops)
        on_done()
    width, height = recorder.card.input.size_wh
    return np.array(seen, np.int64), np.array(clips, np.uint8).reshape(len(seen), CLIP_S * FPS, height, width)


class _Recorder(Classifier):
    """Classifier that records the crops that it is given."""

    _crops: list[Image]

    def watch(self, pipeline: Pipeline, frames: Iterator[Image]) -> npt.NDArray[np.uint8] | None:
        """Return the crops of the one face in the frames after the lead, or `None` if one of them has not just one."""
        kept = []
        for number, image in enumerate(frames):
            self._crops = []
            pipeline.process(Frame(image, number, 0.0, number / FPS))
            if number >= _LEAD_FRAMES:
                kept.append(self._crops)
        return np.stack([crops[0] for crops in kept]) if all(len(crops) == 1 for crops in kept) else None

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        self._crops.append(face.copy())
        return super().classify(face)


def _held_still(face: Image, background: Image, rng: np.random.Generator) -> Iterator[Image]:
    """Yield frames of a head that is held still, in slightly varying light."""
    count = _LEAD_FRAMES + CLIP_S * FPS
    sway = _wander(count, 4, _SWAY_S, rng) * (_SWAY_PX, _SWAY_PX, _SWAY_PART * _FACE.side, _SWAY_DEGREES)
    lights = 1 + _LIGHT * _wander(count, 1, _LIGHT_S, rng)[:, 0]
    for (x, y, growth, turn), light in zip(sway, lights, strict=True):
        centre = (_FACE.centre[0] + float(x), _FACE.centre[1] + float(y))
        frame = place(face, background, Placement(centre, round(_FACE.side + growth), float(turn)))
        # The channels of gray are equal, so one is computed and repeated.
        lit = np.clip(frame[..., :1] * np.float32(light), 0, 255).astype(np.uint8)
        yield np.repeat(as_a_camera_sees(lit, rng), 3, axis=2)


def _wander(count: int, values: int, seconds: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return values (count, values) that wander about 0 with a standard deviation of 1 (Ornstein and Uhlenbeck)."""
    keep = np.exp(-1 / (FPS * seconds))
    steps = np.sqrt(1 - keep**2) * rng.standard_normal((count, values))
    path = np.empty((count, values))
    now = rng.standard_normal(values)
    for i, step in enumerate(steps):
        now = path[i] = keep * now + step
    return path
