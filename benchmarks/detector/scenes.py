"""Scenes with known faces, and the faces that a detector finds and invents in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.detector.frames import cut, faceless_frames, photographs, portrait
from benchmarks.stream.scenes import Placement, anywhere, paste, place
from benchmarks.stream.scenes import photographs as gray_photographs
from fer_edge.boxes import BoxArray
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.sources.demo import DemoSource

Faces = npt.NDArray[np.uint8]
Frames = Iterator[tuple[Image, list[Placement]]]

_HEAD = slice(20, 230), slice(100, 310)
"""Rows and columns of the portrait's head."""
_CROWD_COLUMNS, _CROWD_ROWS = 15, 10
_DEMO_FRAMES = 240


@dataclass(frozen=True)
class Scene:
    """Frames with known faces.

    Attributes:
        name: Name in the table.
        frames: Makes the frames with their faces, the same ones each time.
        width: Detector width in pixels; `None` for the default.
        stills: Whether the frames are pictures rather than a stream's.
    """

    name: str
    frames: Callable[[], Frames]
    width: int | None = None
    stills: bool = False


@dataclass
class Found:
    """Faces and false alarms that a detector found in a scene.

    Attributes:
        faces: Number of faces in it.
        found: Number of those found.
        alarmed: Number of frames in which it found something else.
    """

    faces: int = 0
    found: int = 0
    alarmed: int = 0

    def add(self, boxes: Sequence[BoxArray], placements: Sequence[Placement]) -> None:
        """Count the boxes, float32 (4,) each, that were found in a frame with these faces."""
        centres = [(box[:2] + box[2:]) / np.float32(2) for box in boxes]
        self.faces += len(placements)
        self.found += sum(any(_is_at(centre, each) for centre in centres) for each in placements)
        self.alarmed += any(not any(_is_at(centre, each) for each in placements) for centre in centres)


def scenes(faces: Faces, cuts: int) -> list[Scene]:
    """Return the scenes; `faces`, uint8 (N, H, H), gray, are pasted, and `cuts` frames have no face."""
    pasted = [
        Scene(f"pasted faces of {side} px, turned {turn:g}°", lambda s=side, t=turn: _pasted(faces, s, t))  # type: ignore[misc]
        for side in (60, 100, 160, 300)
        for turn in (0.0, 10.0, 20.0)
    ]
    return [
        *pasted,
        Scene("the same, 100 px upright, at 160 px", lambda: _pasted(faces, 100, 0.0), width=160),
        Scene("portraits turned up to 35°", _portraits),
        Scene("cuts without a face", lambda: ((frame, []) for frame in faceless_frames(cuts, seed=3))),
        Scene("the demo", _demo),
        Scene("a crowd of 150 heads, 1280x853", lambda: _crowd(85), stills=True),
        Scene("a crowd of 150 heads, 600x400", lambda: _crowd(40), stills=True),
    ]


def look_for(detectors: Sequence[FaceDetector], frames: Frames) -> list[Found]:
    """Count for each detector the faces that it finds at their places, and the frames in which it finds others."""
    results = [Found() for _ in detectors]
    for frame, placements in frames:
        for detector, found in zip(detectors, results, strict=True):
            found.add([face.box_xyxy for face in detector.detect(frame)], placements)
    return results


def _is_at(centre: npt.NDArray[np.float32], placement: Placement) -> bool:
    return bool(np.abs(centre - placement.centre).max() < placement.side / 3)


def _pasted(faces: Faces, side: int, turn: float) -> Frames:
    rng, backgrounds = np.random.default_rng(0), gray_photographs()
    for number, face in enumerate(faces):
        placement = anywhere(side, turn, rng)
        yield place(face, backgrounds[number % len(backgrounds)], placement), [placement]


def _portraits() -> Frames:
    """Place the portrait, or its mirror image, with a head of 30 to 210 pixels before 400 cuts of photographs."""
    rng, pictures, whole = np.random.default_rng(1), photographs(), portrait()
    for number in range(400):
        side = int(rng.uniform(60, 420))
        placement = anywhere(side, float(rng.uniform(0, 35)), rng)
        picture = whole if number % 2 else np.ascontiguousarray(whole[:, ::-1])
        yield paste(picture, cut(pictures, rng), placement), [_head(placement, mirrored=not number % 2)]


def _head(placement: Placement, *, mirrored: bool = False) -> Placement:
    """Return where the head is in a portrait that lies so."""
    rows, columns = _HEAD
    across = (columns.start + columns.stop) / 2 / 420 - 0.5
    offset = np.array([-across if mirrored else across, (rows.start + rows.stop) / 2 / 420 - 0.5]) * placement.side
    radians = np.deg2rad(placement.turn)
    turned = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]]) @ offset
    centre = np.asarray(placement.centre) + turned
    return Placement((float(centre[0]), float(centre[1])), placement.side // 2, placement.turn)


def _demo() -> Frames:
    """Yield the demo's frames; its portrait is in each, somewhere near the middle."""
    source = DemoSource()
    for number in range(_DEMO_FRAMES):
        yield source.draw(number), [Placement((320.0, 200.0), 600)]


def _crowd(tile: int) -> Frames:
    head = resize(np.ascontiguousarray(portrait()[_HEAD]), (tile, tile))
    places: Sequence[Placement] = [
        Placement(((column + 0.5) * tile, (row + 0.5) * tile), tile)
        for row in range(_CROWD_ROWS)
        for column in range(_CROWD_COLUMNS)
    ]
    yield np.tile(head, (_CROWD_ROWS, _CROWD_COLUMNS, 1)), list(places)
