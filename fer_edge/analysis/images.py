"""Pictures in the forms that Python users have them in: files, bytes, NumPy arrays and PIL images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError
from fer_edge.files import require_regular_file
from fer_edge.pictures.decoding import decode_picture
from fer_edge.pictures.size import read_moderate
from fer_edge.preprocess import Image

if TYPE_CHECKING:
    from typing import TypeAlias

    from PIL.Image import Image as PILImage

    ImageLike: TypeAlias = str | os.PathLike[str] | bytes | npt.NDArray[np.uint8] | PILImage
    """A picture file's path or content, pixels uint8 (H, W) gray or (H, W, 3) BGR, or a PIL image."""

_EXPECTED = "a path, a picture file's bytes, a PIL image, or an array uint8 (H, W) gray or (H, W, 3) BGR"
_MOST_CHANNELS = 4


def read_image(given: ImageLike) -> Image:
    """Return a picture's pixels, uint8 (H, W, 3) BGR, turned upright as the file or the PIL image says.

    Raises:
        InputError: If it is no picture, or an array of another shape or type.
    """
    if isinstance(given, bytes):
        return _decoded(given, "bytes")
    if isinstance(given, (str, os.PathLike)):
        return read_picture_file(Path(given))
    if isinstance(given, np.ndarray):
        return _from_array(given)
    if hasattr(given, "getexif") and hasattr(given, "convert"):
        return _from_pil(given)
    raise InputError(f"expected {_EXPECTED}, got {type(given).__name__}")


def read_picture_file(path: Path) -> Image:
    """Return the pixels of a picture file, uint8 (H, W, 3) BGR, upright.

    Raises:
        InputError: If it cannot be read; the message begins with the path.
    """
    try:
        require_regular_file(path, "a picture")
        content = _read_moderate(path)
    except OSError as error:
        raise InputError(f"{path}: expected a picture, got a file that cannot be read ({error.strerror})") from error
    return _decoded(content, str(path))


def _read_moderate(path: Path) -> bytes:
    try:
        return read_moderate(path)
    except InputError as error:
        raise InputError(f"{path}: expected a picture, got {error}") from error


def require_pixels(pixels: npt.NDArray[Any]) -> None:
    """Check that an array holds one picture's pixels.

    Raises:
        InputError: If its type or shape is another; the message says what it looks like and how to convert it.
    """
    shape = pixels.shape
    if pixels.dtype != np.uint8:
        first = "scale them to 0..255 and " if pixels.dtype.kind == "f" else ""
        raise InputError(
            f"expected pixels uint8, 0..255, got {pixels.dtype}; {first}convert them with .astype('uint8')"
        )
    if pixels.ndim == 4:
        raise InputError(f"expected one picture (H, W[, 3]), got a batch {shape}; give a list of its pictures")
    if pixels.ndim == 3 and shape[0] in (1, 3) and shape[2] > _MOST_CHANNELS:
        raise InputError(f"expected a picture (H, W[, 3]), got {shape} with channels first; use .transpose(1, 2, 0)")
    if pixels.ndim == 3 and shape[2] == _MOST_CHANNELS:
        raise InputError(f"expected a picture (H, W[, 3]), got {shape} with an alpha channel; use image[..., :3]")
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and shape[2] not in (1, 3)) or not pixels.size:
        raise InputError(f"expected a picture (H, W) or (H, W, 3) with at least one pixel, got {shape}")


def _decoded(content: bytes, name: str) -> Image:
    try:
        return decode_picture(content)
    except InputError as error:
        raise InputError(f"{name}: expected a picture, got {error}") from error


def _from_array(pixels: npt.NDArray[Any]) -> Image:
    require_pixels(pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 3:
        return np.ascontiguousarray(pixels)
    gray = np.ascontiguousarray(pixels.reshape(pixels.shape[:2]))
    return np.asarray(cv2.cvtColor(gray, cv2.COLOR_GRAY2BGR), np.uint8)


def _from_pil(picture: Any) -> Image:
    from PIL import ImageOps  # it is installed, as the picture is one of its own

    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info:
        from PIL import Image as PILModule

        upright = upright.convert("RGBA")
        upright = PILModule.alpha_composite(PILModule.new("RGBA", upright.size, "white"), upright)
    return np.ascontiguousarray(np.asarray(upright.convert("RGB"), np.uint8)[..., ::-1])
