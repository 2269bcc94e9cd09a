"""How good the scores are: on all labelled images, by the code path that is timed."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from threading import Event

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.answers import People, WithoutCopies
from fer_edge.benchmark.results import NO_MAJORITY, Moved, Quality
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import evaluate_by_votes, people_by_prior, reliability_by_votes, without_copies
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.inference.classifier import ScoresFaces, expression_scores
from fer_edge.labels import EXPRESSIONS
from fer_edge.metrics import agreement, evaluate_scores
from fer_edge.model_card import ModelCard
from fer_edge.preprocess import Image, resize

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float32]

RESAMPLES = 2000
MOVED_SHOWN = 48

_INTERVAL = (2.5, 97.5)


def score_all(
    classifiers: Mapping[str, ScoresFaces],
    cost: Mapping[str, float],
    images: npt.NDArray[np.uint8],
    on_progress: Callable[[float], None],
) -> dict[str, FloatArray]:
    """`score_faces` of several classifiers by name, as many at a time as there are cores.

    Args:
        classifiers: Each with an interpreter of its own.
        cost: How long each takes for a face, in any unit; the slowest begin.
        images: Faces uint8 (N, H, W).
        on_progress: Told the share that is done, 0..1, by any thread.

    Raises:
        KeyboardInterrupt: If Ctrl-C came; nothing goes on in the background.
    """
    done = dict.fromkeys(classifiers, 0.0)
    whole = sum(cost[name] for name in classifiers)
    stopped = Event()

    def tell(name: str, share: float) -> None:
        if stopped.is_set():
            raise _StoppedError
        done[name] = share * cost[name]
        on_progress(min(sum(done.values()) / whole, 1.0))

    names = sorted(classifiers, key=lambda name: -cost[name])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {name: pool.submit(score_faces, classifiers[name], images, partial(tell, name)) for name in names}
        try:
            for future in as_completed(futures.values()):
                future.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    return {name: futures[name].result() for name in classifiers}


class _StoppedError(Exception):
    """Ends a thread whose scores nobody waits for."""


def score_faces(
    classifier: ScoresFaces, images: npt.NDArray[np.uint8], on_progress: Callable[[float], None]
) -> FloatArray:
    """Scores float32 (N, 7) in the order of `EXPRESSIONS`, of faces uint8 (N, H, W), each resized if need be."""
    card = classifier.card
    faces = np.stack([resize(image, card.input.size_wh) for image in images])
    return expression_scores(classifier, faces, lambda done: on_progress(done / len(faces)))


def judge(scores: FloatArray, labels: npt.NDArray[np.int64], parent: FloatArray | None = None) -> Quality:
    """Measure scores (N, 7) against labels (N,) and, for an exported file, its full model's scores (N, 7)."""
    evaluation = evaluate_scores(scores, labels)
    hits = int((scores.argmax(axis=1) == labels).sum())
    return Quality(
        evaluation=evaluation.as_dict(),
        interval=accuracy_interval(hits, len(labels)),
        agreement=None if parent is None else agreement(scores, parent),
        predicted=as_digits(scores.argmax(axis=1)),
    )


def judge_faces(
    scores: FloatArray, faces: Split, copied: BoolArray, card: ModelCard | None, parent: FloatArray | None = None
) -> Quality:
    """Measure scores (N, 7) against the faces' labels and people's votes, with and without copies of training images.

    Args:
        scores: Of the faces.
        faces: N labelled images, with votes or without.
        copied: (N,), whether each has an exact copy in the training split.
        card: The model's, which may say the prior that its scores assume; `None` if it has none.
        parent: The full model's scores (N, 7), for an exported file.
    """
    return replace(
        judge(scores, faces.labels, parent),
        people=None if faces.votes is None else _judge_by_people(scores, faces, faces.votes, card),
        without_copies=_judge_without_copies(scores, faces, copied),
    )


def _judge_by_people(scores: FloatArray, faces: Split, votes: Votes, card: ModelCard | None) -> People | None:
    answer = evaluate_by_votes(scores, votes)
    if answer is None:
        return None
    bins = reliability_by_votes(scores, votes)
    by_prior = {} if card is None else people_by_prior(scores, faces, card)
    return People(
        answer=answer.as_dict(),
        interval=accuracy_interval(int(answer.majority.confusion.trace()), answer.majority.samples),
        reliability=tuple((each.confidence, each.outcome, each.images) for each in bins),
        by_prior={name: each.headline() for name, each in by_prior.items()},
    )


def _judge_without_copies(scores: FloatArray, faces: Split, copied: BoolArray) -> WithoutCopies | None:
    found = without_copies(scores, faces, copied)
    if found is None:
        return None
    evaluation, answer = found
    return WithoutCopies(evaluation.as_dict(), None if answer is None else answer.as_dict())


def as_digits(classes: npt.NDArray[np.int64]) -> str:
    """Classes (N,), 0..6, or `NO_TRUTH`, as the report stores them."""
    return "".join(NO_MAJORITY if each == NO_TRUTH else str(each) for each in classes.tolist())


def accuracy_interval(hits: int, images: int, resamples: int = RESAMPLES, seed: int = 0) -> tuple[float, float]:
    """The accuracy's 95 % interval, by the percentiles of a bootstrap.

    Images are drawn with replacement. Of such a draw only the number of hits matters, and that has a binomial
    distribution, so it is drawn at once.
    """
    drawn = np.random.default_rng(seed).binomial(images, hits / images, resamples) / images
    low, high = np.percentile(drawn, _INTERVAL)
    return float(low), float(high)


def find_moved(
    files: Mapping[str, FloatArray], full: FloatArray, faces: Split, limit: int = MOVED_SHOWN
) -> tuple[Moved, ...]:
    """The images on which a file's best class is not its full model's, the surest of the full model's first.

    Args:
        files: Scores (N, 7) by name, of files that were exported from one full model.
        full: Its scores (N, 7).
        faces: The images.
        limit: At most so many; all are counted in each file's agreement.
    """
    best = full.argmax(axis=1)
    moved = np.zeros(len(faces), bool)
    for scores in files.values():
        moved |= scores.argmax(axis=1) != best
    surest = sorted(np.flatnonzero(moved).tolist(), key=lambda i: -full[i, best[i]])
    return tuple(_moved(i, files, full, faces) for i in surest[:limit])


def _moved(i: int, files: Mapping[str, FloatArray], full: FloatArray, faces: Split) -> Moved:
    best = _best(full[i])
    told = {name: _best(scores[i]) for name, scores in files.items()}
    return Moved(
        index=i,
        label=EXPRESSIONS[faces.labels[i]],
        png=_png(faces.images[i]),
        full=best,
        files={name: one for name, one in told.items() if one[0] != best[0]},
    )


def _best(scores: FloatArray) -> tuple[str, float]:
    best = int(scores.argmax())
    return EXPRESSIONS[best], float(scores[best])


def _png(image: Image) -> str:
    return base64.b64encode(cv2.imencode(".png", image)[1].tobytes()).decode()
