"""Scores of labelled faces by several classifiers at once, on the code path that is timed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from functools import partial
from threading import Event

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.conversion import convert_images
from fer_edge.inference.classifier import ScoresFaces, expression_scores
from fer_edge.labels import EXPRESSIONS
from fer_edge.progress import OnProgress
from fer_edge.scores import FloatArray


def score_all(
    classifiers: Mapping[str, ScoresFaces],
    cost: Mapping[str, float],
    images: npt.NDArray[np.uint8],
    on_progress: OnProgress,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> dict[str, FloatArray]:
    """Return `score_faces` of several classifiers by name, running as many at a time as there are cores.

    Args:
        classifiers: Each with an interpreter of its own.
        cost: Time that each takes for a face, in any unit; the slowest start first.
        images: Faces uint8 (N, H, W).
        on_progress: Called from any thread with the share that is done, 0..1.
        classes: Names of the classes, in the order of the scores to return.

    Raises:
        KeyboardInterrupt: On Ctrl-C; no thread keeps running.
    """
    done = dict.fromkeys(classifiers, 0.0)
    whole = sum(cost[name] for name in classifiers)
    stopped = Event()

    def report(name: str, share: float) -> None:
        if stopped.is_set():
            raise _StoppedError
        done[name] = share * cost[name]
        on_progress(min(sum(done.values()) / whole, 1.0))

    names = sorted(classifiers, key=lambda name: -cost[name])
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        futures = {
            name: pool.submit(score_faces, classifiers[name], images, partial(report, name), classes) for name in names
        }
        try:
            for future in as_completed(futures.values()):
                future.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise
    return {name: futures[name].result() for name in classifiers}


class _StoppedError(Exception):
    """Ends a thread whose scores are no longer needed."""


def score_faces(
    classifier: ScoresFaces,
    images: npt.NDArray[np.uint8],
    on_progress: OnProgress,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> FloatArray:
    """Return scores float32 (N, classes) in the order of `classes` for faces, converted where needed.

    Args:
        classifier: A classifier of these classes, in any order.
        images: Faces uint8 (N, H, W) gray or (N, H, W, 3) RGB.
        on_progress: Called with the share that is done, 0..1.
        classes: Names of the classes.
    """
    faces = convert_images(images, classifier.card.input.form)
    return expression_scores(classifier, faces, lambda done: on_progress(done / len(faces)), classes)
