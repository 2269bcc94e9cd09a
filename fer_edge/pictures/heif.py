"""HEIC and AVIF pictures through libheif and Pillow, an extra, where OpenCV cannot read them."""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, first_line

Pixels = npt.NDArray[np.generic]


def is_read_with_extra(kind: str) -> bool:
    """Return true if pictures of this kind are read by packages of the extra, installed or not."""
    return kind in _DECODERS


def is_extra_installed(kind: str) -> bool:
    """Return true if `decode_with_extra` reads pictures of this kind."""
    return is_read_with_extra(kind) and find_spec(_DECODERS[kind][0]) is not None


def decode_with_extra(kind: str, content: bytes) -> Pixels:
    """Decode the first picture of a HEIC or AVIF file; the extra must be installed.

    libheif obeys a HEIC file's turn; an AVIF file's is left to the caller.

    Returns:
        (H, W) gray or (H, W, C) of blue, green, red and, if there is one, alpha.

    Raises:
        InputError: If the picture is damaged.
    """
    _, decode = _DECODERS[kind]
    try:
        return decode(content)
    except Exception as error:  # a damaged picture raises nearly anything, IndexError among it
        raise InputError(f"{kind}, but damaged or unusual ({first_line(error)}); get a whole copy") from error


def _decode_heic(content: bytes) -> Pixels:
    import pillow_heif

    return np.asarray(pillow_heif.open_heif(io.BytesIO(content), bgr_mode=True))


def _decode_avif(content: bytes) -> Pixels:
    import PIL.Image

    with PIL.Image.open(io.BytesIO(content), formats=["AVIF"]) as picture:
        return np.asarray(picture.convert("RGBA"))[..., [2, 1, 0, 3]]


_DECODERS: dict[str, tuple[str, Callable[[bytes], Pixels]]] = {
    "AVIF": ("PIL", _decode_avif),
    "HEIC": ("pillow_heif", _decode_heic),
}
"""Package and function that read a kind of picture."""
