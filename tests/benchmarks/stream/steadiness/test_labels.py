from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from benchmarks.stream.steadiness.clips import FPS
from benchmarks.stream.steadiness.labels import Faces, agreed_answers, choose_changes, measure_labels
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.faces.smoothing import RAW, Smoothing

FloatArray = npt.NDArray[np.float32]
HAPPY, NEUTRAL, SAD = (EXPRESSIONS.index(name) for name in ("happy", "neutral", "sad"))
SLOW = Smoothing(seconds=0.25, threshold=0.45, margin=0.15)


def scores(**given: float) -> FloatArray:
    """Return the given scores, and what they leave shared out among the others."""
    rest = (1 - sum(given.values())) / (len(EXPRESSIONS) - len(given))
    return np.array([given.get(name, rest) for name in EXPRESSIONS], np.float32)


def votes(*counts: dict[str, int]) -> Votes:
    return Votes(np.array([[one.get(choice, 0) for choice in CHOICES] for one in counts], np.uint16))


def clip(*frames: FloatArray, seconds: int = 3) -> FloatArray:
    """Return the frames again and again."""
    return np.stack([frames[i % len(frames)] for i in range(seconds * FPS)])


def faces(
    clips: list[FloatArray],
    changes: list[tuple[int, int]] | None = None,
    pictures: list[FloatArray] | None = None,
    seen: Votes | None = None,
) -> Faces:
    seen = seen or votes({"happy": 10})
    shown = np.array(clips, np.float32).reshape(len(clips), -1, len(EXPRESSIONS))
    answers = shown.mean(axis=1).argmax(axis=1) if clips else np.empty(0, np.int64)
    pairs = np.array(changes or [], np.int64).reshape(-1, 2)
    return Faces(np.array(pictures or [scores(happy=0.9)]), seen, shown, answers, pairs)


@pytest.mark.parametrize(
    ("frames", "smoothing", "a_second"),
    [
        ([scores(happy=0.9)], RAW, 0),
        ([scores(happy=0.5), scores(sad=0.5)], RAW, FPS),
        ([scores(happy=0.5), scores(sad=0.5)], SLOW, 0),
        ([scores(happy=0.5, sad=0.4), scores(happy=0.4, sad=0.5)], SLOW, 0),
    ],
)
def test_label_changes_are_counted_per_second(frames: list[FloatArray], smoothing: Smoothing, a_second: int) -> None:
    assert measure_labels(faces([clip(*frames)] * 2), smoothing).changes_a_second == pytest.approx(a_second)


def test_first_second_of_a_face_is_ignored() -> None:
    settling = np.concatenate([clip(scores(happy=0.9), scores(sad=0.9), seconds=1), clip(scores(sad=0.9))])
    assert measure_labels(faces([settling]), RAW).changes_a_second == 0


def test_smoothing_delays_a_change() -> None:
    changing = faces([clip(scores(happy=0.9)), clip(scores(sad=0.9))], [(0, 1)])
    assert measure_labels(changing, RAW).delays_s == (0,)
    (slow,) = measure_labels(changing, SLOW).delays_s
    assert 0.1 < slow < 0.4
    (slower,) = measure_labels(changing, Smoothing(seconds=0.5, threshold=0.45, margin=0.15)).delays_s
    assert slower > 1.5 * slow


def test_change_to_scores_below_the_threshold_never_shows() -> None:
    soft = faces([clip(scores(happy=0.9)), clip(scores(sad=0.4)), clip(scores(sad=0.9))], [(0, 1), (0, 2)])
    result = measure_labels(soft, SLOW)
    assert result.never_shown == 0.5
    assert math.isinf(result.delay_s(90))
    assert result.delay_s(50) < 0.5
    assert result.as_dict()["delay_90_percent_s"] is None


def test_uncertain_faces_are_compared_with_peoples_doubt() -> None:
    pictures = [scores(happy=0.9), scores(happy=0.3), scores(sad=0.3), scores(sad=0.8), scores(happy=0.2)]
    seen = votes(
        {"happy": 10},
        {"happy": 5, "neutral": 5},  # uncertain, and people doubt
        {"sad": 9, "neutral": 1},  # uncertain, and people do not
        {"neutral": 10},  # wrong
        {"no face": 10},  # none of a face's
    )
    result = measure_labels(faces([clip(scores(happy=0.9))], pictures=pictures, seen=seen), SLOW)
    assert (result.uncertain, result.doubted, result.doubts_found, result.wrong) == (0.5, 0.5, 1, 0.5)
    everything_named = measure_labels(faces([clip(scores(happy=0.9))], pictures=pictures, seen=seen), RAW)
    assert everything_named.uncertain == 0
    assert math.isnan(everything_named.doubted)
    assert everything_named.wrong == pytest.approx(1 / 3)


def test_stills_have_no_hysteresis() -> None:
    pictures = [scores(happy=0.44), scores(happy=0.46)]
    both = faces([clip(scores(happy=0.9))], pictures=pictures, seen=votes({"happy": 10}, {"happy": 10}))
    assert measure_labels(both, SLOW).uncertain == 0.5


@pytest.mark.parametrize(
    ("counts", "answer"),
    [
        ({"happy": 8, "neutral": 2}, HAPPY),
        ({"happy": 7, "neutral": 3}, -1),
        ({"sad": 8, "unknown": 3}, -1),
        ({"no face": 10}, -1),
        ({}, -1),
    ],
)
def test_strong_agreement_is_four_fifths_of_all_people(counts: dict[str, int], answer: int) -> None:
    assert agreed_answers(votes(counts)).tolist() == [answer]


def test_changes_are_between_faces_that_people_see_differently() -> None:
    answers = np.array([HAPPY, -1, SAD, HAPPY, NEUTRAL])
    pairs = choose_changes(answers, 50)
    assert pairs.shape == (50, 2)
    assert (answers[pairs] >= 0).all()
    assert (answers[pairs[:, 0]] != answers[pairs[:, 1]]).all()
    np.testing.assert_array_equal(pairs, choose_changes(answers, 50))


@pytest.mark.parametrize("answers", [[], [-1, -1], [HAPPY, HAPPY, -1]])
def test_no_change_without_two_expressions(answers: list[int]) -> None:
    assert choose_changes(np.array(answers, np.int64), 5).shape == (0, 2)
    assert math.isnan(measure_labels(faces([clip(scores(happy=0.9))]), RAW).delay_s(50))
