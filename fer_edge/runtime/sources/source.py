"""What every source of frames gives, whatever it is made of."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import takewhile
from time import monotonic, sleep
from types import TracebackType
from typing import TypeVar

from fer_edge.names import printable
from fer_edge.preprocess import Image

_SourceT = TypeVar("_SourceT", bound="Source")

_EARLY_S = 0.003
"""Seconds by which a frame may come before it is due: times are rounded, and cameras are not even."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8 (H, W, 3) BGR, 0..255.
        number: Counted from 0 as the source gave them; a gap means that frames of a live source were passed over.
        time: When it was taken, or read from a file, in seconds since 1970; for logs, as a clock can be set meanwhile.
        position_s: Its place in a recording, in seconds.
        name: File name of an image, as `printable` shows it.
        taken_at: `time.monotonic()` when it was taken or read.
    """

    image: Image
    number: int
    time: float
    position_s: float | None = None
    name: str | None = None
    taken_at: float = field(default_factory=monotonic)

    @property
    def moment(self) -> float:
        """Seconds on the source's own clock: a recording's, however fast it is read, or else the monotonic one."""
        return self.taken_at if self.position_s is None else self.position_s

    @property
    def age_s(self) -> float:
        """Seconds since `moment` on the source's own clock; a recording's stands still while a frame is worked on."""
        return monotonic() - self.taken_at if self.position_s is None else 0.0


class Source(ABC):
    """Gives frames one after another, once; to be closed after use, as by `with`.

    Attributes:
        description: What to call it before people.
        live: Whether it goes on by itself, so that the newest frame counts and others are passed over.
        stills: Whether its frames have nothing to do with each other.
        fps: Its nominal frames a second, if it has such a thing.
        notes: What went wrong on the way without ending it, such as an image that cannot be read.
        ends_at: The `time.monotonic()` after which it need not be waited for; `None` for never.
    """

    def __init__(self, description: str, *, live: bool, fps: float | None, stills: bool = False) -> None:
        self.description = printable(description)
        self.live = live
        self.stills = stills
        self.fps = fps
        self.notes: list[str] = []
        self.ends_at: float | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Frame]:
        """Give the frames; raise SourceError if a live source stops."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the device, file or connection."""

    @property
    def recorded(self) -> bool:
        """True if its frames have positions, which are its clock."""
        return not self.live and not self.stills

    def even_fps(self) -> float | None:
        """Return the constant rate that suits its frames best; `None` where it has no rate."""
        return self.fps

    def __enter__(self: _SourceT) -> _SourceT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def at_most(frames: Iterable[Frame], fps: float | None, *, recorded: bool) -> Iterator[Frame]:
    """Give no more than `fps` frames a second of the source's clock.

    Those of a recording in between are left out. Other sources are not asked for any; a live one passes over some then.
    """
    if fps is None:
        return iter(frames)
    return _spaced(frames, 1 / fps) if recorded else _awaited(frames, 1 / fps)


def first_seconds(frames: Iterable[Frame], seconds: float | None) -> Iterator[Frame]:
    """Give the frames of a recording's first `seconds`; `None` for all."""
    return takewhile(lambda frame: seconds is None or frame.moment < seconds, frames)


def _spaced(frames: Iterable[Frame], interval_s: float) -> Iterator[Frame]:
    due = -math.inf
    for frame in frames:
        late_s = frame.moment - due
        if late_s >= -_EARLY_S:
            yield frame
            due = (due if late_s < interval_s else frame.moment) + interval_s


def _awaited(frames: Iterable[Frame], interval_s: float) -> Iterator[Frame]:
    next_time = monotonic()
    for frame in frames:
        yield frame
        next_time = max(next_time + interval_s, monotonic())
        sleep(max(next_time - monotonic(), 0))
