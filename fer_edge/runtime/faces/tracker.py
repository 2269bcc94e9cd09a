"""Track faces from frame to frame, by their boxes alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot

import numpy as np
import numpy.typing as npt

from fer_edge.boxes import BoxArray, overlaps
from fer_edge.runtime.faces.detector import Face
from fer_edge.runtime.faces.motion import Similarity
from fer_edge.runtime.faces.smoothing import SmoothedScores, Smoothing

_SURE = 0.8
"""Least confidence of the detector, 0..1, at which a face is confirmed at once."""

_LONGEST_GAP_S = 10.0
"""Longest time without a frame after which a face may still be the same, as in a recording with a hole."""

_MIN_OVERLAP = 0.25
"""Least intersection over union of a track's box and that of the face that continues it."""

_SPEED = 4.0
"""Fastest motion of a face that could not be followed, in face widths a second."""
_FARTHEST = 2.5
"""Longest way of such a face, in face widths; farther away may be the person on the next seat."""
_LEAST_RATIO = 0.5
"""Least ratio of the widths of two such boxes, the smaller to the larger."""


@dataclass(eq=False)
class Track:
    """One face over time.

    Attributes:
        track_id: Number of the face, counted from 1.
        face: The face where it is now, with the detector's confidence when it last found it.
        history: Its smoothed scores and label.
        found_at: Time when the detector last found it, in the source's seconds.
        is_confirmed: False for a tentative track, which is not shown yet.
        misses: Number of detections since then, none of which found it.
        followed: True if its motion was clear in each frame since then; `None` if no frame has come.
        is_lost: True if its motion to the last frame was not clear.
    """

    track_id: int
    face: Face
    history: SmoothedScores
    found_at: float
    is_confirmed: bool
    misses: int = 0
    followed: bool | None = None
    is_lost: bool = False

    def add_scores(self, scores: npt.NDArray[np.float32], time: float, smoothing: Smoothing) -> None:
        """Add a frame's scores, float32 (labels,), at `time` in seconds."""
        self.history.update(scores, time, smoothing)


class Tracker:
    """Numbers each face and keeps the number while the face is there.

    A face of low confidence stays tentative until it is detected again, which excludes what looks like a face in a
    single frame. A confirmed face is shown until a detection misses it, and in any case for `hold_s` after it was last
    found; one that could be followed since is shown until the second miss. It is remembered for `forget_s`, and in
    any case until the second miss, as the time between two detections may be longer than both.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        hold_s: float = 0.5,
        forget_s: float = 2.0,
        stills: bool = False,
    ) -> None:
        """Begin without a face.

        Args:
            labels: Names of the scores, in their order.
            hold_s: Seconds for which a face is shown after the detector last found it.
            forget_s: Seconds for which such a face keeps its number, should it come back to its place.
            stills: True if the frames are unrelated: every face is confirmed at once, and no track continues.
        """
        self._labels = labels
        self._sure = 0.0 if stills else _SURE
        self._hold_s = hold_s
        self._forget_s = forget_s
        self._stills = stills
        self._tracks: list[Track] = []
        self._last_id = 0
        self._is_new_scene = True
        self._shape: tuple[int, ...] = ()
        self._time = 0.0

    @property
    def boxes(self) -> dict[int, BoxArray]:
        """Boxes of all tracks by their numbers, each float32 (4,)."""
        return {track.track_id: track.face.box_xyxy for track in self._tracks}

    def shown(self, time: float) -> list[Track]:
        """Return the tracks to show at `time`."""
        return [track for track in self._tracks if track.is_confirmed and self._is_held(track, time)]

    @property
    def needs_detection(self) -> bool:
        """True in a new scene, and if a track is tentative or its motion to the last frame was not clear."""
        return self._is_new_scene or any(track.is_lost or not track.is_confirmed for track in self._tracks)

    def knows_places(self, time: float) -> bool:
        """Return whether there are tracks to show at `time`, each found last time and followed clearly since."""
        shown = self.shown(time)
        is_clear = all(track.misses == 0 and track.followed is not False for track in shown)
        return bool(shown) and is_clear and not self.needs_detection

    def begin_frame(self, shape: tuple[int, ...], time: float) -> list[Track]:
        """Drop and return all tracks if this frame is unrelated to the last: a still, of another size, or after a gap.

        Args:
            shape: Shape of the frame's image.
            time: Time of the frame in seconds.
        """
        is_related = not self._stills and shape == self._shape and 0 <= time - self._time <= _LONGEST_GAP_S
        self._shape, self._time = shape, time
        return [] if is_related else self.clear()

    def move(self, motions: Mapping[int, Similarity | None]) -> None:
        """Move each track's face as it moved since the last frame; one without a motion stays where it is.

        Args:
            motions: Motions by the tracks' numbers.
        """
        for track in self._tracks:
            motion = motions[track.track_id]
            track.is_lost = motion is None
            track.followed = motion is not None and track.followed is not False
            if motion is not None:
                track.face = _moved(track.face, motion)

    def update(self, faces: list[Face], time: float) -> None:
        """Continue each track with the face detected at `time` that overlaps it most; begin tracks for the others."""
        self._is_new_scene = False
        free = dict(enumerate(faces))
        pairs = self._pairs(faces, time)
        for track in self._tracks:
            track.misses, track.is_lost = track.misses + 1, False
        for track, index in pairs:
            track.face, track.found_at, track.is_confirmed = free.pop(index), time, True
            track.misses, track.followed = 0, None
        self._tracks = [track for track in self._tracks if track.is_confirmed]
        self._tracks += [self._begin_track(face, time) for face in free.values()]

    def clear(self) -> list[Track]:
        """Drop and return all tracks; their numbers are not used again."""
        gone, self._tracks, self._is_new_scene = self._tracks, [], True
        return gone

    def forget(self, time: float) -> list[Track]:
        """Drop and return the tracks that have not been found for long."""
        gone = [one for one in self._tracks if one.misses > 1 and time - one.found_at > self._forget_s]
        self._tracks = [track for track in self._tracks if track not in gone]
        return gone

    def _begin_track(self, face: Face, time: float) -> Track:
        self._last_id += 1
        history = SmoothedScores(self._labels)
        return Track(self._last_id, face, history, time, is_confirmed=face.confidence >= self._sure)

    def _is_held(self, track: Track, time: float) -> bool:
        """Return whether the last detection found it, or one not long ago, or it was followed past a single miss."""
        may_miss = 1 if track.followed else 0
        return track.misses <= may_miss or time - track.found_at <= self._hold_s

    def _pairs(self, faces: list[Face], time: float) -> list[tuple[Track, int]]:
        """Return tracks with their faces' indices: tracks found last time first, then by overlap.

        Where frames are rare, a face may be as far from its last place as its speed allows.
        """
        if not self._tracks or not faces:
            return []
        were = np.stack([track.face.box_xyxy for track in self._tracks])
        are = np.stack([face.box_xyxy for face in faces])
        shared = overlaps(were, are)
        # A face that passes over the place of a lost one must stay with its own track.
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


def _nearness(were: BoxArray, are: BoxArray, reach: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Return how near each face is to each track, 1 at the same place and 0 out of reach.

    Args:
        were: Boxes of the tracks, float32 (T, 4).
        are: Boxes of the faces, float32 (F, 4).
        reach: Face widths that each track may have moved, float64 (T,).

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
    """Return how many widths a face may have moved; none if it was followed, or if its place is not known."""
    return 0.0 if track.followed or track.misses else min(_SPEED * (time - track.found_at), _FARTHEST)


def _moved(face: Face, motion: Similarity) -> Face:
    """Return a face after a motion; its box stays upright."""
    turn, shift = motion[:, :2], motion[:, 2]
    half = (face.box_xyxy[2:] - face.box_xyxy[:2]) / 2 * hypot(turn[0, 0], turn[1, 0])
    centre = turn @ ((face.box_xyxy[:2] + face.box_xyxy[2:]) / 2) + shift
    box = np.concatenate([centre - half, centre + half]).astype(np.float32)
    return Face(box, face.confidence, (face.landmarks @ turn.T + shift).astype(np.float32))
