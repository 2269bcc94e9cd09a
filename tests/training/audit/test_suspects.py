from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.dataset.copies import copy_groups
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.training.audit.suspects import Reason, find_suspects

if TYPE_CHECKING:
    from fer_edge.training.networks.keras_file import KerasClassifier


def scores_of(*rows: dict[int, float]) -> np.ndarray:
    scores = np.zeros((len(rows), 7), np.float32)
    for row, values in zip(scores, rows, strict=True):
        for label, probability in values.items():
            row[label] = probability
    return scores


def test_most_flipped_labels_are_found_first(tiny_classifier: KerasClassifier) -> None:
    split = synthetic_dataset(seed=2, train_per_class=40, validation_per_class=1).train
    rng = np.random.default_rng(0)
    flipped = rng.choice(len(split), round(0.08 * len(split)), replace=False)
    labels = split.labels.copy()
    labels[flipped] = (labels[flipped] + rng.integers(1, 7, len(flipped))) % 7
    noisy = replace(split, labels=labels)
    audit = find_suspects(noisy, [tiny_classifier.classify_all(split.images)], copy_groups(split.images))
    ranked = [suspect.index for suspect in audit.suspects]
    hits = len(set(ranked[: len(flipped)]) & set(flipped.tolist()))
    # At this rank precision is recall. The judge is right on some 60 % of faces it has not seen, and chance is 8 %.
    assert hits / len(flipped) >= 0.5
    assert [suspect.rank for suspect in audit.suspects] == list(range(1, len(ranked) + 1))
    assert np.all(np.diff([suspect.margin for suspect in audit.suspects]) >= 0)
    assert audit.counts().sum() == len(ranked)


def split_with_copies(faces: Dataset) -> Split:
    """Images 0, 1, 2 are equal, labelled 3, 3, 5; 3, 4 near, labelled 0, 1; 5, 6 equal, same label; 7, 8 black."""
    images = faces.train.images[:10].copy()
    images[1] = images[2] = images[0]
    images[4] = images[3]
    images[4, 10, 10] ^= 8
    images[6] = images[5]
    images[7] = images[8] = 0
    return Split(images, np.array([3, 3, 5, 0, 1, 6, 6, 2, 4, 0]), tuple(f"{i}.png" for i in range(10)))


def test_disagreeing_copies_and_constant_images_are_always_suspects(faces: Dataset) -> None:
    split = split_with_copies(faces)
    certain = np.eye(7, dtype=np.float32)[split.labels]
    certain[[3, 4]] = scores_of({0: 0.4, 1: 0.6}, {0: 0.3, 1: 0.7})
    audit = find_suspects(split, [certain], copy_groups(split.images))
    reasons = {suspect.index: suspect.reasons for suspect in audit.suspects}
    assert reasons == {
        0: (Reason.EXACT_COPY,),
        1: (Reason.EXACT_COPY,),
        2: (Reason.EXACT_COPY,),
        3: (Reason.NEAR_COPY,),
        4: (Reason.NEAR_COPY,),
        7: (Reason.CONSTANT,),
        8: (Reason.CONSTANT,),
    }
    assert [members.tolist() for members in audit.groups] == [[0, 1, 2], [3, 4]]
    assert {suspect.index: suspect.group for suspect in audit.suspects if suspect.group} == {
        0: 1,
        1: 1,
        2: 1,
        3: 2,
        4: 2,
    }
    # By majority, and between two copies by the judge.
    assert {suspect.index for suspect in audit.suspects if suspect.outvoted} == {2, 3}
    assert {suspect.index for suspect in audit.worst(1)} == {2, 3, 7, 8}


def test_scores_are_averaged_and_dissent_is_counted(faces: Dataset) -> None:
    judges = [scores_of({3: 1.0}, {1: 1.0}), scores_of({0: 0.6, 3: 0.4}, {1: 1.0}), scores_of({3: 0.9}, {1: 1.0})]
    # Only images of an expression set a bar for it, so someone must be labelled 3.
    split = Split(faces.train.images[:3], np.array([0, 1, 3]), ("a", "b", "c"))
    judges = [np.concatenate([judge, scores_of({3: 0.6, 0: 0.4})]) for judge in judges]
    (suspect,) = find_suspects(split, judges, np.arange(3)).suspects
    assert (suspect.index, suspect.predicted, suspect.dissent) == (0, 3, 2)
    assert suspect.label_probability == pytest.approx(0.2)
    assert suspect.loss == pytest.approx(-np.log(0.2))
