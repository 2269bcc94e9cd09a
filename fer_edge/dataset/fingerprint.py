"""Fingerprints of faces: the same picture is known again after another compression or size. No TensorFlow."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import FACE_SIZE
from fer_edge.scores import FloatArray

Fingerprints = npt.NDArray[np.uint8]
"""uint8 (N, 18): 144 bits a picture."""

BITS = 144
_FREQUENCIES = 16
"""Along each axis; the 144 lowest of their pairs are used."""
_ROWS = 1024
"""Pictures that are compared with all others at a time: some 130 MB of distances for FER2013."""


class Nearest(NamedTuple):
    """The known picture that resembles each of N pictures most.

    Attributes:
        picture: int64 (N,), the known picture.
        distance: int64 (N,), bits in which the two fingerprints differ.
        runner_up: int64 (N,), the same distance of the nearest fingerprint of any other known picture.
    """

    picture: npt.NDArray[np.int64]
    distance: npt.NDArray[np.int64]
    runner_up: npt.NDArray[np.int64]


def coefficients(images: npt.NDArray[np.uint8]) -> FloatArray:
    """Return what the bits are taken from: each picture's lowest spatial frequencies.

    Low frequencies survive compression and resizing; those that are odd from left to right change their sign in a
    mirrored picture, so that it is not taken for the same one. Brightness and contrast are taken out before.

    Args:
        images: uint8 (N, 48, 48), gray.

    Returns:
        float32 (N, 144), coefficients of the discrete cosine transform without the constant one, lowest first.
    """
    pixels = images.astype(np.float32)
    pixels -= pixels.mean(axis=(1, 2), keepdims=True)
    pixels /= np.maximum(pixels.std(axis=(1, 2), keepdims=True), 1)
    basis = _cosines()
    spectrum: FloatArray = basis @ pixels @ basis.T
    rows, columns = frequencies()
    return spectrum[:, rows, columns]


def fingerprints(images: npt.NDArray[np.uint8], thresholds: FloatArray) -> Fingerprints:
    """Return each picture's fingerprint, a bit a coefficient: whether it exceeds its threshold.

    Args:
        images: uint8 (N, 48, 48), gray.
        thresholds: float32 (144,), the coefficients' medians over many pictures, which makes both values as likely.
    """
    return np.packbits(coefficients(images) > thresholds, axis=1)


def find_nearest(prints: Fingerprints, known: Fingerprints, picture_of: npt.NDArray[np.int64]) -> Nearest:
    """Find the known picture nearest to each of N pictures.

    Args:
        prints: uint8 (N, 18).
        known: uint8 (M, 18), of at least two pictures.
        picture_of: int64 (M,), which picture each known fingerprint is of: near copies have several.
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
    alike = pictures @ known.T  # the bits that agree less those that do not
    best = alike.argmax(axis=1)
    picture = picture_of[best]
    others = np.where(picture_of == picture[:, np.newaxis], -BITS, alike)
    return picture, _distance(alike[np.arange(len(best)), best]), _distance(others.max(axis=1))


def _distance(alike: FloatArray) -> npt.NDArray[np.int64]:
    return np.asarray((BITS - alike) / 2, np.int64)


def _signs(prints: Fingerprints) -> FloatArray:
    return np.unpackbits(prints, axis=1).astype(np.float32) * 2 - 1


def _cosines() -> FloatArray:
    """Rows of the orthonormal discrete cosine transform, (16, 48)."""
    frequency, place = np.arange(_FREQUENCIES)[:, np.newaxis], np.arange(FACE_SIZE) + 0.5
    waves: Any = np.sqrt(2 / FACE_SIZE) * np.cos(np.pi * frequency * place / FACE_SIZE)
    waves[0] /= np.sqrt(2)
    return np.asarray(waves, np.float32)
