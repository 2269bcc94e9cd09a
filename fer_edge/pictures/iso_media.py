"""Orientation of MP4, QuickTime and AVIF files, from their ISO base media boxes (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fer_edge.pictures.upright import CLOCKWISE, COUNTERCLOCKWISE, HALF_TURN, MIRRORED, UNTURNED, UPSIDE_DOWN, Turn

_IROT_TURNS = (UNTURNED, COUNTERCLOCKWISE, HALF_TURN, CLOCKWISE)
_IMIR_TURNS = (UPSIDE_DOWN, MIRRORED)
"""Axes as libavif and libheif write and read them; the standard's wording was changed."""

_DAMAGED = (struct.error, IndexError)
"""Exceptions that reading beyond a box's content raises."""


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def is_iso_media(head: bytes) -> bool:
    """Return true if a file that begins with `head`, of at least 12 bytes, is made of ISO base media boxes."""
    return head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")


def film_turn(file: BinaryIO) -> Turn:
    """Return the turn of the first video track of an MP4 or QuickTime file, `UNTURNED` if it declares none.

    The matrix may be of any angle; without a video track, or where the file is damaged, it is `UNTURNED`.
    """
    try:
        return _film_turn(file)
    except _DAMAGED:
        return UNTURNED


def picture_turn(file: BinaryIO) -> Turn:
    """Return the turn of the main picture of an AVIF or HEIC file, `UNTURNED` if it declares none."""
    try:
        return _picture_turn(file)
    except _DAMAGED:
        return UNTURNED


def _film_turn(file: BinaryIO) -> Turn:
    film = _find(file, _whole(file), b"moov")
    if film is None:
        return UNTURNED
    for track in (box for box in _boxes(file, film.start, film.end) if box.kind == b"trak"):
        handler = _find(file, track, b"mdia", b"hdlr")
        header = _find(file, track, b"tkhd")
        if handler is None or header is None or _read(file, handler, 12)[8:] != b"vide":
            continue
        turn = _matrix(file, header, 40, 52)
        film_header = _find(file, film, b"mvhd")
        return turn if film_header is None else turn.then(_matrix(file, film_header, 36, 48)).unscaled()
    return UNTURNED


def _matrix(file: BinaryIO, header: _Box, *offsets: int) -> Turn:
    """Return the matrix of a track's or film's header, at the first offset in version 0, at the second in version 1."""
    content = _read(file, header, offsets[1] + 36)
    a, b, _, c, d = struct.unpack_from(">5i", content, offsets[1 if content[0] == 1 else 0])
    return Turn(a, b, c, d).unscaled()


def _picture_turn(file: BinaryIO) -> Turn:
    meta = _find(file, _whole(file), b"meta")
    if meta is None:
        return UNTURNED
    meta = meta._replace(start=meta.start + 4)
    main, shared = _find(file, meta, b"pitm"), _find(file, meta, b"iprp", b"ipco")
    if main is None or shared is None:
        return UNTURNED
    content = _read(file, main, 8)
    item = int(struct.unpack_from(">H" if content[0] == 0 else ">I", content, 4)[0])
    properties = list(_boxes(file, shared.start, shared.end))
    turn = UNTURNED
    for index in _property_indexes(file, meta, item):
        if 0 < index <= len(properties) and properties[index - 1].kind in (b"irot", b"imir"):
            turn = turn.then(_property_turn(file, properties[index - 1]))
    return turn


def _property_turn(file: BinaryIO, box: _Box) -> Turn:
    value = _read(file, box, 1)[0]
    return _IROT_TURNS[value & 3] if box.kind == b"irot" else _IMIR_TURNS[value & 1]


def _property_indexes(file: BinaryIO, meta: _Box, wanted: int) -> list[int]:
    """Return the indexes, from 1, of an item's properties in order of application."""
    box = _find(file, meta, b"iprp", b"ipma")
    if box is None:
        return []
    content = _read(file, box, box.end - box.start)
    item_format = ">IB" if content[0] > 0 else ">HB"
    # The highest bit of an index says whether the property is essential.
    index_format, index_mask = ("H", 0x7FFF) if content[3] & 1 else ("B", 0x7F)
    (count,), position = struct.unpack_from(">I", content, 4), 8
    for _ in range(count):
        item, length = struct.unpack_from(item_format, content, position)
        position += struct.calcsize(item_format)
        indexes_format = f">{length}{index_format}"
        if item == wanted:
            return [index & index_mask for index in struct.unpack_from(indexes_format, content, position)]
        position += struct.calcsize(indexes_format)
    return []


def _whole(file: BinaryIO) -> _Box:
    return _Box(b"", 0, file.seek(0, 2))


def _find(file: BinaryIO, within: _Box, *path: bytes) -> _Box | None:
    """Return the first box at `path` within another, or `None`."""
    found: _Box | None = within
    for kind in path:
        if found is None:
            return None
        found = next((box for box in _boxes(file, found.start, found.end) if box.kind == kind), None)
    return found


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        file.seek(start)
        header = file.read(16)
        size, kind = struct.unpack_from(">I4s", header)
        length = 8
        if size == 1:
            size, length = struct.unpack_from(">Q", header, 8)[0], 16
        elif size == 0:
            size = end - start
        if size < length:
            return
        yield _Box(kind, start + length, min(start + size, end))
        start += size


def _read(file: BinaryIO, box: _Box, length: int) -> bytes:
    """Read the first `length` bytes of a box's content, or fewer if it has fewer."""
    file.seek(box.start)
    return file.read(min(length, box.end - box.start))
