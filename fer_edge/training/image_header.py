"""What a picture file says before it is decoded: the size that it claims, and whether it is whole. No TensorFlow."""

from __future__ import annotations

import struct

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_JPEG_SIGNATURE = b"\xff\xd8\xff"
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_JPEG_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}
_JPEG_NOT_FRAMES = {0xC4, 0xC8, 0xCC}
"""Within 0xC0..0xCF: tables and a reserved marker; the others begin a frame and hold its size."""


def declared_size(content: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG or JPEG file declares, or `None` if it is neither or ends before it says."""
    try:
        if content.startswith(_PNG_SIGNATURE):
            width, height = struct.unpack_from(">II", content, 16)
            return width, height
        return _jpeg_size(content) if content.startswith(_JPEG_SIGNATURE) else None
    except struct.error:
        return None


def is_cut_off(content: bytes) -> bool:
    """Whether a JPEG file ends before its picture does: OpenCV 4 fills the rest with gray, OpenCV 5 refuses it."""
    return content.startswith(_JPEG_SIGNATURE) and content.rfind(_JPEG_END) < content.rfind(_JPEG_SCAN)


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    position = 2
    while position + 4 <= len(content):
        if content[position] != 0xFF:
            return None
        marker = content[position + 1]
        if marker == 0xFF:  # padding
            position += 1
        elif marker in _JPEG_NO_LENGTH:
            position += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _JPEG_NOT_FRAMES:
            height, width = struct.unpack_from(">HH", content, position + 5)
            return width, height
        else:
            position += 2 + int(struct.unpack_from(">H", content, position + 2)[0])
    return None
