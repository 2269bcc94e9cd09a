"""The size that a picture file declares, before it is decoded. No TensorFlow."""

from __future__ import annotations

import struct

from fer_edge.exif import PNG_SIGNATURE
from fer_edge.jpeg import JPEG_SIGNATURE, jpeg_size


def declared_size(content: bytes) -> tuple[int, int] | None:
    """Width and height that a PNG or JPEG file declares, or `None` if it is neither or ends before it says."""
    try:
        if content.startswith(PNG_SIGNATURE):
            width, height = struct.unpack_from(">II", content, 16)
            return width, height
        return jpeg_size(content) if content.startswith(JPEG_SIGNATURE) else None
    except struct.error:
        return None
