"""Faces in a frame: YuNet, on a frame scaled to a fixed size."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, from_xywh, is_centred_within
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.decoding import surest
from fer_edge.runtime.faces.engines import DetectorEngine, choose_engine, open_yunet

DEFAULT_WIDTH = 320
"""At 320 px YuNet takes 10-14 ms a frame on one x86 core, at full VGA size 40 ms, and finds the same upright faces."""

DEFAULT_CONFIDENCE = 0.7
"""Measured on VGA frames. Of 1,500 without a face (cuts of 21 photographs, enlarged up to several times), 53 / 23 / 7
had a false alarm at 0.6 / 0.7 / 0.8. Of FER2013 training images pasted into such frames at 80-150 px, without the hair
and chin that a whole face has, 71 / 68 / 59 % were found. Five whole portraits, turned up to 35 degrees, have a median
of 0.82 or more from a box of 40 px on."""

PICTURE_WIDTH = 1280
"""Largest width at which stills are searched by default: 70 ms and 100 MB on one x86 core."""

MIN_WIDTH, MAX_WIDTH = 32, 4096
"""Limits of the width in pixels; at 4096 px a picture takes 0.8 s and 1.1 GB."""

_LEAST_FACE_PX = 13
"""Least width, from ear to ear in the scaled frame, at which an upright face is usually found. The demo's portrait was
found 10 times of 10 at 25 px in 640x480 frames scaled to 320, at 13 px as they are, and at 8 px scaled up to 1280."""

_LEAST_PICTURE_WIDTH = 160
"""Width at which faces that fill a picture are found best: 97 % of FER2013's; at 320, 640, 1280 px 95, 45, 0 %."""

_LEAST_SIDE = 8
"""Least side of the scaled frame in pixels: no face fits below it, and OpenCV 4 reads memory beyond the frame."""


@dataclass(frozen=True, eq=False)
class Face:
    """One detected face.

    Attributes:
        box_xyxy: Bounding box, float32 (4,), in the frame's pixels; it may reach beyond the frame.
        confidence: Confidence of the detector, 0..1.
        landmarks: Points, float32 (5, 2), x and y in the frame's pixels: the person's right eye, left eye, tip of
            the nose, right and left corner of the mouth.
    """

    box_xyxy: BoxArray
    confidence: float
    landmarks: npt.NDArray[np.float32]

    @property
    def roll(self) -> float:
        """Angle of the line through the eyes, clockwise from level, in radians."""
        across, down = (self.landmarks[1] - self.landmarks[0]).tolist()
        return atan2(down, across)


def small_faces_advice(width: int | None, *, stills: bool) -> str:
    """Return a sentence on how small a face may be, and how to find smaller ones, for a detector of these settings."""
    longest = width or (PICTURE_WIDTH if stills else DEFAULT_WIDTH)
    least = f"1/{longest // _LEAST_FACE_PX} of the picture's longer side"
    if stills and width is None:
        least = f"{_LEAST_FACE_PX} pixels and than {least}"
    if longest == MAX_WIDTH:
        return f"A face must be wider than {least}"
    return f"A face must be wider than {least}; a detector width of {min(2 * longest, MAX_WIDTH)} finds smaller ones"


class FaceDetector:
    """YuNet (2023mar), which takes frames of any size and keeps nothing from one to the next. One thread's own.

    Attributes:
        engine: Engine of its network.
        runtime: Name and version of the library that computes it.
    """

    def __init__(
        self,
        width: int | None = None,
        confidence: float = DEFAULT_CONFIDENCE,
        *,
        stills: bool = False,
        engine: DetectorEngine = DetectorEngine.AUTO,
    ) -> None:
        """Load the weights that ship with the package.

        Args:
            width: Pixels to which the longer side of a frame is scaled; half as many take a quarter of the time and
                lose small faces. `None` for `DEFAULT_WIDTH`, or with `stills` for a picture's own width between that
                and `PICTURE_WIDTH`.
            confidence: Faces below it are left out, 0..1.
            stills: Find large faces too where `width` is large: look again at its half, quarter and so on, for a third
                more time.
            engine: Engine of the network.

        Raises:
            ModelError: If the detector's file is damaged.
            InputError: If no TFLite interpreter works here, and `engine` needs one.
        """
        if not (width is None or width >= MIN_WIDTH) or not 0 < confidence < 1:
            raise ValueError(
                f"expected a width of {MIN_WIDTH} or more and a confidence within 0..1, got {width}, {confidence}"
            )
        self._width = width
        self._confidence = confidence
        self._stills = stills
        self.engine = choose_engine() if engine is DetectorEngine.AUTO else engine
        self._yunet = open_yunet(self.engine, confidence)
        self.runtime = self._yunet.runtime

    def detect(self, frame: Image) -> list[Face]:
        """Find faces, the surest first.

        Args:
            frame: uint8 (H, W) gray or (H, W, 3) BGR, 0..255, of any size.
        """
        widths = self._widths(frame)
        faces = [face for width in widths for face in self._detect_at(frame, width)]
        faces.sort(key=lambda face: -face.confidence)
        return faces if len(widths) == 1 else _without_doubles(faces)

    def for_patches(self, side: int) -> FaceDetector:
        """Return a detector of the same confidence and engine for square patches, which are scaled to `side` pixels."""
        return FaceDetector(side, self._confidence, engine=self.engine)

    def _widths(self, frame: Image) -> list[int]:
        if not self._stills:
            return [self._width or DEFAULT_WIDTH]
        widths = [self._width or min(max(*frame.shape[:2], DEFAULT_WIDTH), PICTURE_WIDTH)]
        while widths[-1] >= 2 * _LEAST_PICTURE_WIDTH:
            widths.append(widths[-1] // 2)
        return widths

    def _detect_at(self, frame: Image, longer_side: int) -> list[Face]:
        """Find faces in the frame scaled to `longer_side`, in any order."""
        height, width = frame.shape[:2]
        scale = longer_side / max(width, height)
        size_wh = max(round(width * scale), 1), max(round(height * scale), 1)
        if min(size_wh) < _LEAST_SIDE:
            return []
        rows = self._yunet.find(resize(frame, size_wh))
        zoom = np.array([width / size_wh[0], height / size_wh[1]], np.float32)
        faces = [_read_face(row, zoom) for row in rows]
        # A box around a point beyond the frame is the network's extrapolation.
        return [face for face in faces if is_centred_within(face.box_xyxy, (width, height))]


def _without_doubles(faces: list[Face]) -> list[Face]:
    """Keep the surest of those that overlap, surest first."""
    if not faces:
        return []
    boxes_xyxy = np.stack([face.box_xyxy for face in faces])
    boxes_xywh = np.concatenate([boxes_xyxy[:, :2], boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]], axis=1)
    return [faces[number] for number in surest(boxes_xywh, np.array([face.confidence for face in faces], np.float32))]


def _read_face(row: npt.NDArray[np.float32], zoom: npt.NDArray[np.float32]) -> Face:
    """Return a row of `decode` as a face in the frame's pixels."""
    box_xywh = row[:4] * np.tile(zoom, 2)
    return Face(from_xywh(box_xywh), float(row[14]), row[4:14].reshape(5, 2) * zoom)
