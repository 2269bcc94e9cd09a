from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import add_card_to_keras
from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.labels import EXPRESSIONS
from fer_edge.prior import read_prior
from fer_edge.training.learned_prior import learned_prior, photos_prior
from fer_edge.training.recipe import ClassBalance, Recipe

HAPPY, SAD = EXPRESSIONS.index("happy"), EXPRESSIONS.index("sad")
RECIPE = Recipe(votes_weight=1.0, distill_temperature=1.0)


@pytest.fixture
def split() -> Split:
    """Return ten images labelled sad: people call nine happy and one sad."""
    counts = np.zeros((10, len(CHOICES)), np.uint16)
    counts[:9, HAPPY] = counts[9, SAD] = 10
    return Split(np.zeros((10, 48, 48), np.uint8), np.full(10, SAD), tuple("abcdefghij"), Votes(counts))


def teacher(path: Path, prior: dict[str, float] | None) -> str:
    add_card_to_keras(path, ModelCard("a", "a", prior=prior))
    return str(path)


def test_prior_is_mean_of_votes(split: Split) -> None:
    prior = learned_prior(split, RECIPE)
    assert prior is not None
    assert prior == pytest.approx({**dict.fromkeys(EXPRESSIONS, 0), "happy": 0.9, "sad": 0.1})
    assert photos_prior(split, 1) == pytest.approx(prior)
    half = learned_prior(split, replace(RECIPE, votes_weight=0.5))
    assert half is not None
    assert half["happy"] == pytest.approx(0.45)


@pytest.mark.parametrize(("balance", "happy"), [("sqrt", 0.75), ("full", 0.5)])
def test_class_balance_changes_learned_prior_only(split: Split, balance: str, happy: float) -> None:
    prior = learned_prior(split, replace(RECIPE, class_balance=ClassBalance(balance)))
    photos = photos_prior(split, 1)
    assert prior is not None
    assert photos is not None
    assert prior["happy"] == pytest.approx(happy)
    assert photos["happy"] == pytest.approx(0.9)


def test_label_smoothing_moves_prior_to_equal_shares(split: Split, tmp_path: Path) -> None:
    smoothed = replace(RECIPE, label_smoothing=0.1)
    expected = {name: 0.9 * share + 0.1 / 7 for name, share in (learned_prior(split, RECIPE) or {}).items()}
    assert expected["disgust"] == pytest.approx(0.1 / 7)
    assert learned_prior(split, smoothed) == pytest.approx(expected)
    photos = photos_prior(split, 1)
    assert photos is not None
    assert photos["disgust"] == 0
    path = teacher(tmp_path / "teacher.keras", photos)
    assert learned_prior(split, replace(smoothed, teachers=(path,))) == pytest.approx(expected)


def test_softened_teachers_give_no_prior(split: Split, tmp_path: Path) -> None:
    path = teacher(tmp_path / "teacher.keras", learned_prior(split, RECIPE))
    assert learned_prior(split, replace(RECIPE, teachers=(path,), distill_temperature=2.0)) is None


def test_labels_alone_give_no_prior(split: Split) -> None:
    for unvoted in (replace(split, votes=None), replace(split, votes=Votes.none(10))):
        assert learned_prior(unvoted, RECIPE) is None
    assert learned_prior(split, Recipe()) is None
    assert photos_prior(split, 0) is None


def test_teachers_move_prior_to_theirs_by_their_share(split: Split, tmp_path: Path) -> None:
    photos = learned_prior(split, RECIPE)
    assert photos is not None
    same = teacher(tmp_path / "same.keras", photos)
    assert learned_prior(split, replace(RECIPE, teachers=(same, same))) == pytest.approx(photos)
    even = {**photos, "happy": 0.5, "sad": 0.5}
    other = teacher(tmp_path / "other.keras", even)
    assert learned_prior(split, replace(RECIPE, teachers=(other,), distill_weight=1.0)) == pytest.approx(even)
    between = learned_prior(split, replace(RECIPE, teachers=(other,), distill_weight=0.5))
    assert between is not None
    assert 0.5 < between["happy"] < 0.9


def test_teacher_of_unknown_prior_gives_no_prior(split: Split, tmp_path: Path) -> None:
    known = teacher(tmp_path / "known.keras", read_prior("balanced", dict.fromkeys(EXPRESSIONS, 1 / 7)))
    unknown = teacher(tmp_path / "unknown.keras", None)
    assert learned_prior(split, replace(RECIPE, teachers=(known, unknown))) is None
