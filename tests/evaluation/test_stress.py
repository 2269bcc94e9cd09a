from __future__ import annotations

from fer_edge.evaluation.groups import make_rate
from fer_edge.evaluation.stress import StressAxis, StressResult, StressStep, describe_weaknesses, with_weaknesses


def step(name: str, hits: int) -> StressStep:
    return StressStep(name, make_rate(hits, 100), hits / 100)


RESULT = StressResult(
    "label",
    step("unchanged", 80),
    (
        StressAxis("darker", "", (step("x0.5", 79), step("x0.25", 69), step("x0.1", 20))),
        StressAxis("blurred", "", (step("1 px", 78), step("2 px", 71))),
    ),
)


def test_first_step_that_costs_ten_points_is_a_weakness() -> None:
    assert describe_weaknesses(RESULT.for_card()) == [
        "Weak when darker (x0.25): right on 69% of faces, of 80% unchanged."
    ]


def test_new_weaknesses_replace_old_ones_and_keep_other_limitations() -> None:
    first = with_weaknesses(("Own words.",), RESULT.for_card())
    assert with_weaknesses(first, RESULT.for_card()) == first
    assert first[0] == "Own words."
    assert len(first) == 2
