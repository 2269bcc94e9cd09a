"""Orientation of a JPEG, PNG or WebP picture, from the Exif block in its file."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from fer_edge.pictures.jpeg import JPEG_SIGNATURE, jpeg_segments
from fer_edge.pictures.upright import EXIF_TURNS, UNTURNED, Turn

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

_JPEG_EXIF = b"Exif\0\0"
_JPEG_APP1 = 0xE1

_ORIENTATION = 0x0112
_BYTE, _SHORT, _LONG = 1, 3, 4


def exif_turn(content: bytes) -> Turn:
    """Return the turn of a picture, `UNTURNED` if its file declares none or an invalid one.

    OpenCV applies Exif as well, but not that of WebP before 4.11, nor that of a JPEG with an XMP block before it.
    TIFF pictures need nothing: every OpenCV version turns them.
    """
    try:
        return next((turn for block in _exif_blocks(content) if (turn := _turn_of(block)) is not None), UNTURNED)
    except struct.error:
        return UNTURNED


def _exif_blocks(content: bytes) -> Iterator[bytes]:
    if content.startswith(JPEG_SIGNATURE):
        return _jpeg_blocks(content)
    if content.startswith(PNG_SIGNATURE):
        return _png_blocks(content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp_blocks(content)
    return iter(())


def _jpeg_blocks(content: bytes) -> Iterator[bytes]:
    for marker, start, end in jpeg_segments(content):
        if marker == _JPEG_APP1 and content.startswith(_JPEG_EXIF, start):
            yield content[start + len(_JPEG_EXIF) : end]


def _png_blocks(content: bytes) -> Iterator[bytes]:
    position = len(PNG_SIGNATURE)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        if kind == b"eXIf":
            yield content[position + 8 : position + 8 + length]
        position += 12 + length  # its checksum follows a chunk


def _webp_blocks(content: bytes) -> Iterator[bytes]:
    position = 12
    while position + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, position)
        if kind == b"EXIF":  # some writers put JPEG's prefix before it
            yield content[position + 8 : position + 8 + length].removeprefix(_JPEG_EXIF)
        position += 8 + length + length % 2


def _turn_of(block: bytes) -> Turn | None:
    """Return the turn that an Exif block, which is laid out as a TIFF file, gives in its first directory."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return None
    (directory,) = struct.unpack_from(f"{order}I", block, 4)
    (entries,) = struct.unpack_from(f"{order}H", block, directory)
    for entry in range(directory + 2, directory + 2 + 12 * entries, 12):
        tag, kind = struct.unpack_from(f"{order}HH", block, entry)
        if tag == _ORIENTATION and kind in (_BYTE, _SHORT, _LONG):
            value_format = {_BYTE: "B", _SHORT: "H", _LONG: "I"}[kind]
            return EXIF_TURNS.get(struct.unpack_from(f"{order}{value_format}", block, entry + 8)[0])
    return None
