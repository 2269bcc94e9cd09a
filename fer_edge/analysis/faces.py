"""The faces of one picture or frame, as Python users take them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, MissingExtraError
from fer_edge.files import write_atomic
from fer_edge.preprocess import Image
from fer_edge.runtime.results import Event, FaceResult, FrameResult
from fer_edge.runtime.sinks.annotate import annotate

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True, eq=False)
class Face:
    """One face and its expression.

    Attributes:
        label: The expression, or "uncertain" if no score reaches the threshold.
        score: The highest score, 0..1.
        scores: The score of each expression, 0..1, with a sum of 1.
        box: x1, y1, x2, y2 in the picture's pixels, the second corner exclusive.
        confidence: The detector's, 0..1.
        landmarks: float32 (5, 2), x and y in the picture's pixels: the person's right eye, left eye, tip of the nose,
            right and left corner of the mouth.
        track_id: In a stream, the same number for the same face, from 1; None in a picture.
    """

    label: str
    score: float
    scores: dict[str, float]
    box: tuple[float, float, float, float]
    confidence: float
    landmarks: npt.NDArray[np.float32]
    track_id: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the attributes as numbers, texts, lists and dicts, which JSON can hold."""
        return {
            "track_id": self.track_id,
            "label": self.label,
            "score": self.score,
            "scores": dict(self.scores),
            "box": list(self.box),
            "confidence": self.confidence,
            "landmarks": self.landmarks.tolist(),
        }


class Faces(Sequence[Face]):
    """The faces of one picture or frame, the largest first; empty if none was found.

    Attributes:
        image: The picture, uint8 (H, W, 3) BGR, upright.
        source: The picture's path as it was given, a stream's file name, or None.
        number: A stream's frame number, from 0; 0 for a picture.
        time: Time at which the frame was taken or read, in seconds since 1970.
        position_s: A recording's presentation time in seconds; None elsewhere.
        events: Events of a stream's faces since the frame before: appeared, changed expression, left.
        timings_ms: Milliseconds of each stage.
    """

    def __init__(
        self,
        image: Image,
        result: FrameResult,
        labels: tuple[str, ...],
        *,
        source: str | None = None,
        position_s: float | None = None,
        tracked: bool = False,
    ) -> None:
        """Wrap the pipeline's result.

        Args:
            image: uint8 (H, W, 3) BGR.
            result: The faces seen in it.
            labels: Names of the scores, in their order.
            source: Name of the picture.
            position_s: The frame's place in a recording.
            tracked: Whether the faces have numbers that hold from frame to frame.
        """
        self.image = image
        self.source = source
        self.number = result.number
        self.time = result.time
        self.position_s = position_s
        self.events: tuple[Event, ...] = result.events
        self.timings_ms = dict(result.timings_ms)
        self._result = result
        self._labels = labels
        self._faces = tuple(_face(each, labels, tracked=tracked) for each in result.faces)

    @overload
    def __getitem__(self, index: int) -> Face: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Face]: ...
    def __getitem__(self, index: int | slice) -> Face | Sequence[Face]:
        """Return the face at an index, or those of a slice."""
        return self._faces[index]

    def __len__(self) -> int:
        """Return the number of faces."""
        return len(self._faces)

    def __iter__(self) -> Iterator[Face]:
        """Iterate over the faces, the largest first."""
        return iter(self._faces)

    def __repr__(self) -> str:
        """Return the source and each face's label with its score."""
        faces = ", ".join(f"{face.label} {face.score:.2f}" for face in self._faces) or "no face"
        return f"<Faces of {self.source or 'a picture'}: {faces}>"

    def plot(self, path: str | Path | None = None) -> Image:
        """Draw each face's box, label and scores into a copy of the picture.

        Args:
            path: File to write, in the format of its suffix, such as .jpg or .png; None to write nothing.

        Returns:
            uint8 (H, W, 3) BGR.

        Raises:
            InputError: If OpenCV writes no pictures of that suffix.
        """
        drawn = annotate(self.image, self._result, self._labels)
        if path is not None:
            write_picture(Path(path), drawn)
        return drawn

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return a dict for each face: `source`, `frame`, `time`, `position_s`, and those of `Face.to_dict`."""
        where = {"source": self.source, "frame": self.number, "time": self.time, "position_s": self.position_s}
        return [{**where, **face.to_dict()} for face in self._faces]

    def to_pandas(self) -> pandas.DataFrame:
        """Return a table with a row for each face and a column for each coordinate and expression.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingExtraError("Faces.to_pandas", "pandas", str(error)) from error
        columns = [*_row_names(), *self._labels]
        return pandas.DataFrame([self._row(face) for face in self._faces], columns=columns)

    def _row(self, face: Face) -> list[Any]:
        where = [self.source, self.number, self.time, self.position_s, face.track_id]
        return [*where, *face.box, face.confidence, face.label, face.score, *face.scores.values()]


def write_picture(path: Path, image: Image) -> None:
    """Write pixels uint8 (H, W, 3) BGR to a picture file, whole or not at all, in the format of its suffix.

    Raises:
        InputError: If OpenCV writes no pictures of that suffix.
    """
    is_encoded = False
    with suppress(cv2.error):
        # OpenCV crashes on text that is no UTF-8.
        is_encoded, content = cv2.imencode(path.suffix if path.suffix.isascii() else "", image)
    if not is_encoded:
        raise InputError(f"{path}: expected a name that ends in a picture format, such as .jpg or .png")
    write_atomic(path, content.tobytes())


def _row_names() -> tuple[str, ...]:
    where = ("source", "frame", "time", "position_s", "track_id")
    return (*where, "x1", "y1", "x2", "y2", "confidence", "label", "score")


def _face(result: FaceResult, labels: tuple[str, ...], *, tracked: bool) -> Face:
    x1, y1, x2, y2 = (float(value) for value in result.box_xyxy)
    if result.landmarks is None:
        raise ValueError("expected a result of the pipeline, which has landmarks")
    return Face(
        label=result.label,
        score=result.score,
        scores={label: float(score) for label, score in zip(labels, result.scores, strict=True)},
        box=(x1, y1, x2, y2),
        confidence=result.confidence,
        landmarks=result.landmarks,
        track_id=result.track_id if tracked else None,
    )
