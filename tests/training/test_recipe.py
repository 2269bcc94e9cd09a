from __future__ import annotations

import math
from typing import Any

import pytest

from fer_edge.errors import InputError
from fer_edge.training.recipe import MixedPrecision, Recipe


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("epochs", 0, "epochs must be at least 1, got 0"),
        ("batch_size", 0, "batch_size must be at least 1, got 0"),
        ("learning_rate", 0.0, "learning_rate must be above 0"),
        ("learning_rate", math.nan, "learning_rate must be a finite number, got nan"),
        ("learning_rate", math.inf, "learning_rate must be a finite number, got inf"),
        ("weight_decay", math.inf, "weight_decay must be a finite number, got inf"),
        ("seed", -1, "seed must be at least 0 and at most 4294967295, got -1"),
        ("mixup", -0.1, "mixup must be at least 0, got -0.1"),
        ("ema", 1.0, "ema must be at least 0 and below 1, got 1.0"),
        ("label_smoothing", math.nan, "label_smoothing must be a finite number"),
        ("erase", 1.5, "erase must be at least 0 and at most 1, got 1.5"),
        ("distill_temperature", 0, "distill_temperature must be above 0"),
    ],
)
def test_recipe_rejects_values_out_of_bounds(name: str, value: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Recipe(**{name: value})


@pytest.mark.parametrize(("choice", "enabled"), [(MixedPrecision.ON, True), (MixedPrecision.OFF, False)])
def test_mixed_precision_can_be_forced(choice: MixedPrecision, enabled: bool) -> None:
    assert choice.enabled() is enabled
    assert MixedPrecision.AUTO.enabled() in (True, False)
