"""Near-copies among faces: one photograph cropped, compressed or lit otherwise. No TensorFlow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.conversion import convert_images
from fer_edge.dataset.fer2013_votes import known_pictures
from fer_edge.dataset.fingerprint import fingerprints, near_pairs
from fer_edge.picture_form import FER2013_FORM

MOST_BITS = 28
"""Most bits of 144 in which fingerprints of near-copies differ.

On FER2013: all of 1,500 images were found again after JPEG of quality 60, scaling to 64 pixels and back, and other
brightness or contrast; 99.5 % after a shift by one pixel of 48, a zoom of 4 % or a turn of 3 degrees; 11 % after a
shift by two pixels and 39 % after a zoom of 8 %. Of 172 million pairs of other images 744 were called near-copies; of
24 of these that were looked at, at 23 to 28 bits, 22 showed one photograph or one shoot."""


_MOST_IMAGES = 10_000
"""Most images that are compared without being asked to: a second on one core."""


def near_copies(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return the pairs of indices, int64 (P, 2), of images that are near-copies; a constant image is none.

    Args:
        images: uint8 (N, 48, 48), gray.
    """
    if not len(images):
        return np.empty((0, 2), np.int64)
    pairs = near_pairs(fingerprints(images, known_pictures().thresholds), MOST_BITS)
    constant = images.min(axis=(1, 2)) == images.max(axis=(1, 2))
    return np.asarray(pairs[~constant[pairs].any(axis=1)], np.int64)


def count_across(images: npt.NDArray[np.uint8], others: npt.NDArray[np.uint8]) -> int | None:
    """Return how many images have a near-copy among others; `None` for so many that it would take minutes.

    Args:
        images: uint8 (N, H, W) gray or (N, H, W, 3) RGB.
        others: uint8 (M, H, W) or (M, H, W, 3).
    """
    if len(images) + len(others) > _MOST_IMAGES:
        return None
    both = np.concatenate([convert_images(each, FER2013_FORM) for each in (images, others)])
    pairs = near_copies(both)
    across = pairs[(pairs[:, 0] < len(images)) & (pairs[:, 1] >= len(images))]
    return len(np.unique(across[:, 0]))
