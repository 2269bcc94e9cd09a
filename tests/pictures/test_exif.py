from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest

from fer_edge.pictures.exif import exif_turn
from fer_edge.pictures.upright import EXIF_TURNS, UNTURNED

PICTURE = np.zeros((4, 6, 3), np.uint8)
XMP = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"


def exif_block(orientation: int, *, order: str = "<", kind: str = "H", before: int = 0, offset: int = 8) -> bytes:
    """An Exif block with an orientation of a short (H), long (I) or byte (B) after `before` other entries."""
    types = {"B": 1, "H": 3, "I": 4}
    entries = [struct.pack(f"{order}HHI4s", 0x010F, 2, 4, b"abc\0")] * before
    value = struct.pack(f"{order}{kind}", orientation).ljust(4, b"\0")
    entries.append(struct.pack(f"{order}HHI", 0x0112, types[kind], 1) + value)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", offset)
    return head.ljust(offset, b"\0") + struct.pack(f"{order}H", len(entries)) + b"".join(entries) + b"\0" * 4


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with application segments before OpenCV's own."""
    content = cv2.imencode(".jpg", PICTURE)[1].tobytes()
    parts = [bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data for marker, data in segments]
    return content[:2] + b"".join(parts) + content[2:]


def png(block: bytes, *, after: bool = False) -> bytes:
    """A PNG with an eXIf chunk before or after its pixels."""
    content = cv2.imencode(".png", PICTURE)[1].tobytes()
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    place = len(content) - 12 if after else 33
    return content[:place] + chunk + content[place:]


def webp(block: bytes) -> bytes:
    """A WebP of the extended format with an EXIF chunk."""
    pixels = cv2.imencode(".webp", PICTURE)[1].tobytes()[12:]
    head = b"VP8X" + struct.pack("<IB3x", 10, 8) + (6 - 1).to_bytes(3, "little") + (4 - 1).to_bytes(3, "little")
    chunks = head + pixels + b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


@pytest.mark.parametrize("orientation", EXIF_TURNS)
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientations_of_all_formats_are_read(orientation: int, order: str) -> None:
    block = exif_block(orientation, order=order)
    files = (jpeg((0xE1, b"Exif\0\0" + block)), png(block), png(block, after=True), webp(block))
    for content in (*files, webp(b"Exif\0\0" + block)):
        assert cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR) is not None
        assert exif_turn(content) == EXIF_TURNS[orientation]


@pytest.mark.parametrize(
    "segments",
    [
        [(0xE1, XMP), (0xE1, b"Exif\0\0" + exif_block(6))],
        [(0xE1, b"Exif\0\0" + exif_block(6)), (0xE1, XMP)],
        [(0xFE, b"a comment"), (0xE2, b"ICC_PROFILE\0" + b"x" * 60000), (0xE1, b"Exif\0\0" + exif_block(6))],
        [(0xE1, b"Exif\0\0" + exif_block(6, kind="I"))],
        [(0xE1, b"Exif\0\0" + exif_block(6, kind="B", order=">"))],
        [(0xE1, b"Exif\0\0" + exif_block(6, before=5, offset=64))],
    ],
    ids=["after XMP", "before XMP", "after a comment and a profile", "long", "byte", "later entry, later directory"],
)
def test_exif_is_found_among_other_metadata(segments: list[tuple[int, bytes]]) -> None:
    assert exif_turn(jpeg(*segments)) == EXIF_TURNS[6]


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_invalid_orientation_is_ignored(orientation: int) -> None:
    assert exif_turn(png(exif_block(orientation))) == UNTURNED


@pytest.mark.parametrize("length", [0, 1, 6, 8, 10, 14, 19])
def test_truncated_block_is_ignored(length: int) -> None:
    block = exif_block(6)[:length]
    for content in (png(block), jpeg((0xE1, b"Exif\0\0" + block)), webp(block)):
        assert exif_turn(content) == UNTURNED


def test_a_file_cut_anywhere_is_no_error() -> None:
    for content in (jpeg((0xE1, b"Exif\0\0" + exif_block(6))), png(exif_block(6)), webp(exif_block(6))):
        for length in range(len(content)):
            exif_turn(content[:length])


def test_a_picture_without_exif_is_not_turned() -> None:
    assert exif_turn(jpeg()) == exif_turn(b"") == exif_turn(b"GIF89a") == UNTURNED
