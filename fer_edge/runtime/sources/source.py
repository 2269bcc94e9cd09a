"""Source of frames: the interface of cameras, streams, recordings and images."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import takewhile
from time import monotonic, sleep
from types import TracebackType
from typing import TypeVar

import numpy as np

from fer_edge.names import printable
from fer_edge.preprocess import Image

_SourceT = TypeVar("_SourceT", bound="Source")

_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)

EARLY_S = 0.003
"""Seconds by which a frame may come before it is due, as times are rounded and cameras have jitter."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a source.

    Attributes:
        image: Pixels, uint8 (H, W, 3) BGR, 0..255.
        number: Number of the frame in the source, from 0; a gap means that frames of a live source were skipped.
        time: Time of capture, or of reading a file, in seconds since 1970; for logs only, as the clock can be changed.
        position_s: Position in a recording, in seconds.
        name: File name of an image, as `printable` shows it.
        taken_at: Time of capture or reading, by `time.monotonic()`.
    """

    image: Image
    number: int
    time: float
    position_s: float | None = None
    name: str | None = None
    taken_at: float = field(default_factory=monotonic)

    @property
    def moment(self) -> float:
        """Seconds on the source's own clock: the position in a recording, else the monotonic clock."""
        return self.taken_at if self.position_s is None else self.position_s

    @property
    def age_s(self) -> float:
        """Seconds since `moment` on the source's own clock, which stands still between a recording's frames."""
        return monotonic() - self.taken_at if self.position_s is None else 0.0

    def without_image(self) -> Frame:
        """Return a copy that keeps no pixels in memory."""
        return replace(self, image=_NO_IMAGE)


@dataclass(frozen=True)
class Outage:
    """Time in which a source gives no frame that can be used, and is opened again.

    Attributes:
        reason: Sentence for people.
        frozen: True if it gives frames, and only black or repeated ones.
    """

    reason: str
    frozen: bool = False


class Source(ABC):
    """Frames one after another, to be iterated once and closed after use, as by `with`.

    Attributes:
        description: Name shown to people.
        live: True if it goes on by itself, so that the newest frame counts and others are skipped.
        stills: True if its frames are unrelated pictures.
        fps: Nominal frames per second; `None` if it has no rate.
        notes: Notes for people, such as on an image that cannot be read.
        outage: The outage that it is in; `None` while it works. Any thread may read it.
        duration_s: Length of a recording; `None` if it is unknown, or if the source has no end.
        ends_at: Time, by `time.monotonic()`, after which not to wait for it; `None` for no limit.
    """

    def __init__(self, description: str, *, live: bool, fps: float | None, stills: bool = False) -> None:
        self.description = printable(description)
        self.live = live
        self.stills = stills
        self.fps = fps
        self.notes: list[str] = []
        self.outage: Outage | None = None
        self.duration_s: float | None = None
        self.ends_at: float | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames; raise SourceError if a live source stops."""

    @abstractmethod
    def close(self) -> None:
        """Release the device, file or connection."""

    @property
    def recorded(self) -> bool:
        """True for a recording, whose frames have positions."""
        return not self.live and not self.stills

    def even_fps(self) -> float | None:
        """Return the constant frame rate that fits its frames best; `None` if it has no rate."""
        return self.fps

    def share_done(self, frame: Frame) -> float | None:
        """Return the share of the source up to a frame, 0..1; `None` if its end is not known."""
        if not self.duration_s or frame.position_s is None:
            return None
        return min(frame.position_s / self.duration_s, 1.0)

    def __enter__(self: _SourceT) -> _SourceT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def at_most(frames: Iterable[Frame], fps: float | None, *, recorded: bool) -> Iterator[Frame]:
    """Yield at most `fps` frames per second of the source's clock.

    Other frames of a recording are dropped. Other sources are read more slowly; a live one then skips frames.
    """
    if fps is None:
        return iter(frames)
    return _spaced(frames, 1 / fps) if recorded else _awaited(frames, 1 / fps)


def first_seconds(frames: Iterable[Frame], seconds: float | None) -> Iterator[Frame]:
    """Yield the frames of a recording's first `seconds`; `None` for all."""
    return takewhile(lambda frame: seconds is None or frame.moment < seconds, frames)


def _spaced(frames: Iterable[Frame], interval_s: float) -> Iterator[Frame]:
    due = -math.inf
    for frame in frames:
        late_s = frame.moment - due
        if late_s >= -EARLY_S:
            yield frame
            due = (due if late_s < interval_s else frame.moment) + interval_s


def _awaited(frames: Iterable[Frame], interval_s: float) -> Iterator[Frame]:
    next_time = monotonic()
    for frame in frames:
        yield frame
        next_time = max(next_time + interval_s, monotonic())
        sleep(max(next_time - monotonic(), 0))
