"""Decoding of an image file to a face. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import ImageFault
from fer_edge.dataset.listing import MAX_IMAGE_BYTES
from fer_edge.picture_form import FER2013_FORM, GRAY, RGB, PictureForm
from fer_edge.pictures.decoding import picture_kind
from fer_edge.pictures.jpeg import JPEG_SIGNATURE, jpeg_is_cut_off
from fer_edge.pictures.size import declared_size, knows_size, most_pixels
from fer_edge.preprocess import resize
from fer_edge.terminal.native_logs import chatter_held_back

_UNREADABLE = "is no picture that OpenCV can read"


@dataclass(frozen=True)
class Rejected:
    """Reason why a file cannot be used.

    Attributes:
        finding: Kind of fault.
        reason: Fault in words that follow the file's name: "is empty".
    """

    finding: ImageFault
    reason: str


def decode_face(
    content: bytes, form: PictureForm = FER2013_FORM
) -> tuple[npt.NDArray[np.uint8], list[ImageFault]] | Rejected:
    """Decode an image file to a face.

    Args:
        content: Bytes of the file, cut off anywhere after `MAX_IMAGE_BYTES`.
        form: Size and colour to return.

    Returns:
        The face, uint8 (H, W) gray or (H, W, 3) RGB, 0..255, and its conversions; or the reason why there is none.
    """
    if not content:
        return Rejected(ImageFault.NOT_AN_IMAGE, "is empty")
    if len(content) > MAX_IMAGE_BYTES:
        return Rejected(ImageFault.TOO_LARGE, f"has more than {MAX_IMAGE_BYTES >> 20} MiB")
    if content.startswith(JPEG_SIGNATURE) and jpeg_is_cut_off(content):
        return Rejected(ImageFault.NOT_AN_IMAGE, "is cut off before its end")
    kind = picture_kind(content)
    size = declared_size(kind, content)
    if kind is None or (size is None and knows_size(kind)):
        return Rejected(ImageFault.NOT_AN_IMAGE, _UNREADABLE)
    width, height = size or (0, 0)
    if width * height > most_pixels():
        limit = f"{most_pixels() / 1e6:g} million"
        return Rejected(ImageFault.TOO_LARGE, f"claims {width}x{height} pixels, more than {limit}")
    try:
        with chatter_held_back():
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR)
    except cv2.error:
        image = None
    if image is None:
        return Rejected(ImageFault.NOT_AN_IMAGE, _UNREADABLE)
    return _as_face(np.asarray(image, np.uint8), form)


def _as_face(pixels: npt.NDArray[np.uint8], form: PictureForm) -> tuple[npt.NDArray[np.uint8], list[ImageFault]]:
    changes = []
    if pixels.ndim == 3 and form.colour == GRAY:
        changes.append(ImageFault.COLOUR)
    if pixels.ndim == 2 and form.colour == RGB:
        changes.append(ImageFault.GRAY_TO_COLOUR)
    if (pixels.shape[1], pixels.shape[0]) != form.size_wh:
        changes.append(ImageFault.RESIZED if form.size_wh == FER2013_FORM.size_wh else ImageFault.RESIZED_TO_FORM)
    return resize(form.from_bgr(pixels), form.size_wh), changes
