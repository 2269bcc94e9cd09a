"""Segments of a JPEG file (ITU-T T.81, annex B), the size that they declare, and detection of a missing end."""

from __future__ import annotations

import struct
from collections.abc import Iterator

JPEG_SIGNATURE = b"\xff\xd8\xff"

_SCAN = 0xDA
_END = b"\xff\xd9"
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
_NOT_FRAMES = {0xC4, 0xC8, 0xCC}
"""Within 0xC0..0xCF: tables and a reserved marker; the others begin a frame and hold its size."""


def jpeg_segments(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield the marker of each segment of a JPEG file, and where its data starts and ends, up to the first scan.

    Bytes between segments are skipped, as decoders skip them.

    Raises:
        struct.error: If the file ends within the length of a segment.
    """
    position, marker = 2, 0
    while marker != _SCAN and (position := content.find(b"\xff", position)) >= 0:
        (marker,) = struct.unpack_from("B", content, position + 1)
        if marker == 0xFF:  # padding
            position += 1
        elif marker in _NO_LENGTH:
            position += 2
        else:
            (length,) = struct.unpack_from(">H", content, position + 2)
            yield marker, position + 4, position + 2 + length
            position += 2 + length


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Return the width and height that a JPEG file declares, or `None` if no segment does.

    Raises:
        struct.error: If the file ends before the size.
    """
    for marker, start, _ in jpeg_segments(content):
        if 0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES:
            height, width = struct.unpack_from(">HH", content, start + 1)
            return width, height
    return None


def jpeg_is_cut_off(content: bytes) -> bool:
    """Return true if a JPEG file ends before its picture: OpenCV 4 fills the rest with gray, OpenCV 5 refuses it.

    A thumbnail, which lies in a segment before the picture, has an end of its own.
    """
    try:
        *_, header_end = [2, *(end for _, _, end in jpeg_segments(content))]
    except struct.error:
        return True
    return content.find(_END, header_end) < 0
