from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.runtime.faces.smoothing import RAW, SmoothedScores, Smoothing
from fer_edge.runtime.results import UNCERTAIN

LABELS = ("angry", "happy", "sad")
STEADY = Smoothing(seconds=0.25, threshold=0.4, margin=0.1)


def row(*scores: float) -> npt.NDArray[np.float32]:
    return np.array(scores, np.float32)


def after(frames: list[npt.NDArray[np.float32]], fps: float, smoothing: Smoothing = STEADY) -> SmoothedScores:
    smoothed = SmoothedScores(LABELS)
    for i, scores in enumerate(frames):
        smoothed.update(scores, 100 + i / fps, smoothing)
    return smoothed


def test_the_first_frame_is_not_smoothed() -> None:
    smoothed = after([row(0.1, 0.8, 0.1)], 30)
    assert smoothed.scores == pytest.approx([0.1, 0.8, 0.1])
    assert smoothed.label == "happy"


def test_the_first_frames_weigh_alike() -> None:
    """Without a correction for its missing past, the first frame would weigh as much as all of it."""
    smoothed = after([row(1, 0, 0), row(0, 1, 0)], 30)
    assert smoothed.scores == pytest.approx([0.467, 0.533, 0], abs=0.002)


def test_scores_sum_to_one() -> None:
    rng = np.random.default_rng(0)
    frames = list(rng.dirichlet(np.ones(3), 50).astype(np.float32))
    assert after(frames, 30).scores.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
def test_smoothing_does_not_depend_on_the_frame_rate(seconds: float) -> None:
    old, new = row(0.9, 0.05, 0.05), row(0.05, 0.9, 0.05)
    slow, fast = (after([old] * (4 * fps) + [new] * round(seconds * fps), fps).scores for fps in (10, 60))
    assert slow == pytest.approx(fast, abs=1e-4)


def test_a_lasting_change_is_shown_and_noise_is_not() -> None:
    calm, upset = row(0.1, 0.8, 0.1), row(0.8, 0.1, 0.1)
    noisy = [upset if i % 5 == 0 else calm for i in range(150)]
    smoothed = SmoothedScores(LABELS)
    labels = []
    for i, scores in enumerate([*noisy, *[upset] * 21]):
        smoothed.update(scores, i / 30, STEADY)
        labels.append(smoothed.label)
    # Except in its very first frames.
    assert set(labels[10:150]) == {"happy"}
    assert labels[-1] == "angry"


def test_a_label_stays_between_two_near_equal_scores() -> None:
    close = [row(0.46, 0.5, 0.04), row(0.5, 0.46, 0.04)]
    smoothed, smoothing = SmoothedScores(LABELS), Smoothing(seconds=0, threshold=0.4, margin=0.1)
    seen = set()
    for i, scores in enumerate(close * 20):
        smoothed.update(scores, i / 30, smoothing)
        seen.add(smoothed.label)
    assert seen == {"happy"}


def test_a_label_appears_at_the_threshold_and_goes_a_margin_below() -> None:
    smoothed, smoothing = SmoothedScores(LABELS), Smoothing(seconds=0, threshold=0.5, margin=0.1)
    seen = []
    for i, best in enumerate([0.48, 0.52, 0.47, 0.41, 0.38, 0.48, 0.5]):
        smoothed.update(row(best, (1 - best) / 2, (1 - best) / 2), i, smoothing)
        seen.append(smoothed.label)
    assert seen == [UNCERTAIN, "angry", "angry", "angry", UNCERTAIN, UNCERTAIN, "angry"]


def test_a_label_below_the_threshold_replaces_no_other() -> None:
    """Where frames are rare, nothing is left of what a face showed before, however far the new label leads."""
    smoothed, smoothing = SmoothedScores(LABELS), Smoothing(seconds=0, threshold=0.45, margin=0.15)
    for i, scores in enumerate([row(0.9, 0.05, 0.05), row(0.2, 0.42, 0.38)]):
        smoothed.update(scores, i, smoothing)
    assert smoothed.label == UNCERTAIN


def test_soft_scores_around_the_threshold_keep_their_label() -> None:
    """People's votes give such scores: three of ten disagree."""
    smoothed, smoothing = SmoothedScores(LABELS), Smoothing()
    rng, seen = np.random.default_rng(0), []
    for i, best in enumerate([0.5, *rng.uniform(0.4, 0.5, 300)]):
        smoothed.update(row(best, 0.95 - best, 0.05), i / 30, smoothing)
        seen.append(smoothed.label)
    assert set(seen) == {"angry"}


@pytest.mark.parametrize(("best", "label"), [(0.46, "angry"), (0.44, UNCERTAIN)])
def test_stills_use_the_threshold_alone(best: float, label: str) -> None:
    smoothed, smoothing = SmoothedScores(LABELS), Smoothing().for_stills
    for i, scores in enumerate([row(0.05, 0.9, 0.05), row(best, 0.5 * (1 - best), 0.5 * (1 - best))]):
        smoothed.update(scores, i / 30, smoothing)
    assert smoothed.label == label


def test_raw_frames_do_not_depend_on_each_other() -> None:
    smoothed = SmoothedScores(LABELS)
    for i, scores in enumerate([row(0.34, 0.33, 0.33), row(0.33, 0.34, 0.33), row(0.3, 0.3, 0.4)]):
        smoothed.update(scores, i / 30, RAW)
        assert smoothed.scores == pytest.approx(scores)
        assert smoothed.label == LABELS[i]


def test_settings_may_change_between_frames() -> None:
    smoothed, seen = SmoothedScores(LABELS), []
    for i, threshold in enumerate([0.4, 0.6, 0.4]):
        smoothed.update(row(0.5, 0.3, 0.2), i / 30, Smoothing(seconds=0.25, threshold=threshold, margin=0))
        seen.append(smoothed.label)
    assert seen == ["angry", UNCERTAIN, "angry"]


@pytest.mark.parametrize("wrong", [{"seconds": -1}, {"threshold": 1.5}, {"margin": -0.1}, {"seconds": float("nan")}])
def test_invalid_settings_raise_value_error(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        Smoothing(**wrong)
