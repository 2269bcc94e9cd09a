"""Changes of a stream that people care about: a face came, its expression changed, or it left."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import dropwhile

from fer_edge.boxes import crop_square
from fer_edge.preprocess import Image, cut_square, encode_jpeg, shrink
from fer_edge.runtime.results import UNCERTAIN, Event, EventKind, FrameResult

MOST_CHANGES = 200
PICTURE_SIDE = 96
"""Side of a face's picture, in pixels; as a JPEG it takes about 3 kB."""
_QUALITY = 75
_AROUND = 1.3
"""Side of what a picture shows, as a multiple of the face's box."""


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        number: Number of the change, from 1.
        event: The event; `previous` and the label of a face that left are never *uncertain* after another label.
        moment: Its time, in seconds of the monotonic clock.
        picture: JPEG of the face then, or when it was last seen; `None` if there is none.
    """

    number: int
    event: Event
    moment: float
    picture: bytes | None


class Changes:
    """The newest `MOST_CHANGES` changes.

    A face that is *uncertain* for a while and shows the same expression again has not changed.

    Attributes:
        run: Text that differs in each start of the program, as numbers begin again.
    """

    def __init__(self) -> None:
        """Start without changes."""
        self.run = secrets.token_hex(4)
        self._kept: deque[Change] = deque(maxlen=MOST_CHANGES)
        self._number = 0
        self._labels: dict[int, str] = {}
        self._pictures: dict[int, bytes] = {}

    @property
    def newest(self) -> int:
        """Number of the newest change; 0 before the first."""
        return self._number

    def add(self, moment: float, result: FrameResult, faces: Mapping[int, Image]) -> None:
        """Add the changes among a frame's events.

        Args:
            moment: Time of the frame's capture, in seconds of the monotonic clock.
            result: The frame's result.
            faces: Pictures of its faces, uint8 (H, W, 3) BGR, by the numbers of their tracks; of some, or none.
        """
        for event in result.events:
            change = self._settled(event)
            if change is not None:
                if event.track_id in faces:
                    self._pictures[event.track_id] = encode_jpeg(faces[event.track_id], _QUALITY)
                self._number += 1
                self._kept.append(Change(self._number, change, moment, self._pictures.get(event.track_id)))
            if event.kind is EventKind.LEFT:
                self._pictures.pop(event.track_id, None)

    def after(self, number: int) -> list[Change]:
        """Return the changes with greater numbers, oldest first."""
        return list(dropwhile(lambda change: change.number <= number, self._kept))

    def since(self, moment: float) -> list[Change]:
        """Return the changes at `moment` and later, oldest first."""
        return list(dropwhile(lambda change: change.moment < moment, self._kept))

    def picture(self, number: int) -> bytes | None:
        """Return the picture of a change; `None` if there is none, or it is kept no more."""
        return next((change.picture for change in self._kept if change.number == number), None)

    def _settled(self, event: Event) -> Event | None:
        """Return an event from one label to another; `None` if the face is uncertain, or as it was before."""
        before = self._labels.get(event.track_id)
        if event.kind is EventKind.LEFT:
            return replace(event, label=self._labels.pop(event.track_id, event.label))
        if event.kind is EventKind.CHANGED and event.label in (UNCERTAIN, before):
            return None
        self._labels[event.track_id] = event.label
        return event if event.kind is EventKind.APPEARED else replace(event, previous=before or event.previous)


def cut_faces(image: Image, result: FrameResult) -> dict[int, Image]:
    """Return small pictures, copied from a frame, of the faces that have events in it, by their tracks' numbers."""
    wanted = {event.track_id for event in result.events if event.kind is not EventKind.LEFT}
    return {
        face.track_id: shrink(cut_square(image, crop_square(face.box_xyxy, _AROUND, 0)), PICTURE_SIDE).copy()
        for face in result.faces
        if face.track_id in wanted
    }
