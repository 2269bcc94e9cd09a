"""Size that a picture file declares, and the limit to it: a file of 35 bytes can declare gigabytes."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.pictures.jpeg import jpeg_size

LIMIT_ENV = "OPENCV_IO_MAX_IMAGE_PIXELS"
"""Environment variable of OpenCV's own limit, read at its import; declared sizes have the same limit."""

_MOST_PIXELS = 100_000_000
"""Default limit, twice the size of a phone's photographs."""

_OPENCV_SIZE = re.compile(r"[0-9]{1,15}(?:[kKmM][bB])?")
"""Values of the variable that OpenCV can read."""

_BYTES_OF_PIXEL = 4
"""Most bytes of a file for each pixel within the limit, as many as 8-bit RGBA takes without compression."""

_Size = tuple[int, int]
_TIFF_WIDTH, _TIFF_HEIGHT, _TIFF_TILE_WIDTH, _TIFF_TILE_HEIGHT = 256, 257, 322, 323
_TIFF_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_BOX_HEAD_BYTES = 1 << 20


def most_pixels() -> int:
    """Return the largest number of pixels that is decoded."""
    given = os.environ.get(LIMIT_ENV, "")
    return int(given) if given.isdecimal() and len(given) < 20 else _MOST_PIXELS


def limit_opencv(max_megapixels: float | None) -> None:
    """Set the largest picture that is decoded, `None` for the default; call it before OpenCV is imported."""
    if max_megapixels is not None:
        os.environ[LIMIT_ENV] = str(round(max_megapixels * 1e6))
    elif not _OPENCV_SIZE.fullmatch(os.environ.get(LIMIT_ENV, "")):  # at which OpenCV would end the process
        os.environ[LIMIT_ENV] = str(_MOST_PIXELS)


def require_moderate(width: int, height: int, kind: str) -> None:
    """Check the size of a picture or video before memory is allocated.

    Raises:
        InputError: If it is above the limit; the message begins with `kind`.
    """
    if width * height > most_pixels():
        raise InputError(
            f"{kind} of {width}x{height} pixels, more than {most_pixels() / 1e6:g} million; scale it down, or raise "
            f"the limit: max_megapixels={-(-width * height // 1_000_000)}"
        )


def read_moderate(path: Path) -> bytes:
    """Return a picture file's content.

    Raises:
        InputError: If the file is larger than pictures within the limit are.
        OSError: If it cannot be read.
    """
    most = _BYTES_OF_PIXEL * most_pixels()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise InputError(
                f"a file of {size / 1e6:,.0f} MB, more than {most / 1e6:,.0f}; get the picture itself, or raise the "
                f"limit: max_megapixels={-(-size // (1_000_000 * _BYTES_OF_PIXEL))}"
            )
        return file.read(most)


def knows_size(kind: str) -> bool:
    """Return true if every undamaged picture of this kind declares its size."""
    return kind in _READERS


def declared_size(kind: str | None, content: bytes) -> _Size | None:
    """Return the width and height that a picture file declares, `None` if it declares none or ends before.

    Args:
        kind: Name of its format, as `picture_kind` returns it.
        content: The whole file.
    """
    if kind is None or kind not in _READERS:
        return None
    try:
        return _READERS[kind](content)
    except (struct.error, IndexError, ValueError):
        return None


def _png(content: bytes) -> _Size:
    width, height = struct.unpack_from(">II", content, 16)
    return width, height


def _gif(content: bytes) -> _Size:
    width, height = struct.unpack_from("<HH", content, 6)
    return width, height


def _bmp(content: bytes) -> _Size:
    if content[14] == 12:  # the header of OS/2 1
        width, height = struct.unpack_from("<HH", content, 18)
        return width, height
    width, height = struct.unpack_from("<ii", content, 18)
    return abs(width), abs(height)


def _webp(content: bytes) -> _Size | None:
    chunk = content[12:16]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(content[start : start + 3], "little") + 1 for start in (24, 27))
        return width, height
    if chunk == b"VP8L":
        bits = int(struct.unpack_from("<I", content, 21)[0])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", content, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff(content: bytes) -> _Size | None:
    """Return the first picture's size, or its tiles' if they are larger, as one tile is decoded at a time."""
    facts = dict(_tiff_numbers(content))
    if _TIFF_WIDTH not in facts or _TIFF_HEIGHT not in facts:
        return None
    whole = facts[_TIFF_WIDTH], facts[_TIFF_HEIGHT]
    tile = facts.get(_TIFF_TILE_WIDTH, 0), facts.get(_TIFF_TILE_HEIGHT, 0)
    return max(whole, tile, key=lambda size: size[0] * size[1])


def _tiff_numbers(content: bytes) -> Iterator[tuple[int, int]]:
    """Yield the first directory's fields that are numbers (TIFF 6.0, section 2; BigTIFF has wider ones)."""
    order = "<" if content[:2] == b"II" else ">"
    is_big = content[2:4] in (b"+\0", b"\0+")
    count_format, entry_format, value_at = ("Q", "HHQ", 12) if is_big else ("H", "HHI", 8)
    (start,) = struct.unpack_from(order + ("Q" if is_big else "I"), content, 8 if is_big else 4)
    (count,) = struct.unpack_from(order + count_format, content, start)
    start += struct.calcsize(order + count_format)
    entry_bytes = 20 if is_big else 12
    for entry in range(start, min(start + count * entry_bytes, len(content)), entry_bytes):
        tag, kind, _ = struct.unpack_from(order + entry_format, content, entry)
        if kind in _TIFF_NUMBERS:
            yield tag, int(struct.unpack_from(order + _TIFF_NUMBERS[kind], content, entry + value_at)[0])


def _netpbm(content: bytes) -> _Size | None:
    if content.startswith(b"P7"):
        sides = [re.search(rb"\n%s\s+(\d{1,10})\s" % name, content[:4096]) for name in (b"WIDTH", b"HEIGHT")]
        return (int(sides[0][1]), int(sides[1][1])) if sides[0] and sides[1] else None
    match = re.match(rb"P[1-6Ff](?:\s|#[^\n]*\n)+(\d{1,10})(?:\s|#[^\n]*\n)+(\d{1,10})", content)
    return (int(match[1]), int(match[2])) if match else None


def _heif(content: bytes) -> _Size | None:
    """Return the largest of the sizes that its items declare, the parts of a grid and the grid among them."""
    heads = (match.end() for match in re.finditer(rb"ispe\0{4}", content[:_BOX_HEAD_BYTES]))
    sizes = [struct.unpack_from(">II", content, start) for start in heads]
    return max(((int(w), int(h)) for w, h in sizes), key=lambda size: size[0] * size[1], default=None)


def _jpeg_2000(content: bytes) -> _Size:
    right, bottom, left, top = struct.unpack_from(">4I", content, content.index(b"\xff\x4f\xff\x51") + 8)
    return max(right - left, 0), max(bottom - top, 0)


def _radiance(content: bytes) -> _Size | None:
    match = re.search(rb"\n\n[-+]Y (\d{1,10}) [-+]X (\d{1,10})\n", content[:_BOX_HEAD_BYTES])
    return (int(match[2]), int(match[1])) if match else None


def _sun_raster(content: bytes) -> _Size:
    width, height = struct.unpack_from(">II", content, 4)
    return width, height


_READERS: dict[str, Callable[[bytes], _Size | None]] = {
    "JPEG": jpeg_size,
    "PNG": _png,
    "GIF": _gif,
    "BMP": _bmp,
    "WebP": _webp,
    "TIFF": _tiff,
    "PNM": _netpbm,
    "PFM": _netpbm,
    "AVIF": _heif,
    "HEIC": _heif,
    "JPEG 2000": _jpeg_2000,
    "Radiance": _radiance,
    "Sun raster": _sun_raster,
}
"""Readers of the declared size, by format; OpenCV's own limit holds for other formats."""
