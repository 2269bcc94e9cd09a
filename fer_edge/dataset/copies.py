"""Images that show the same picture, byte for byte or nearly. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import digests
from fer_edge.scores import FloatArray

IntArray = npt.NDArray[np.int64]

MIN_CORRELATION = 0.95
"""Of the pixels of two near copies. In FER2013, pairs above it are one photograph with another crop by a pixel, another
compression or a watermark; other photographs of one person lie below."""

_THUMBNAIL_SIZE = 16
_MIN_NORM = 0.5
"""Half of what a single pixel's step by one gray level makes: below it there is only rounding."""
_ROWS = 512
"""Thumbnails that are compared with all others at a time: some 60 MB of correlations for FER2013."""


def copy_groups(images: npt.NDArray[np.uint8]) -> IntArray:
    """Group images that show the same picture, and copies of copies with them.

    Copies are equal, or correlate by at least `MIN_CORRELATION` both as they are and shrunk, which forgives another
    brightness and contrast. Constant images correlate with nothing, so they are grouped only if they are equal.

    Args:
        images: uint8 (N, 48, 48).

    Returns:
        int64 (N,), for each image the index of the first one in its group.
    """
    _, first, inverse = np.unique(digests(images), return_index=True, return_inverse=True)
    equal = np.stack([first[inverse], np.arange(len(images))], axis=1)
    return connect(len(images), np.concatenate([equal, *_near_pairs(images)]))


def exact_copies(images: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which images, uint8 (N, H, W), are also among `others`, uint8 (M, H, W), pixel for pixel: bool (N,)."""
    return np.isin(digests(images), digests(others))


def _near_pairs(images: npt.NDArray[np.uint8]) -> Iterator[IntArray]:
    """Pairs of indices, int64 (P, 2), of images that are nearly equal: a first look at thumbnails saves most work."""
    size = (_THUMBNAIL_SIZE, _THUMBNAIL_SIZE)
    thumbnails = _normalise(np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]))
    for start in range(0, len(images), _ROWS):
        correlation = thumbnails[start : start + _ROWS] @ thumbnails[start:].T
        pairs = np.argwhere(np.triu(correlation, 1) >= MIN_CORRELATION) + start
        first, second = (_normalise(images[column]) for column in pairs.T)
        yield pairs[(first * second).sum(axis=1) >= MIN_CORRELATION]


def _normalise(images: npt.NDArray[np.uint8]) -> FloatArray:
    """Each image as a row of mean 0 and length 1, so that rows' products are correlations; constant ones as zeros."""
    rows = images.reshape(len(images), images.shape[1] * images.shape[2]).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    scaled: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _MIN_NORM)
    return scaled


def connect(count: int, pairs: IntArray) -> IntArray:
    """For each of `count` indices the lowest that it is connected with over `pairs`, int64 (P, 2)."""
    group = np.arange(count)
    first, second = pairs.T
    while True:
        lower = group.copy()
        np.minimum.at(lower, first, group[second])
        np.minimum.at(lower, second, group[first])
        if np.array_equal(lower, group):
            return group
        group = lower
