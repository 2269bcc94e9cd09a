"""Who is who from frame to frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, overlaps
from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.faces.motion import Similarity
from fer_edge.runtime.faces.smoothing import FloatArray, SmoothedScores, Smoothing

_MIN_OVERLAP = 0.25
"""Of a track and the face that goes on with it, as intersection over union."""

_SPEED = 4.0
"""Face widths a second by which a face may have moved that could not be followed."""
_FARTHEST = 2.5
"""Face widths; farther away may be the person on the next seat."""
_LEAST_RATIO = 0.5
"""Least ratio of the widths of two such boxes, the smaller to the larger."""


@dataclass(eq=False)
class Track:
    """One face over time.

    Attributes:
        track_id: Counted from 1.
        face: Where it is, and how sure the detector was when it last found it.
        history: Its scores and label.
        found_at: When the detector last found it, in the source's seconds.
        misses: How often the detector has looked for faces since, without finding it.
        followed: Whether its motion was clear in each frame since; `None` if no frame has come since.
        counts: Whether it is taken for a face yet.
        told: The label that was last told of in an event, once there was one.
    """

    track_id: int
    face: Face
    history: SmoothedScores
    found_at: float
    counts: bool
    misses: int = 0
    followed: bool | None = None
    told: str | None = None


class Tracker:
    """Gives each face a number and keeps it while the face is about.

    A face that the detector is not sure of counts from the second time that it is found, which keeps out what looks
    like one in a single frame. A face is shown until the detector misses it, and in any case for `hold_s` after it was
    last found; one that could be followed since is shown until the second miss. It is remembered for `forget_s`, and in
    any case until the second miss. So the time between two detections may be longer than both.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        smoothing: Smoothing,
        *,
        sure: float = 0.8,
        hold_s: float = 0.5,
        forget_s: float = 2.0,
    ) -> None:
        """Begin without a face.

        Args:
            labels: The names of the scores in order.
            smoothing: Of each face's scores.
            sure: The detector's confidence from which on a face counts at once, 0..1.
            hold_s: How long a face counts that the detector no longer finds.
            forget_s: How long such a face keeps its number, should it come back to its place.
        """
        self._labels = labels
        self._smoothing = smoothing
        self._sure = sure
        self._hold_s = hold_s
        self._forget_s = forget_s
        self._tracks: list[Track] = []
        self._last_id = 0

    @property
    def tracks(self) -> list[Track]:
        """All faces that are remembered."""
        return self._tracks

    def shown(self, time: float) -> list[Track]:
        """The faces that count at `time`."""
        return [track for track in self._tracks if track.counts and self._is_held(track, time)]

    @property
    def in_doubt(self) -> bool:
        """Whether there may be a face that does not count yet."""
        return not all(track.counts for track in self._tracks)

    def find(self, faces: list[Face], time: float) -> None:
        """Take what the detector found at `time`, each face as the track that it overlaps most, or as a new one."""
        free = dict(enumerate(faces))
        pairs = self._pairs(faces, time)
        for track in self._tracks:
            track.misses += 1
        for track, index in pairs:
            track.face, track.found_at, track.counts = free.pop(index), time, True
            track.misses, track.followed = 0, None
        self._tracks = [track for track in self._tracks if track.counts]
        for face in free.values():
            self._last_id += 1
            history = SmoothedScores(self._labels, self._smoothing)
            self._tracks.append(Track(self._last_id, face, history, time, counts=face.confidence >= self._sure))

    def move(self, motions: list[Similarity | None]) -> None:
        """Take the motion of each of `tracks` since the last frame; one without stays where it is."""
        for track, motion in zip(self._tracks, motions, strict=True):
            track.followed = motion is not None and track.followed is not False
            if motion is not None:
                track.face = _moved(track.face, motion)

    def clear(self) -> list[Track]:
        """Drop all faces, whose numbers are not used again, and return them."""
        gone, self._tracks = self._tracks, []
        return gone

    def forget(self, time: float) -> list[Track]:
        """Drop the faces that have not been found for long, and return them."""
        gone = [one for one in self._tracks if one.misses > 1 and time - one.found_at > self._forget_s]
        self._tracks = [track for track in self._tracks if track not in gone]
        return gone

    def _is_held(self, track: Track, time: float) -> bool:
        """Return whether it was found by the last look for faces, or lately, or was followed past a single miss."""
        may_miss = 1 if track.followed else 0
        return track.misses <= may_miss or time - track.found_at <= self._hold_s

    def _pairs(self, faces: list[Face], time: float) -> list[tuple[Track, int]]:
        """Tracks and faces that go together: those found last time before lost ones, the most overlapping first.

        Where frames come seldom, a face leaves its place between two of them; it may be as far as its speed allows.
        """
        if not self._tracks or not faces:
            return []
        were = np.stack([track.face.box_xyxy for track in self._tracks])
        are = np.stack([face.box_xyxy for face in faces])
        shared = overlaps(were, are)
        # A lost one that has a face pass over its place must not take it from the track that it is.
        fewest = min(track.misses for track in self._tracks)
        fresh = np.array([[track.misses == fewest] for track in self._tracks])
        near = _MIN_OVERLAP * _nearness(were, are, np.array([_reach(track, time) for track in self._tracks]))
        shared = np.where(shared >= _MIN_OVERLAP, shared + fresh, near)
        pairs = []
        while shared.max() > 0:
            row, column = (int(i) for i in np.unravel_index(shared.argmax(), shared.shape))
            pairs.append((self._tracks[row], column))
            shared[row], shared[:, column] = 0, 0
        return pairs


def _nearness(were: BoxArray, are: BoxArray, reach: npt.NDArray[np.float64]) -> FloatArray:
    """Return how near faces are to where tracks were, 1 at the place and 0 out of reach.

    Args:
        were: Boxes of the tracks, float32 (T, 4).
        are: Boxes of the faces, float32 (F, 4).
        reach: Widths that each track may have moved, (T,).

    Returns:
        float32 (T, F).
    """
    old, new = (boxes[:, 2] - boxes[:, 0] for boxes in (were, are))
    centres, others = ((boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (were, are))
    distances = np.linalg.norm(centres[:, np.newaxis] - others, axis=2)
    limits = np.broadcast_to((reach * old)[:, np.newaxis], distances.shape)
    is_like = np.minimum.outer(old, new) >= _LEAST_RATIO * np.maximum.outer(old, new)
    parts = np.divide(distances, limits, out=np.ones(limits.shape), where=is_like & (distances < limits))
    return np.asarray(1 - parts, np.float32)


def _reach(track: Track, time: float) -> float:
    """Return how many widths a face may have moved; one that was followed is where it is, a lost one has no place."""
    return 0.0 if track.followed or track.misses else min(_SPEED * (time - track.found_at), _FARTHEST)


def _moved(face: Face, motion: Similarity) -> Face:
    """A face's box, which stays upright, and landmarks after a motion."""
    turn, shift = motion[:, :2], motion[:, 2]
    half = (face.box_xyxy[2:] - face.box_xyxy[:2]) / 2 * np.sqrt(abs(np.linalg.det(turn)))
    centre = turn @ ((face.box_xyxy[:2] + face.box_xyxy[2:]) / 2) + shift
    box = np.concatenate([centre - half, centre + half]).astype(np.float32)
    return Face(box, face.confidence, (face.landmarks @ turn.T + shift).astype(np.float32))
