"""FER+'s votes on FER2013's pictures, which are found by their pixels, not their names. No TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.fingerprint import Fingerprints, find_nearest, fingerprints
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.scores import FloatArray

VOTES_FILE = Path(__file__).parent / "fer2013_votes.npz"
"""Votes of FER+ (Microsoft, MIT licence: fer_edge/models/NOTICES.md) and fingerprints of FER2013's Training and
PublicTest pictures; written by `python -m benchmarks.training.fer2013_votes`."""

MAX_DISTANCE = 10
"""Most bits in which a picture may differ from FER2013's own. Saved again as JPEG of quality 60, 99.9 % of FER2013's
pictures differ in 8 or fewer; other photographs differ in 22 or more."""

MIN_LEAD = 4
"""Least bits by which a picture must be nearer than the next: FER2013 has some photographs twice, cropped otherwise."""

SAME_PICTURE = 4
"""Most bits in which fingerprints of one picture may differ; more may be another frame of the same film."""

NOT_FER2013 = -1
"""Value in `Matches.known` of a picture that is not FER2013's."""

_VOTERS = 10


@dataclass(frozen=True)
class KnownPictures:
    """FER2013's pictures: fingerprints and votes.

    Attributes:
        prints: Distinct fingerprints, uint8 (M, 18).
        picture_of: Picture of each fingerprint, int64 (M,), 0..K-1; a picture with near copies has several.
        thresholds: Thresholds of the fingerprints' bits, float32 (144,).
        in_training: Whether FER2013's Training part has the picture, bool (K,).
        in_public_test: Whether FER2013's PublicTest part has the picture, bool (K,).
        picture_of_row: Picture in each row of fer2013.csv, int64 (35887,); -1 if unknown.
        row_counts: Votes on each row for `CHOICES`, uint16 (35887, 10).
        counts: Votes on each picture, summed over its copies, uint16 (K, 10).
    """

    prints: Fingerprints
    picture_of: npt.NDArray[np.int64]
    thresholds: FloatArray
    in_training: npt.NDArray[np.bool_]
    in_public_test: npt.NDArray[np.bool_]
    picture_of_row: npt.NDArray[np.int64]
    row_counts: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint16]


@dataclass(frozen=True)
class Matches:
    """Result of the search for FER2013's pictures among N.

    Attributes:
        votes: People's votes on each picture; none if it is not FER2013's.
        known: Index of each picture in `KnownPictures`, int64 (N,); -1 if it is not FER2013's.
    """

    votes: Votes
    known: npt.NDArray[np.int64]


@cache
def known_pictures() -> KnownPictures:
    """Read `VOTES_FILE`, once per process."""
    with np.load(VOTES_FILE) as file:
        picture_of_row = np.cumsum(file["picture_steps_of_rows"], dtype=np.int64)
        row_counts = file["row_counts"].astype(np.uint16)
        in_training = file["in_training"]
        return KnownPictures(
            file["prints"],
            np.cumsum(file["picture_steps"], dtype=np.int64),
            file["thresholds"],
            in_training,
            file["in_public_test"],
            picture_of_row,
            row_counts,
            _pooled(picture_of_row, row_counts, len(in_training)),
        )


def find_fer2013(images: npt.NDArray[np.uint8]) -> Matches:
    """Find FER2013's pictures among others.

    Args:
        images: uint8 (N, 48, 48), gray, from any copy of FER2013 or from elsewhere.
    """
    known = known_pictures()
    prints = fingerprints(images, known.thresholds)
    exact = {bytes(print_): int(picture) for print_, picture in zip(known.prints, known.picture_of, strict=True)}
    picture = np.array([exact.get(bytes(print_), NOT_FER2013) for print_ in prints], np.int64)
    changed = np.flatnonzero(picture == NOT_FER2013)
    nearest = find_nearest(prints[changed], known.prints, known.picture_of)
    clear = (nearest.distance <= MAX_DISTANCE) & (nearest.runner_up >= nearest.distance + MIN_LEAD)
    picture[changed] = np.where(clear, nearest.picture, NOT_FER2013)
    # Constant pictures all have the same fingerprint.
    picture[images.min(axis=(1, 2)) == images.max(axis=(1, 2))] = NOT_FER2013
    counts = np.where((picture >= 0)[:, np.newaxis], known.counts[picture], np.uint16(0))
    return Matches(Votes(counts), picture)


def _pooled(
    picture_of_row: npt.NDArray[np.int64], row_counts: npt.NDArray[np.uint16], pictures: int
) -> npt.NDArray[np.uint16]:
    counts = np.zeros((pictures, len(CHOICES)), np.uint16)
    known = np.flatnonzero(picture_of_row >= 0)
    np.add.at(counts, picture_of_row[known], row_counts[known])
    # FER+ does not name the pictures that all ten people called no face, so that their rows are unknown.
    counts[~counts.any(axis=1), CHOICES.index("no face")] = _VOTERS
    return counts
