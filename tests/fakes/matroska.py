"""Writes Motion JPEG in Matroska with any presentation times, as OpenCV's writer knows constant rates only."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt


def write_matroska(
    path: Path, images: Iterable[npt.NDArray[np.uint8]], times_ms: Iterable[int], *, duration_ms: float | None = None
) -> None:
    """Write a recording, each frame in a cluster of its own.

    Args:
        path: An .mkv or .webm file.
        images: uint8 (H, W, 3) BGR, all of one size.
        times_ms: When each is shown.
        duration_ms: Said in the header; a browser's recordings lack it.
    """
    frames = list(zip(images, times_ms, strict=True))
    height, width = frames[0][0].shape[:2]
    video = _element("E0", _number("B0", width) + _number("BA", height))
    track = _number("D7", 1) + _number("73C5", 1) + _number("83", 1) + _element("86", b"V_MJPEG") + video
    info = _number("2AD7B1", 1_000_000)  # nanoseconds of a tick
    if duration_ms is not None:
        info += _element("4489", struct.pack(">d", duration_ms))
    clusters = b"".join(_cluster(image, time_ms) for image, time_ms in frames)
    segment = _element("1549A966", info) + _element("1654AE6B", _element("AE", track)) + clusters
    header = _element("4282", b"matroska") + _number("4287", 4) + _number("4285", 2)
    path.write_bytes(_element("1A45DFA3", header) + _element("18538067", segment))


def _cluster(image: npt.NDArray[np.uint8], time_ms: int) -> bytes:
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    block = bytes([0x81, 0, 0, 0x80]) + jpeg  # track 1, 0 ms after the cluster, a key frame
    return _element("1F43B675", _number("E7", time_ms) + _element("A3", block))


def _number(identifier: str, value: int) -> bytes:
    return _element(identifier, value.to_bytes(8, "big"))


def _element(identifier: str, content: bytes) -> bytes:
    return bytes.fromhex(identifier) + (len(content) | 1 << 56).to_bytes(8, "big") + content
