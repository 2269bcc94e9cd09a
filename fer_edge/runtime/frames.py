"""What every source of frames gives, whatever it is made of."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from fer_edge.names import printable
from fer_edge.preprocess import Image

_SourceT = TypeVar("_SourceT", bound="Source")


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8 (H, W, 3) BGR, 0..255.
        number: Counted from 0 as the source gave them; a gap means that frames of a live source were passed over.
        time: When it was taken, or read from a file, in seconds since 1970.
        position_s: Its place in a recording, in seconds.
        name: Of its file, for an image, as `printable` shows it.
    """

    image: Image
    number: int
    time: float
    position_s: float | None = None
    name: str | None = None

    @property
    def moment(self) -> float:
        """Seconds on the source's own clock: a recording's, however fast it is read, or else the time."""
        return self.time if self.position_s is None else self.position_s


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

    def __enter__(self: _SourceT) -> _SourceT:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def at_most(frames: Iterable[Frame], fps: float | None) -> Iterator[Frame]:
    """Give no more than `fps` frames a second, by asking for none in between; a live source passes over some then."""
    next_time = time.monotonic()
    for frame in frames:
        yield frame
        if fps is not None:
            next_time = max(next_time + 1 / fps, time.monotonic())
            time.sleep(max(next_time - time.monotonic(), 0))
