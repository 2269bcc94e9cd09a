from __future__ import annotations

import numpy as np
import pytest

from fer_edge.dataset.votes import CHOICES, NO_TRUTH, Votes
from fer_edge.labels import EXPRESSIONS

HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))


def votes(*pictures: dict[str, int]) -> Votes:
    counts = np.zeros((len(pictures), len(CHOICES)), np.uint16)
    for row, picture in zip(counts, pictures, strict=True):
        for choice, count in picture.items():
            row[CHOICES.index(choice)] = count
    return Votes(counts)


@pytest.mark.parametrize(
    ("picture", "majority"),
    [
        ({}, NO_TRUTH),
        ({"happy": 10}, HAPPY),
        ({"happy": 6, "neutral": 4}, HAPPY),
        ({"happy": 5, "neutral": 5}, NO_TRUTH),
        ({"happy": 5, "neutral": 4, "sad": 1}, HAPPY),  # the single vote is dropped: 5 of 9
        ({"happy": 4, "neutral": 3, "sad": 3}, NO_TRUTH),
        ({"contempt": 8, "happy": 2}, NO_TRUTH),
        ({"no face": 10}, NO_TRUTH),
        ({"happy": 1}, HAPPY),
    ],
)
def test_majority_needs_more_than_half_without_single_votes(picture: dict[str, int], majority: int) -> None:
    assert votes(picture).majority.tolist() == [majority]


def test_shares_are_of_the_votes_for_the_seven_expressions() -> None:
    some = votes({"happy": 6, "neutral": 2, "contempt": 2}, {"no face": 10}, {})
    assert some.shares[0, [HAPPY, NEUTRAL, SAD]].tolist() == [0.75, 0.25, 0]
    assert some.shares[1:].sum() == 0
    assert some.has_shares.tolist() == [True, False, False]
    assert some.voters.tolist() == [10, 10, 0]


def test_no_face_and_other_answers_differ() -> None:
    some = votes({"no face": 6, "happy": 4}, {"contempt": 6, "happy": 4}, {"happy": 5, "no face": 5}, {})
    assert some.no_face.tolist() == [True, False, False, False]
    assert some.other_than_classes.tolist() == [True, True, False, False]


def test_joined_classes_get_the_sum_of_their_votes() -> None:
    some = votes({"angry": 3, "sad": 3, "happy": 4, "contempt": 1}, {"neutral": 9, "fear": 1})
    parts = {"happy": ("happy",), "negative": ("angry", "disgust", "fear", "sad"), "calm": ("neutral", "surprise")}
    joined = some.on_classes(parts)
    assert joined.choices == ("happy", "negative", "calm", "contempt", "unknown", "no face")
    assert joined.counts.tolist() == [[4, 6, 0, 1, 0, 0], [0, 1, 9, 0, 0, 0]]
    assert joined.majority.tolist() == [1, 2]
    assert joined.shares[0].tolist() == pytest.approx([0.4, 0.6, 0])


def test_votes_for_classes_that_are_left_out_count_as_one_answer() -> None:
    some = votes({"happy": 6, "sad": 4}, {"happy": 4, "sad": 3, "fear": 2, "no face": 1}, {"sad": 10})
    two = some.on_classes({"neutral": ("neutral",), "happy": ("happy",)})
    assert two.choices == ("neutral", "happy", "contempt", "unknown", "no face", "another class")
    assert two.counts[:, [1, 4, 5]].tolist() == [[6, 0, 4], [4, 1, 5], [0, 0, 10]]
    assert two.majority.tolist() == [1, NO_TRUTH, NO_TRUTH]
    assert two.other_than_classes.tolist() == [False, True, True]
    assert two.has_shares.tolist() == [True, True, False]
    assert two.shares[:2].tolist() == [[0, 1], [0, 1]]


def test_seven_classes_are_left_as_they_are() -> None:
    some = votes({"happy": 6, "contempt": 4})
    same = some.on_classes({name: (name,) for name in EXPRESSIONS})
    assert (same.choices, same.counts.tobytes()) == (some.choices, some.counts.tobytes())


def test_further_answer_can_be_a_class() -> None:
    eight = votes({"contempt": 8, "happy": 2}).on_classes({name: (name,) for name in (*EXPRESSIONS, "contempt")})
    assert eight.others == ("unknown", "no face")
    assert eight.majority.tolist() == [7]
    faces = votes({"no face": 8, "happy": 2}).on_classes({"no face": ("no face",), "happy": ("happy",)})
    assert (faces.majority.tolist(), faces.no_face.tolist()) == ([0], [False])


def test_classes_without_votes_are_named() -> None:
    parts = {"happy": ("happy",), "wink": ("wink",), "low": ("sad", "tired")}
    assert Votes.none(1).lacking(parts) == ["wink", "low"]


def test_take_keeps_order() -> None:
    taken = votes({"happy": 1}, {"sad": 2}).take(np.array([1, 0]))
    assert taken.counts[:, [HAPPY, SAD]].tolist() == [[0, 2], [1, 0]]


@pytest.mark.parametrize("counts", [np.zeros((2, 7), np.uint16), np.zeros((2, 10), np.int64), np.zeros(10, np.uint16)])
def test_counts_of_other_shape_or_dtype_are_rejected(counts: np.ndarray[tuple[int, ...], np.dtype[np.uint16]]) -> None:
    with pytest.raises(ValueError, match=r"expected uint16 \(N, 10\)"):
        Votes(counts)
