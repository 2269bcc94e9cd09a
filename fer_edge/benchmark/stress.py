"""Scores of a model on labelled faces that were made harder to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.benchmark.scoring import score_faces
from fer_edge.benchmark.subjects import unique_names
from fer_edge.dataset.data import Split
from fer_edge.dataset.stress import AXES, change_all
from fer_edge.dataset.truth import truth_of
from fer_edge.errors import InputError
from fer_edge.evaluation.groups import make_rate, mean_of_rates
from fer_edge.evaluation.stress import StressAxis, StressResult, StressStep
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.progress import OnProgress, OnStage, ignore_stage
from fer_edge.training.face_classifier import load_classifier, require_fit_for


def measure_all(
    own: Mapping[Path, ScoresFaces], peers: Sequence[PeerFile], faces: Split, on_stage: OnStage = ignore_stage
) -> dict[str, StressResult]:
    """Measure classifiers and their peers on changed faces, each by its file's name.

    Args:
        own: Classifiers of the data's classes by their files.
        peers: Other files to measure.
        faces: Labelled faces.
        on_stage: Called with the name of the file under way and the share of its work that is done.

    Raises:
        InputError: If a file is named twice.
    """
    classifiers = {**own, **{peer.path: _load_peer(peer, faces) for peer in peers}}
    if len(classifiers) < len(own) + len(peers):
        raise InputError("expected other files than the model, each once")
    named = zip(unique_names(list(classifiers)), classifiers.values(), strict=True)
    return {name: measure_stress(each, faces, partial(on_stage, name)) for name, each in named}


def measure_stress(classifier: ScoresFaces, faces: Split, on_progress: OnProgress) -> StressResult:
    """Measure a classifier on faces unchanged and at every step of every kind of change.

    Args:
        classifier: Classifier of the data's classes.
        faces: Labelled faces; those without people's answer are left out where others have one.
        on_progress: Called with the share that is done, 0..1.
    """
    truth = truth_of(faces)
    images = faces.images[truth.images]
    passes = 1 + sum(len(axis.steps) for axis in AXES)
    done = 0

    def measure(name: str, shown: npt.NDArray[np.uint8]) -> StressStep:
        nonlocal done
        scores = score_faces(classifier, shown, lambda part: on_progress((done + part) / passes), faces.classes)
        done += 1
        return _judge(name, scores.argmax(axis=1), truth.classes)

    return StressResult(
        truth.kind,
        measure("unchanged", images),
        tuple(
            StressAxis(
                axis.name, axis.meaning, tuple(measure(step.name, change_all(images, step)) for step in axis.steps)
            )
            for axis in AXES
        ),
    )


def _load_peer(peer: PeerFile, faces: Split) -> ScoresFaces:
    """Load a file with a card as this project's, and another as stated."""
    if find_card(peer.path) is not None:
        classifier = load_classifier(peer.path, facts=peer.facts)
        require_fit_for(peer.path, classifier.card, faces.classes, faces.form)
        return classifier
    return peer.load(threads=1, classes=faces.classes)


def _judge(name: str, predicted: npt.NDArray[np.int64], classes: npt.NDArray[np.int64]) -> StressStep:
    hits = predicted == classes
    rates = [make_rate(int(hits[classes == each].sum()), int((classes == each).sum())) for each in np.unique(classes)]
    return StressStep(name, make_rate(int(hits.sum()), len(hits)), mean_of_rates(rates).share or 0.0)
