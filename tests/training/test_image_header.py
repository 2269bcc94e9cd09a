"""Sizes are read from the headers that real encoders write."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.training.image_header import declared_size


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
@pytest.mark.parametrize("size_wh", [(1, 1), (48, 48), (300, 17)])
@pytest.mark.parametrize("channels", [1, 3])
def test_size_of_an_encoded_picture(suffix: str, size_wh: tuple[int, int], channels: int) -> None:
    width, height = size_wh
    picture = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    assert declared_size(cv2.imencode(suffix, picture)[1].tobytes()) == size_wh


def test_size_of_a_progressive_jpeg() -> None:
    picture = np.zeros((20, 30), np.uint8)
    content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert declared_size(content) == (30, 20)


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\x00\x00" * 9]
)
def test_no_size_where_there_is_none(content: bytes) -> None:
    assert declared_size(content) is None
