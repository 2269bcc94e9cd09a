from __future__ import annotations

import struct
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from fer_edge.dataset.face_image import Rejected, decode_face
from fer_edge.pictures.decoding import decode_picture
from fer_edge.pictures.jpeg import jpeg_is_cut_off, jpeg_segments, jpeg_size

PIXELS = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)
WHOLE = cv2.imencode(".jpg", PIXELS)[1].tobytes()
THUMBNAIL = cv2.imencode(".jpg", PIXELS[:8, :8])[1].tobytes()


def with_thumbnail(jpeg: bytes) -> bytes:
    data = b"Exif\0\0" + THUMBNAIL
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


def test_segments_lie_one_after_another_up_to_the_scan() -> None:
    segments = list(jpeg_segments(WHOLE))
    assert (segments[0][0], segments[-1][0]) == (0xE0, 0xDA)
    assert [start - 4 for _, start, _ in segments] == [2, *(end for _, _, end in segments[:-1])]
    assert jpeg_size(WHOLE) == (48, 48)


@pytest.mark.parametrize("make", [bytes, with_thumbnail])
def test_truncated_file_is_detected(make: Callable[[bytes], bytes]) -> None:
    whole = make(WHOLE)
    assert not jpeg_is_cut_off(whole)
    assert not jpeg_is_cut_off(whole + b"\xff\xd8\xff\xda and more")
    assert all(jpeg_is_cut_off(whole[:length]) for length in range(3, len(whole)))


def test_labelled_face_cut_off_behind_its_thumbnail_is_rejected() -> None:
    content = with_thumbnail(WHOLE)
    rejected = decode_face(content[: len(content) - len(WHOLE) + 40])
    assert isinstance(rejected, Rejected)
    assert rejected.reason == "is cut off before its end"


def test_bytes_between_segments_are_skipped_as_decoders_skip_them() -> None:
    table = WHOLE.index(b"\xff\xdb")
    content = WHOLE[:table] + bytes(3) + WHOLE[table:]
    assert not jpeg_is_cut_off(content)
    np.testing.assert_array_equal(decode_picture(content), decode_picture(WHOLE))
