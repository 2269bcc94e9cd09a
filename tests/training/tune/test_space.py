from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.errors import InputError
from fer_edge.training.recipe import Recipe
from fer_edge.training.recipe_part import Choices, Range
from fer_edge.training.tune.space import DEFAULT_OVER, SPACE, read_space

DOCUMENT = Path(__file__).parents[3] / "docs" / "tuning.md"


def test_names_with_and_without_values_are_read() -> None:
    space = read_space(["mixup", "learning-rate=1e-3:2e-3", "batch_size=16,32"], Recipe())
    assert space == {
        "mixup": SPACE["mixup"],
        "learning_rate": Range(1e-3, 2e-3, log=True),
        "batch_size": Choices((16, 32)),
    }


def test_recipe_accepts_whole_default_space() -> None:
    assert list(read_space(list(SPACE), Recipe(teachers=("a.keras",)))) == list(SPACE)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("learning_rat", "did you mean 'learning_rate'"),
        ("xyz", "expected one of batch_size, learning_rate, "),
        ("learning_rate=0:1", "LOW below HIGH above 0, got 0:1"),
        ("mixup=0.3:0.1", "LOW below HIGH, got 0.3:0.1"),
        ("mixup=0.3", "LOW:HIGH, got '0.3'"),
        ("shift=0:1.5", "shift must be at least 0 and below 1, got 1.5"),
        ("batch_size=a", "32,64,128,256, got 'a'"),
        ("batch_size=0", "batch_size must be at least 1, got 0"),
        ("class_balance=some", "none,sqrt,full, got 'some'"),
        ("distill_weight", "without a teacher"),
    ],
)
def test_invalid_part_or_values_are_rejected(over: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_space([over], Recipe())
    assert message in str(refused.value)


def test_documentation_lists_default_space() -> None:
    rows = [line for line in DOCUMENT.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    documented = {row.split("`")[1]: row for row in rows}
    assert set(documented) >= set(SPACE)
    for name, values in SPACE.items():
        _, part, shown, *_ = documented[name].split("|")
        assert all(str(value) in shown for value in values.extremes if value), name
        assert ("*" in part) is (name in DEFAULT_OVER), name
