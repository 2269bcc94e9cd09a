from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.dataset.data import ImageFault, SplitName
from fer_edge.dataset.face_image import Rejected, decode_face
from fer_edge.dataset.listing import MAX_IMAGE_BYTES
from fer_edge.dataset.loading import load_dataset
from tests.fakes.labelled_faces import write_image


def png(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".png", pixels)[1].tobytes()


def png_that_claims(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


@pytest.mark.parametrize(
    ("content", "finding", "reason"),
    [
        (b"", ImageFault.NOT_AN_IMAGE, "is empty"),
        (b"<html>not found</html>", ImageFault.NOT_AN_IMAGE, "is no picture that OpenCV can read"),
        (bytes(MAX_IMAGE_BYTES + 1), ImageFault.TOO_LARGE, "has more than 4 MiB"),
        (png_that_claims(19000, 8000), ImageFault.TOO_LARGE, "claims 19000x8000 pixels, more than 100 million"),
    ],
)
def test_rejected_file_has_reason(content: bytes, finding: ImageFault, reason: str) -> None:
    assert decode_face(content) == Rejected(finding, reason)


@pytest.mark.parametrize("left", [0.5, 0.95])
@pytest.mark.parametrize("kind", [".jpg", ".png", ".bmp"])
def test_truncated_picture_is_rejected_by_any_opencv(kind: str, left: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
    whole = cv2.imencode(kind, pixels)[1].tobytes()
    assert not isinstance(decode_face(whole), Rejected)
    rejected = decode_face(whole[: int(len(whole) * left)])
    assert isinstance(rejected, Rejected)
    assert rejected.reason == ("is cut off before its end" if kind == ".jpg" else "is no picture that OpenCV can read")


@pytest.mark.parametrize(
    ("shape", "dtype", "changes"),
    [
        ((48, 48), np.uint8, []),
        ((48, 48), np.uint16, []),
        ((48, 48, 3), np.uint8, [ImageFault.COLOUR]),
        ((48, 48, 4), np.uint8, [ImageFault.COLOUR]),
        ((60, 40), np.uint8, [ImageFault.RESIZED]),
    ],
)
def test_any_picture_becomes_gray_face(shape: tuple[int, ...], dtype: type, changes: list[ImageFault]) -> None:
    top = np.iinfo(dtype).max
    pixels: np.ndarray = np.full(shape, top // 2, dtype)
    decoded = decode_face(png(pixels))
    assert not isinstance(decoded, Rejected)
    image, found = decoded
    assert (image.shape, image.dtype.name, found) == ((48, 48), "uint8", changes)
    assert image == pytest.approx(127, abs=1)


def test_colour_and_size_are_converted_as_by_runtime(tree: Path) -> None:
    colour = np.zeros((96, 96, 3), np.uint8)
    colour[:48], colour[48:] = (0, 0, 255), (255, 0, 0)
    write_image(tree / "train" / "happy" / "b.png", colour)
    image = load_dataset(str(tree)).train.images[4]
    # BT.601 luma of red and blue.
    assert (image[0, 0], image[47, 47]) == (76, 29)


def test_picture_that_claims_huge_size_is_not_decoded(tree: Path) -> None:
    write_image(tree / "train" / "happy" / "bomb.png", np.zeros((11_000, 11_000), np.uint8))
    dataset = load_dataset(str(tree))
    assert dataset.findings[SplitName.TRAIN][ImageFault.TOO_LARGE] == 1
