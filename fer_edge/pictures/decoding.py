"""Picture files: recognition by their first bytes, and decoding upright."""

from __future__ import annotations

import io
import re
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, extra_advice
from fer_edge.pictures.exif import exif_turn
from fer_edge.pictures.heif import decode_with_extra, is_extra_installed, is_read_with_extra
from fer_edge.pictures.iso_media import picture_turn
from fer_edge.pictures.jpeg import jpeg_is_cut_off
from fer_edge.pictures.size import declared_size, knows_size, read_moderate, require_moderate
from fer_edge.pictures.upright import UNTURNED, Turn, upright
from fer_edge.preprocess import Image
from fer_edge.terminal.native_logs import chatter_held_back

_HEAD_BYTES = 256

_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "WebP": rb"RIFF.{4}WEBP",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "BMP": rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0",  # all lengths that headers have
    "PNM": rb"P[1-6]\s+[#\d]|P7\n",
    "PFM": rb"P[Ff]\s+\d",
    "GIF": rb"GIF8[79]a",
    "AVIF": rb".{4}ftyp.{0,40}?avi[fs]",
    "HEIC": rb".{4}ftyp(he[iv][cmsx]|mif1|msf1)",
    "JPEG 2000": rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51",
    "JPEG XL": rb"\0\0\0\x0cJXL \r\n\x87\n|\xff\x0a",
    "Radiance": rb"#\?(RADIANCE|RGBE)",
    "Sun raster": rb"\x59\xa6\x6a\x95",
    "OpenEXR": rb"\x76\x2f\x31\x01",
    "Photoshop": rb"8BPS",
    "icon": rb"\0\0\x01\0[\x01-\x10]\0",
    "SVG": rb"\s*(<\?xml.*)?<svg",
}
"""Regular expression of the first bytes of each kind; the first match counts."""

_READ_EVERYWHERE = frozenset({"JPEG", "PNG", "WebP", "TIFF", "BMP", "PNM"})
"""Kinds that every OpenCV version reads: a file that it cannot read is damaged."""

_NEVER_SEE_THROUGH = frozenset({"JPEG", "Radiance"})

_PNG_SIGNATURE_BYTES = 8
_PNG_CHUNK_BYTES = 12
"""Length, type and checksum of a chunk, without its data."""
_PNG_END = b"IEND"
_WHITE = 255

_GIF_EXTENSION, _GIF_PICTURE = 0x21, 0x2C
_GIF_BLOCKS = (_GIF_EXTENSION, _GIF_PICTURE)


def picture_kind(head: bytes) -> str | None:
    """Return the name of the picture format of a file that begins with `head`, or `None` if it is no picture.

    Args:
        head: The first bytes of the file, 256 or more where it has as many.
    """
    start = head[:_HEAD_BYTES]
    return next((kind for kind, sign in _SIGNATURES.items() if re.match(sign, start, re.DOTALL)), None)


def is_picture(path: Path) -> bool:
    """Return true if a file's first bytes are a picture's; false if it cannot be opened, is a pipe or a device."""
    return _kind_of_file(path) is not None


def is_animated_gif(path: Path) -> bool:
    """Return true if a file is a GIF with more than one picture, or larger than a single one is."""
    try:
        return _kind_of_file(path) == "GIF" and is_animated(read_moderate(path))
    except InputError:
        return True


def is_animated(content: bytes) -> bool:
    """Return true if a GIF, WebP, PNG or AVIF file is animated."""
    kind = picture_kind(content)
    if kind == "GIF":
        return _has_two_pictures(content)
    if kind == "WebP":
        return content[12:16] == b"VP8X" and bool(content[20] & 2)
    if kind == "PNG":
        return b"acTL" in content[: content.find(b"IDAT")]
    return kind == "AVIF" and b"avis" in content[:_HEAD_BYTES]


def decode_picture(content: bytes) -> Image:
    """Decode a picture file, the first picture if it has several, and bring it upright; transparent parts become white.

    Returns:
        uint8 (H, W, 3) BGR, 0..255.

    Raises:
        InputError: If it cannot be read; the message begins with its kind and says what to do.
    """
    kind = picture_kind(content)
    if kind is None:
        raise InputError("something that is no picture by its content")
    if _ends_early(kind, content):
        raise InputError(f"{kind}, but it ends too early; get a whole copy")
    size = declared_size(kind, content)
    if size is None and knows_size(kind):
        raise InputError(_advice(kind))
    require_moderate(*size or (0, 0), kind=kind)
    pixels = _decode_with_opencv(kind, content)
    if pixels is None and is_extra_installed(kind):
        pixels = decode_with_extra(kind, content)
    if pixels is None:
        raise InputError(_advice(kind))
    return upright(_to_bgr(pixels), _stored_turn(kind, content))


def _decode_with_opencv(kind: str, content: bytes) -> npt.NDArray[np.generic] | None:
    """Return the pixels as stored, `None` if OpenCV cannot read them."""
    # Exif is applied later: OpenCV applies it only in some versions, and never where it keeps the alpha channel.
    keep = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION if kind in _NEVER_SEE_THROUGH else cv2.IMREAD_UNCHANGED
    try:
        with chatter_held_back():
            pixels = cv2.imdecode(np.frombuffer(content, np.uint8), keep)
    except (cv2.error, MemoryError) as error:
        is_too_large = isinstance(error, MemoryError) or "CV_IO_MAX_IMAGE" in str(error)
        raise InputError(
            f"{kind}, but too large for OpenCV; scale it down" if is_too_large else _advice(kind)
        ) from error
    return None if pixels is None else np.asarray(pixels)


def _kind_of_file(path: Path) -> str | None:
    try:
        if not path.is_file():  # reading from a pipe would wait, and consume it
            return None
        with path.open("rb") as file:
            return picture_kind(file.read(_HEAD_BYTES))
    except OSError:
        return None


def _ends_early(kind: str, content: bytes) -> bool:
    """Return true if a JPEG or PNG file lacks its end."""
    if kind == "JPEG":
        return jpeg_is_cut_off(content)
    return kind == "PNG" and _png_is_cut_off(content)


def _png_is_cut_off(content: bytes) -> bool:
    """Return true if a PNG file ends before its last chunk, as it also does where a chunk's length is damaged.

    libpng allocates as many bytes as the length says, up to 2 GB.
    """
    position = _PNG_SIGNATURE_BYTES
    while position + _PNG_CHUNK_BYTES <= len(content):
        if content[position + 4 : position + 8] == _PNG_END:
            return False
        position += _PNG_CHUNK_BYTES + int.from_bytes(content[position : position + 4], "big")
    return True


def _advice(kind: str) -> str:
    if kind in _READ_EVERYWHERE or is_extra_installed(kind):
        return f"{kind}, but damaged or of an unusual kind; get a whole copy, or save it anew as JPEG or PNG"
    extra = f", or {extra_advice('heic')}" if is_read_with_extra(kind) else ""
    return f"{kind}, which OpenCV {cv2.__version__} cannot read; convert it to JPEG or PNG{extra}"


def _stored_turn(kind: str, content: bytes) -> Turn:
    if kind == "AVIF":
        return picture_turn(io.BytesIO(content))
    return UNTURNED if kind == "TIFF" else exif_turn(content)


def _to_bgr(pixels: npt.NDArray[np.generic]) -> Image:
    """Return pixels of any depth, gray, coloured or with an alpha channel, as uint8 (H, W, 3) BGR."""
    levels = _to_levels(pixels)
    if levels.ndim == 3 and levels.shape[2] == 4:
        alpha = levels[..., 3:].astype(np.uint16)
        if (alpha == 255).all():
            return np.ascontiguousarray(levels[..., :3])
        colour = levels[..., :3] * alpha + _WHITE * (255 - alpha)
        return np.asarray((colour + 127) // 255, np.uint8)
    if levels.ndim == 3 and levels.shape[2] == 3:
        return levels
    gray = levels if levels.ndim == 2 else np.ascontiguousarray(levels[..., 0])
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def _to_levels(pixels: npt.NDArray[np.generic]) -> Image:
    """Scale to 0..255: 16 bits by their high byte; others, such as float, by the largest value or 1."""
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.uint8)
    if pixels.dtype == np.uint16:
        return np.asarray(pixels.astype(np.uint16) >> 8, np.uint8)
    numbers = np.nan_to_num(pixels.astype(np.float32), nan=0, posinf=0, neginf=0)
    return np.asarray(np.clip(numbers * (255 / max(float(numbers.max()), 1)), 0, 255), np.uint8)


def _has_two_pictures(gif: bytes) -> bool:
    """Return true if a GIF has a second picture (GIF89a specification, sections 18 to 26)."""
    try:
        position = _after_gif_picture(gif, 13 + _colour_table_bytes(gif[10]))
        _after_gif_picture(gif, position)
    except (IndexError, ValueError):  # the file ends, or has other content
        return False
    return True


def _after_gif_picture(gif: bytes, position: int) -> int:
    """Return the position behind the next picture, and behind the extensions that come before it."""
    while (separator := gif[position]) in _GIF_BLOCKS:
        position += 11 + _colour_table_bytes(gif[position + 9]) if separator == _GIF_PICTURE else 2
        while gif[position]:  # data comes in pieces, each after its length
            position += 1 + gif[position]
        position += 1
        if separator == _GIF_PICTURE:
            return position
    raise ValueError("no picture comes next")


def _colour_table_bytes(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0
