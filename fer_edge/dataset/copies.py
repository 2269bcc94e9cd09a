"""Exact and near duplicates among images. No TensorFlow."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.arrays import IntArray
from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.data import digests
from fer_edge.picture_form import FER2013_FORM
from fer_edge.scores import FloatArray

MIN_CORRELATION = 0.95
"""Least correlation of the pixels of near copies. In FER2013, pairs above it are one photograph, cropped otherwise by a
pixel, compressed otherwise or with a watermark; other photographs of one person lie below."""

_THUMBNAIL_SIZE = 16
_MIN_NORM = 0.5
"""Least norm of an image less its mean: half of that of a single pixel that differs by one gray level."""
_ROWS = 512
"""Thumbnails compared with all others at once: some 60 MB of correlations for FER2013."""


def copy_groups(images: npt.NDArray[np.uint8]) -> IntArray:
    """Group images that show the same picture, including copies of copies.

    Copies are equal, or correlate by at least `MIN_CORRELATION` both in 48x48 gray and as thumbnails, so that
    brightness and contrast may differ. Constant images correlate with nothing: they are grouped only if they are equal.

    Args:
        images: uint8 (N, H, W) gray or (N, H, W, 3) RGB.

    Returns:
        int64 (N,), the index of the first image of each image's group.
    """
    _, first, inverse = np.unique(digests(images), return_index=True, return_inverse=True)
    equal = np.stack([first[inverse], np.arange(len(images))], axis=1)
    return connect(len(images), np.concatenate([equal, *_near_pairs(convert_images(images, FER2013_FORM))]))


def exact_copies(images: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Return which images, uint8 (N, H, W[, 3]), are also among `others` pixel for pixel: bool (N,)."""
    return np.isin(digests(images), digests(others))


def _near_pairs(images: npt.NDArray[np.uint8]) -> Iterator[IntArray]:
    """Yield pairs of indices, int64 (P, 2), of nearly equal images; thumbnails are compared first to save work."""
    size = (_THUMBNAIL_SIZE, _THUMBNAIL_SIZE)
    thumbnails = _normalise(np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]))
    for start in range(0, len(images), _ROWS):
        correlation = thumbnails[start : start + _ROWS] @ thumbnails[start:].T
        pairs = np.argwhere(np.triu(correlation, 1) >= MIN_CORRELATION) + start
        first, second = (_normalise(images[column]) for column in pairs.T)
        yield pairs[(first * second).sum(axis=1) >= MIN_CORRELATION]


def _normalise(images: npt.NDArray[np.uint8]) -> FloatArray:
    """Return each image as a row of mean 0 and norm 1, whose products are correlations; constant ones as 0."""
    rows = images.reshape(len(images), images.shape[1] * images.shape[2]).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    scaled: FloatArray = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _MIN_NORM)
    return scaled


def connect(count: int, pairs: IntArray) -> IntArray:
    """Return the lowest index that each of `count` indices is connected with by `pairs`, int64 (P, 2)."""
    group = np.arange(count)
    first, second = pairs.T
    while True:
        lower = group.copy()
        np.minimum.at(lower, first, group[second])
        np.minimum.at(lower, second, group[first])
        if np.array_equal(lower, group):
            return group
        group = lower
