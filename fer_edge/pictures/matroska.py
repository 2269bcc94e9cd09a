"""Orientation and completeness of Matroska and WebM films, from their elements (RFC 9559)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from math import cos, isfinite, radians, sin
from typing import BinaryIO, NamedTuple

from fer_edge.pictures.upright import MIRRORED, UNTURNED, Turn

_SIGNATURE = b"\x1a\x45\xdf\xa3"

_SEGMENT, _TRACKS, _TRACK, _TRACK_TYPE, _VIDEO, _PROJECTION = 0x18538067, 0x1654AE6B, 0xAE, 0x83, 0xE0, 0x7670
_PROJECTION_TYPE, _YAW, _PITCH, _ROLL = 0x7671, 0x7673, 0x7674, 0x7675
_CLUSTER = 0x1F43B675
_MOST_ELEMENTS = 1_000_000
"""Elements beside one another; more are a file made to take time, or hours of clusters of unknown size."""

_VIDEO_TYPE = b"\1"
_FLAT_TYPES = (b"", b"\0")
_FLOATS = {0: None, 4: ">f", 8: ">d"}


class _Element(NamedTuple):
    kind: int
    start: int
    end: int


def is_matroska(head: bytes) -> bool:
    """Return true if a file that begins with `head` is Matroska or WebM."""
    return head.startswith(_SIGNATURE)


def is_cut_off(file: BinaryIO) -> bool:
    """Return whether a film ends in the middle of an element, or of a segment whose size is known."""
    length, position = file.seek(0, 2), 0
    for _ in range(_MOST_ELEMENTS):
        if position >= length:
            break
        try:
            kind, start, size = _header(file, position)
        except IndexError:
            return True
        if kind == _SEGMENT and size is not None and start + size > length:
            return True
        is_opened = kind == _SEGMENT or (kind == _CLUSTER and size is None)
        position = start if is_opened or size is None else start + size
    return position > length


def film_turn(file: BinaryIO) -> Turn:
    """Return the turn of the first video track, `UNTURNED` if it declares none or the file is damaged.

    The matrix may be of any angle.
    """
    try:
        yaw, pitch, roll = _first_pose(file)
    except (IndexError, KeyError):  # the file ends, or a number has a length that none has
        return UNTURNED
    if pitch or abs(yaw) not in (0, 180) or not isfinite(roll):  # a view of a sphere, or nonsense
        return UNTURNED
    angle = radians(roll)
    turn = Turn(cos(angle), -sin(angle), sin(angle), cos(angle)).unscaled()
    return MIRRORED.then(turn) if yaw else turn  # the standard's order: yaw, pitch, roll


def _first_pose(file: BinaryIO) -> tuple[float, float, float]:
    """Return yaw, pitch and roll (counterclockwise) of the first video track, in degrees."""
    whole = _Element(0, 0, file.seek(0, 2))
    tracks = _find(file, whole, _SEGMENT, _TRACKS)
    for track in _elements(file, tracks) if tracks else ():
        kind = _find(file, track, _TRACK_TYPE)
        if track.kind != _TRACK or kind is None or _read(file, kind) != _VIDEO_TYPE:
            continue
        projection = _find(file, track, _VIDEO, _PROJECTION)
        if projection is None or _content(file, projection, _PROJECTION_TYPE) not in _FLAT_TYPES:
            break
        yaw, pitch, roll = (_number(_content(file, projection, angle)) for angle in (_YAW, _PITCH, _ROLL))
        return yaw, pitch, roll
    return 0, 0, 0


def _number(content: bytes) -> float:
    form = _FLOATS[len(content)]
    return float(struct.unpack(form, content)[0]) if form else 0.0


def _content(file: BinaryIO, within: _Element, kind: int) -> bytes:
    found = _find(file, within, kind)
    return b"" if found is None else _read(file, found)


def _find(file: BinaryIO, within: _Element, *path: int) -> _Element | None:
    """Return the first element at `path` within another, or `None`; pictures are not searched."""
    found: _Element | None = within
    for kind in path:
        if found is None:
            return None
        found = next((each for each in _elements(file, found) if each.kind in (kind, _CLUSTER)), None)
        if found is not None and found.kind != kind:
            return None
    return found


def _elements(file: BinaryIO, within: _Element) -> Iterator[_Element]:
    position = within.start
    for _ in range(_MOST_ELEMENTS):
        if position >= within.end:
            return
        kind, start, size = _header(file, position)
        position = within.end if size is None else min(start + size, within.end)
        yield _Element(kind, start, position)


def _header(file: BinaryIO, position: int) -> tuple[int, int, int | None]:
    """Return an element's kind, where its content begins, and its size; `None` as in a recording of a live stream."""
    file.seek(position)
    header = file.read(12)
    kind_length = _length(header[0])
    size_length = _length(header[kind_length])
    kind = int.from_bytes(header[:kind_length], "big")
    unknown = (1 << 7 * size_length) - 1
    size = int.from_bytes(header[kind_length : kind_length + size_length], "big") & unknown
    return kind, position + kind_length + size_length, None if size == unknown else size


def _length(first: int) -> int:
    """Return the number of bytes of a number, given by the leading zero bits of its first byte."""
    return 9 - first.bit_length()


def _read(file: BinaryIO, element: _Element) -> bytes:
    """Read a short element's content."""
    file.seek(element.start)
    return file.read(min(element.end - element.start, 8))
