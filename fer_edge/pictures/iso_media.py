"""Orientation and completeness of MP4, QuickTime and AVIF files, from their ISO base media boxes (ISO/IEC 14496-12)."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from fer_edge.pictures.upright import CLOCKWISE, COUNTERCLOCKWISE, HALF_TURN, MIRRORED, UNTURNED, UPSIDE_DOWN, Turn

_IROT_TURNS = (UNTURNED, COUNTERCLOCKWISE, HALF_TURN, CLOCKWISE)
_IMIR_TURNS = (UPSIDE_DOWN, MIRRORED)
"""Axes as libavif and libheif write and read them; the standard's wording was changed."""

_OUTER = frozenset((b"free", b"mdat", b"mfra", b"moof", b"moov", b"sidx", b"skip", b"styp", b"udta"))
"""Boxes that a film is made of; what follows them under another name may be anything, such as a camera's own data."""

_HEADER_BYTES = 8
_MOST_BOXES = 1_000_000
"""Boxes beside one another; more are a file that was made to take time."""

_MOST_TABLE_BYTES = 1 << 20
"""Bytes of a table: a segment index has at most 65,535 references of 12 bytes."""

_DAMAGED = (struct.error, IndexError)
"""Exceptions that reading beyond a box's content raises."""


class _Box(NamedTuple):
    """A box: its content lies from `start` to `end`, which is at most its parent's; `is_cut` if it should go on."""

    kind: bytes
    start: int
    end: int
    is_cut: bool = False


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


def is_cut_off(file: BinaryIO) -> bool:
    """Return whether an MP4 or QuickTime file ends in a box, after a fragment's header, or before the end of its index.

    A fragmented file without an index that ends between two fragments shows nothing.
    """
    whole, last, is_fragmented, indexed_end = _whole(file), None, False, 0
    try:
        for last in _boxes(file, whole.start, whole.end):
            is_fragmented |= last.kind == b"moof"
            indexed_end = max(indexed_end, _indexed_end(file, last) if last.kind == b"sidx" else 0)
    except struct.error:  # in a long header
        return True
    if last is None or whole.end - last.end >= _HEADER_BYTES:  # something else follows
        return False
    is_in_box = last.is_cut and last.kind in _OUTER
    return is_in_box or last.kind == b"moof" or (is_fragmented and last.end < whole.end) or indexed_end > whole.end


def _indexed_end(file: BinaryIO, box: _Box) -> int:
    """Return where the last fragment of a segment index ends, 0 if the index is damaged."""
    content = _read(file, box, _MOST_TABLE_BYTES)
    try:
        first_format, position = (">Q", 20) if content[0] else (">I", 16)
        (first,) = struct.unpack_from(first_format, content, position)
        position += struct.calcsize(first_format)
        _, count = struct.unpack_from(">HH", content, position)
        references = struct.iter_unpack(">I8x", content[position + 4 : position + 4 + 12 * count])
        return int(box.end + first + sum(size & 0x7FFFFFFF for (size,) in references))
    except _DAMAGED:
        return 0


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
    content = _read(file, box, _MOST_TABLE_BYTES)
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
    for _ in range(_MOST_BOXES):
        if start + _HEADER_BYTES > end:
            return
        file.seek(start)
        header = file.read(16)
        size, kind = struct.unpack_from(">I4s", header)
        length = _HEADER_BYTES
        if size == 1:
            size, length = struct.unpack_from(">Q", header, 8)[0], 16
        elif size == 0:
            size = end - start
        if size < length:
            return
        yield _Box(kind, start + length, min(start + size, end), start + size > end)
        start += size


def _read(file: BinaryIO, box: _Box, length: int) -> bytes:
    """Read the first `length` bytes of a box's content, or fewer if it has fewer."""
    file.seek(box.start)
    return file.read(min(length, box.end - box.start))
