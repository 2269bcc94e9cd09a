"""Inputs of timed calls: faces in turn, each alone and in a camera's frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from fer_edge.benchmark.setting import Data
from fer_edge.boxes import BoxArray
from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.data import Split
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.picture_form import FER2013_FORM, RGB, PictureForm
from fer_edge.preprocess import FER2013_CROP, Image, crop_face
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.faces.smoothing import SmoothedScores, Smoothing
from fer_edge.runtime.sources.demo import FPS, PERIOD_S, RESOLUTION_WH, DemoSource

SHOWN = 32
"""Largest number of faces: 28 MB of frames."""

_SIDE = 120
"""Side of a face in its frame, pixels: a person at arm's length from a screen."""


@dataclass(frozen=True, eq=False)
class Shown:
    """One face in its frame.

    Attributes:
        face: uint8 (S, S) gray or (S, S, 3) RGB, 0..255.
        frame: uint8 (480, 640, 3) BGR.
        box_xyxy: float32 (4,), the face's box in the frame as the detector gives it.
    """

    face: Image
    frame: Image
    box_xyxy: BoxArray


def show_labelled(faces: Split) -> list[Shown]:
    """Return labelled faces, spread evenly over the split, each placed in a 640x480 frame."""
    rng = np.random.default_rng(0)
    width, height = RESOLUTION_WH
    corners = zip(rng.integers(0, width - _SIDE, SHOWN), rng.integers(0, height - _SIDE, SHOWN), strict=True)
    return [_place(face, int(x), int(y)) for face, (x, y) in zip(faces.spread(SHOWN).images, corners, strict=False)]


def show_demo() -> list[Shown]:
    """Return faces detected in the demo stream, spread over one period, for a device without labelled faces."""
    source, detector = DemoSource(), FaceDetector()
    frames = [source.draw(int(number)) for number in np.linspace(0, FPS * PERIOD_S, SHOWN, endpoint=False)]
    found = [(frame, detector.detect(frame)) for frame in frames]
    size_wh = FER2013_FORM.size_wh
    return [
        Shown(crop_face(frame, faces[0].box_xyxy, FER2013_CROP, size_wh), frame, faces[0].box_xyxy)
        for frame, faces in found
        if faces
    ]


def describe_shown(shown: list[Shown], data: Data | None) -> str:
    """Describe in words what was shown; `data` as in the report, `None` for the demo stream."""
    if data is None:
        return f"{len(shown)} frames of the demo stream in turn: one portrait that moves; no labelled faces were given"
    return f"{len(shown)} faces of {data.name}, {data.split}, in turn; for a frame, {_SIDE} pixels wide in 640x480"


def model_call(classifier: ScoresFaces, shown: list[Shown]) -> Callable[[int], object]:
    """Return the call timed as the model alone: from a face crop of the input's size to scores."""
    form = classifier.card.input.form
    faces = [convert_images(one.face[np.newaxis], form)[0] for one in shown]
    return lambda i: classifier.classify(faces[i % len(faces)])


def frame_call(classifier: ScoresFaces, shown: list[Shown]) -> Callable[[int], str]:
    """Return the call timed as a frame: from a frame and a face's box to a smoothed label."""
    card = classifier.card
    history = SmoothedScores(card.labels, Smoothing())

    def call(i: int) -> str:
        one = shown[i % len(shown)]
        crop = crop_face(one.frame, one.box_xyxy, card.crop, card.input.size_wh, colour=card.input.colour)
        history.update(classifier.classify(crop), i / FPS)
        return history.label

    return call


def _place(face: Image, x: int, y: int) -> Shown:
    """Place a face in a gray frame with its upper left corner at x, y."""
    width, height = RESOLUTION_WH
    frame = np.full((height, width, 3), 128, np.uint8)
    frame[y : y + _SIDE, x : x + _SIDE] = convert_images(face[np.newaxis], PictureForm(_SIDE, _SIDE, RGB))[0][..., ::-1]
    # The box whose crop is exactly the face.
    half = _SIDE / FER2013_CROP.scale / 2
    centre_x, centre_y = x + _SIDE / 2, y + _SIDE / 2 - FER2013_CROP.shift_y * _SIDE
    box = np.array([centre_x - half, centre_y - half, centre_x + half, centre_y + half], np.float32)
    return Shown(face, frame, box)
