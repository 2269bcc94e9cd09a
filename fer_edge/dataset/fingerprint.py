"""Perceptual fingerprints of faces, robust to compression and resizing. No TensorFlow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import FACE_SIZE
from fer_edge.scores import FloatArray

Fingerprints = npt.NDArray[np.uint8]
"""uint8 (N, 18): 144 bits per picture."""

BITS = 144
_FREQUENCIES = 16
"""Frequencies along each axis; the 144 lowest pairs of them are used."""
_ROWS = 1024
"""Pictures compared with all others at once: some 130 MB of distances for FER2013."""


class Nearest(NamedTuple):
    """Nearest known picture of each of N pictures.

    Attributes:
        picture: Index of the known picture, int64 (N,).
        distance: Bits in which the two fingerprints differ, int64 (N,).
        runner_up: Bits in which the nearest fingerprint of another known picture differs, int64 (N,).
    """

    picture: npt.NDArray[np.int64]
    distance: npt.NDArray[np.int64]
    runner_up: npt.NDArray[np.int64]


def coefficients(images: npt.NDArray[np.uint8]) -> FloatArray:
    """Return the coefficients of each picture's lowest spatial frequencies.

    Low frequencies survive compression and resizing. Those that are odd from left to right change their sign in a
    mirror image, which is therefore another picture. Brightness and contrast are normalized first.

    Args:
        images: uint8 (N, 48, 48), gray.

    Returns:
        Coefficients of the discrete cosine transform without the constant one, lowest first, float32 (N, 144).
    """
    pixels = images.astype(np.float32)
    pixels -= pixels.mean(axis=(1, 2), keepdims=True)
    pixels /= np.maximum(pixels.std(axis=(1, 2), keepdims=True), 1)
    basis = _cosines()
    spectrum: FloatArray = basis @ pixels @ basis.T
    rows, columns = frequencies()
    return spectrum[:, rows, columns]


def fingerprints(images: npt.NDArray[np.uint8], thresholds: FloatArray) -> Fingerprints:
    """Return each picture's fingerprint: one bit per coefficient, set if it exceeds its threshold.

    Args:
        images: uint8 (N, 48, 48), gray.
        thresholds: Medians of the coefficients over many pictures, float32 (144,), which set each bit in half of them.
    """
    return np.packbits(coefficients(images) > thresholds, axis=1)


def find_nearest(prints: Fingerprints, known: Fingerprints, picture_of: npt.NDArray[np.int64]) -> Nearest:
    """Find the known picture nearest to each of N pictures.

    Args:
        prints: uint8 (N, 18).
        known: uint8 (M, 18), of at least two pictures.
        picture_of: Picture of each known fingerprint, int64 (M,); a picture with near copies has several.
    """
    signs = _signs(known)
    blocks = [prints[start : start + _ROWS] for start in range(0, len(prints), _ROWS)]
    found = [_nearest_of(_signs(block), signs, picture_of) for block in blocks or [prints]]
    return Nearest(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def near_pairs(prints: Fingerprints, distance: int) -> npt.NDArray[np.int64]:
    """Return the pairs of indices, int64 (P, 2), of fingerprints that differ in at most `distance` bits."""
    signs = _signs(prints)
    pairs = []
    for start in range(0, len(prints), _ROWS):
        alike = signs[start : start + _ROWS] @ signs.T
        pairs.append(np.argwhere(_distance(alike) <= distance) + np.array([start, 0]))
    found = np.concatenate(pairs)
    return found[found[:, 0] < found[:, 1]]


def frequencies() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the vertical and the horizontal frequency of each bit, int64 (144,), lowest first."""
    pairs = [(down, across) for down in range(_FREQUENCIES) for across in range(_FREQUENCIES) if down + across]
    pairs.sort(key=lambda pair: (pair[0] ** 2 + pair[1] ** 2, pair))
    rows, columns = np.array(pairs[:BITS]).T
    return rows, columns


def _nearest_of(
    pictures: FloatArray, known: FloatArray, picture_of: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], ...]:
    alike = pictures @ known.T  # bits that agree, less those that differ
    best = alike.argmax(axis=1)
    picture = picture_of[best]
    others = np.where(picture_of == picture[:, np.newaxis], -BITS, alike)
    return picture, _distance(alike[np.arange(len(best)), best]), _distance(others.max(axis=1))


def _distance(alike: FloatArray) -> npt.NDArray[np.int64]:
    return np.asarray((BITS - alike) / 2, np.int64)


def _signs(prints: Fingerprints) -> FloatArray:
    return np.unpackbits(prints, axis=1).astype(np.float32) * 2 - 1


def _cosines() -> FloatArray:
    """Return the lowest rows of the orthonormal discrete cosine transform, float32 (16, 48)."""
    frequency, place = np.arange(_FREQUENCIES)[:, np.newaxis], np.arange(FACE_SIZE) + 0.5
    waves: Any = np.sqrt(2 / FACE_SIZE) * np.cos(np.pi * frequency * place / FACE_SIZE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)
