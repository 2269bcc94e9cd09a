"""FER+'s votes for every picture of FER2013, found by what a picture shows and never by its name. No TensorFlow."""

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
"""FER+ (Microsoft, MIT licence: fer_edge/models/NOTICES.md) and fingerprints of FER2013's Training and PublicTest
pictures; made by `python -m benchmarks.training.fer2013_votes`."""

MAX_DISTANCE = 10
"""Bits in which a picture may differ from FER2013's own. Of FER2013's, saved again as JPEG of quality 60, 99.9 % differ
in 8 or fewer; another photograph differs in 22 or more."""

MIN_LEAD = 4
"""Bits by which one picture must be nearer than the next: FER2013 holds some photographs twice, cropped otherwise."""

SAME_PICTURE = 4
"""Bits in which fingerprints of one picture may differ: above it there may be another frame of the same film."""

NOT_FER2013 = -1
"""In `Matches.known`, for a picture that is not FER2013's."""

_VOTERS = 10


@dataclass(frozen=True)
class KnownPictures:
    """FER2013's pictures as they are known by their fingerprints.

    Attributes:
        prints: uint8 (M, 18), no two alike.
        picture_of: int64 (M,), which of K pictures each fingerprint is of; near copies have several.
        thresholds: float32 (144,), of the fingerprints' bits.
        in_training: bool (K,), whether FER2013's Training part holds the picture.
        in_public_test: bool (K,), whether its PublicTest part does; both for a picture that stands in both.
        picture_of_row: int64 (35887,), the picture in each row of fer2013.csv; -1 where it is not known.
        row_counts: uint16 (35887, 10), votes on each row for `CHOICES`.
        counts: uint16 (K, 10), votes on each picture, those on its copies added up.
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
    """Which of N pictures are FER2013's.

    Attributes:
        votes: People's votes on each; none on a picture that is not FER2013's.
        known: int64 (N,), index of the picture in `KnownPictures`; -1 for one that is not FER2013's.
    """

    votes: Votes
    known: npt.NDArray[np.int64]


@cache
def known_pictures() -> KnownPictures:
    """Read the file that ships with the package."""
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
    """Find FER2013's pictures among any.

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
    # All constant pictures have the same fingerprint, which says nothing.
    picture[images.min(axis=(1, 2)) == images.max(axis=(1, 2))] = NOT_FER2013
    counts = np.where((picture >= 0)[:, np.newaxis], known.counts[picture], np.uint16(0))
    return Matches(Votes(counts), picture)


def _pooled(
    picture_of_row: npt.NDArray[np.int64], row_counts: npt.NDArray[np.uint16], pictures: int
) -> npt.NDArray[np.uint16]:
    counts = np.zeros((pictures, len(CHOICES)), np.uint16)
    known = np.flatnonzero(picture_of_row >= 0)
    np.add.at(counts, picture_of_row[known], row_counts[known])
    # FER+ leaves those without a name that all ten people called no face, so that their rows are not known.
    counts[~counts.any(axis=1), CHOICES.index("no face")] = _VOTERS
    return counts
