"""Flicker, delay, uncertainty and error of the labels of a smoothing on a model's scores."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from benchmarks.stream.steadiness.clips import FPS
from fer_edge.arrays import IntArray
from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.inference.classifier import Classifier, expression_scores
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.faces.smoothing import SmoothedScores, Smoothing
from fer_edge.runtime.results import UNCERTAIN
from fer_edge.scores import FloatArray, require_classes

_SETTLED_S = 1.0
"""Seconds after a face's first frame in which its label may still change."""
_CHANGES = 200
_SEEN_S = 2.0
_AGREED = 0.8
"""Seconds that each of two faces is seen, before and after a change."""


@dataclass(frozen=True, eq=False)
class Faces:
    """A model's scores of labelled faces: each as a picture, some held before a camera.

    Attributes:
        scores: float32 (N, 7), of the pictures, in the order of `EXPRESSIONS`.
        votes: People's votes on them.
        clips: float32 (M, frames, 7), of the faces before a camera, in the same order.
        clip_answers: int64 (M,), the expression that people agree on strongly in each clip, or -1.
        changes: Pairs of clips, int64 (K, 2): the second takes the first's place.
    """

    scores: FloatArray
    votes: Votes
    clips: FloatArray
    clip_answers: IntArray
    changes: IntArray

    @property
    def asked(self) -> npt.NDArray[np.bool_]:
        """True where people saw a face in the picture, bool (N,)."""
        return (self.votes.voters > 0) & ~self.votes.no_face

    @property
    def doubtful(self) -> npt.NDArray[np.bool_]:
        """True where people saw a face and have no majority for one of the seven, bool (N,)."""
        return np.asarray(self.asked & (self.votes.majority == NO_TRUTH))


@dataclass(frozen=True)
class Steadiness:
    """Results of one smoothing on one model's scores.

    Attributes:
        changes_a_second: Label changes on a steady face, after its first second.
        delays_s: Seconds from each real change until the new expression's label shows; infinite if it never does.
        uncertain: Share of pictures called uncertain, 0..1.
        doubted: Share of those on which people have no majority either, 0..1; nan if there are none.
        doubts_found: Share of the pictures without a majority that are called uncertain, 0..1; nan if there are none.
        wrong: Share of labels that contradict the majority, of pictures with a majority and a label, 0..1.
    """

    changes_a_second: float
    delays_s: tuple[float, ...]
    uncertain: float
    doubted: float
    doubts_found: float
    wrong: float

    def delay_s(self, percent: float) -> float:
        """Return the delay that so many percent of the changes do not exceed, seconds."""
        return float(np.percentile(self.delays_s, percent, method="inverted_cdf")) if self.delays_s else math.nan

    @property
    def never_shown(self) -> float:
        """Share of the real changes whose new label does not show, 0..1; nan without a change."""
        return float(np.isinf(self.delays_s).mean()) if self.delays_s else math.nan

    def as_dict(self) -> dict[str, float | None]:
        """Return the figures for JSON; `None` where one is infinite or undefined."""
        figures = {
            "changes_a_second": self.changes_a_second,
            "delay_median_s": self.delay_s(50),
            "delay_90_percent_s": self.delay_s(90),
            "never_shown": self.never_shown,
            "uncertain": self.uncertain,
            "doubted": self.doubted,
            "doubts_found": self.doubts_found,
            "wrong": self.wrong,
        }
        return {name: value if math.isfinite(value) else None for name, value in figures.items()}


def score_faces(
    classifier: Classifier, split: Split, chosen: IntArray, crops: npt.NDArray[np.uint8], seed: int = 0
) -> Faces:
    """Score a split's images as stills, and clips of some of them.

    A change counts where people agree on both faces and the mean scores of both clips do too: the network's own errors
    are not the smoothing's.

    Args:
        classifier: Classifier to score with.
        split: Images with votes.
        chosen: Indices of the images that were held before a camera, int64 (M,).
        crops: Crops of those, uint8 (M, frames, H, W).
        seed: Seed of the choice of changes.
    """
    require_classes(classifier.card.labels, classifier.path)
    votes = split.votes or Votes.none(len(split))
    scores = expression_scores(classifier, split.images)
    clips = expression_scores(classifier, crops.reshape(-1, *crops.shape[2:])).reshape(*crops.shape[:2], -1)
    answers = agreed_answers(votes.take(chosen))
    answers = np.where(clips.mean(axis=1).argmax(axis=1) == answers, answers, NO_TRUTH)
    return Faces(scores, votes, clips, answers, choose_changes(answers, _CHANGES, seed))


def measure_labels(faces: Faces, smoothing: Smoothing) -> Steadiness:
    """Measure the labels that the runtime would show for every face."""
    labels = np.array([_still_label(scores, smoothing) for scores in faces.scores])
    asked, doubtful = faces.asked, faces.doubtful
    unsure, judged = asked & (labels == UNCERTAIN), asked & ~doubtful & (labels != UNCERTAIN)
    return Steadiness(
        _changes_a_second(faces.clips, smoothing),
        tuple(_delay_s(faces, old, new, smoothing) for old, new in faces.changes),
        _share(unsure, asked),
        _share(doubtful, unsure),
        _share(unsure, doubtful),
        _share(labels != np.array(EXPRESSIONS)[faces.votes.majority], judged),
    )


def choose_changes(answers: IntArray, count: int, seed: int = 0) -> IntArray:
    """Return `count` pairs of clips whose answers differ, int64 (count, 2); none where fewer than two answers exist."""
    rng, agreed = np.random.default_rng(seed), np.flatnonzero(answers != NO_TRUTH)
    if len(set(answers[agreed].tolist())) < 2:
        return np.empty((0, 2), np.int64)
    pairs: list[tuple[int, int]] = []
    while len(pairs) < count:
        old, new = rng.choice(agreed, 2, replace=False)
        if answers[old] != answers[new]:
            pairs.append((int(old), int(new)))
    return np.array(pairs, np.int64)


def agreed_answers(votes: Votes) -> IntArray:
    """Return the expression that at least 80 % of all people chose, int64 (N,), or -1."""
    answer = votes.counts[:, : len(EXPRESSIONS)].argmax(axis=1)
    share = votes.counts[np.arange(len(votes)), answer] / np.maximum(votes.voters, 1)
    return np.where(share >= _AGREED, answer, NO_TRUTH)


def _still_label(scores: FloatArray, smoothing: Smoothing) -> str:
    one = SmoothedScores(EXPRESSIONS)
    one.update(scores, 0.0, smoothing.for_stills)
    return one.label


def _changes_a_second(clips: FloatArray, smoothing: Smoothing) -> float:
    first = round(_SETTLED_S * FPS)
    shown = [list(_labels(clip, smoothing))[first:] for clip in clips]
    seconds = sum(len(labels) - 1 for labels in shown) / FPS
    return sum(a != b for labels in shown for a, b in pairwise(labels)) / seconds if seconds else math.nan


def _delay_s(faces: Faces, old: int, new: int, smoothing: Smoothing) -> float:
    frames = round(_SEEN_S * FPS)
    stream = np.concatenate([faces.clips[old, -frames:], faces.clips[new, :frames]])
    shown = list(_labels(stream, smoothing))[-frames:]
    wanted = EXPRESSIONS[faces.clip_answers[new]]
    return shown.index(wanted) / FPS if wanted in shown else math.inf


def _labels(stream: FloatArray, smoothing: Smoothing) -> Iterator[str]:
    one = SmoothedScores(EXPRESSIONS)
    for number, scores in enumerate(stream):
        one.update(scores, number / FPS, smoothing)
        yield one.label


def _share(part: npt.NDArray[np.bool_], whole: npt.NDArray[np.bool_]) -> float:
    return float(part[whole].mean()) if whole.any() else math.nan
