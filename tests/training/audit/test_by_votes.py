from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.dataset.copies import copy_groups
from fer_edge.dataset.data import Dataset, Split
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import DataError
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.audit.by_votes import (
    commonest_contradictions,
    count_answers,
    find_contradicted,
    require_votes,
)
from fer_edge.training.audit.suspects import Reason


def votes_of(*pictures: dict[str, int]) -> Votes:
    counts = np.zeros((len(pictures), len(CHOICES)), np.uint16)
    for row, votes in zip(counts, pictures, strict=True):
        for choice, count in votes.items():
            row[CHOICES.index(choice)] = count
    return Votes(counts)


def labelled(faces: Dataset, *labels: str) -> Split:
    indices = np.arange(0, len(faces.train), len(faces.train) // len(labels))[: len(labels)]
    split = faces.train.take(indices)
    return replace(split, labels=np.array([EXPRESSIONS.index(label) for label in labels]))


def test_contradicted_labels_are_ranked_by_margin_of_votes(faces: Dataset) -> None:
    split = labelled(faces, "sad", "sad", "sad", "happy", "fear", "angry", "angry", "sad")
    votes = votes_of(
        {"sad": 3, "neutral": 7},
        {"neutral": 10},
        {"sad": 6, "neutral": 4},
        {"happy": 10},
        {"no face": 8, "fear": 2},
        {"unknown": 5, "angry": 3, "sad": 2},
        {"angry": 2, "sad": 4, "neutral": 4},
        {},
    )
    audit = find_contradicted(split, votes, np.arange(len(split)))
    found = [(s.rank, s.index, CHOICES[s.predicted], s.reasons, s.dissent) for s in audit.suspects]
    assert found == [
        (1, 1, "neutral", (Reason.CONTRADICTED,), 10),
        (2, 4, "no face", (Reason.NO_FACE,), 8),
        (3, 0, "neutral", (Reason.CONTRADICTED,), 7),
        (4, 5, "unknown", (Reason.UNKNOWN,), 7),
    ]
    assert [s.margin for s in audit.suspects] == pytest.approx([-1, -0.6, -0.4, -0.2])
    answers = count_answers(split, votes)
    sad = EXPRESSIONS.index("sad")
    assert dict(zip(EXPRESSIONS, answers.majority[sad], strict=True))["neutral"] == 2
    assert (answers.majority.sum(), answers.other.sum(), answers.none.sum(), answers.unasked.sum()) == (4, 2, 1, 1)


def test_equal_margins_mix_all_labels(faces: Dataset) -> None:
    split = labelled(faces, "sad", "sad", "fear", "fear")
    audit = find_contradicted(split, votes_of(*[{"neutral": 10}] * 4), np.arange(4))
    assert [suspect.index for suspect in audit.suspects] == [0, 2, 1, 3]


@pytest.mark.parametrize(
    ("labels", "votes", "outvoted"),
    [
        (["sad", "sad", "happy"], {"happy": 9, "sad": 1}, {0, 1}),
        (["sad", "sad", "happy"], {"neutral": 8, "sad": 2}, {2}),
        (["sad", "sad", "happy"], {}, {2}),
        (["sad", "happy"], {"happy": 5, "neutral": 5}, {0}),
    ],
)
def test_people_decide_between_copies_that_disagree(
    faces: Dataset, labels: list[str], votes: dict[str, int], outvoted: set[int]
) -> None:
    split = labelled(faces, *labels)
    split = replace(split, images=np.stack([split.images[0]] * len(split)))
    audit = find_contradicted(split, votes_of(*[votes] * len(split)), copy_groups(split.images))
    assert {suspect.index for suspect in audit.suspects if suspect.outvoted} == outvoted
    assert all(Reason.EXACT_COPY in suspect.reasons for suspect in audit.suspects)


def test_constant_images_are_suspects_whatever_the_votes(faces: Dataset) -> None:
    split = labelled(faces, "sad", "sad")
    split = replace(split, images=np.zeros_like(split.images))
    audit = find_contradicted(split, votes_of({}, {"sad": 10}), copy_groups(split.images))
    assert [suspect.reasons for suspect in audit.suspects] == [(Reason.CONSTANT,)] * 2


def test_commonest_contradictions_count_each_picture_once(faces: Dataset) -> None:
    split = labelled(faces, "sad", "sad", "sad", "happy", "happy", "fear")
    copies = np.array([0, 0, 2, 3, 4, 5])
    votes = votes_of(*[{"neutral": 9, "sad": 1}] * 3, {"neutral": 10}, {"happy": 10}, {"no face": 10})
    found = commonest_contradictions(find_contradicted(split, votes, copies), 2)
    named = [(EXPRESSIONS[each.label], CHOICES[each.answer], [s.index for s in each.suspects]) for each in found]
    assert named == [("sad", "neutral", [0, 2]), ("fear", "no face", [5])]


@pytest.mark.parametrize("votes", [None, Votes.none(280)])
def test_images_without_votes_cannot_be_audited_by_votes(faces: Dataset, votes: Votes | None) -> None:
    splits = {name: replace(split, votes=None) for name, split in faces.splits.items()}
    unasked = replace(faces, splits=splits)
    if votes:
        unasked.splits.update(
            {name: replace(split, votes=votes) for name, split in splits.items() if len(split) == 280}
        )
    with pytest.raises(DataError, match="expected people's votes on its training images, got none"):
        require_votes(unasked)
