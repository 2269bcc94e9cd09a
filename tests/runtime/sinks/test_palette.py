from __future__ import annotations

import math
from itertools import combinations

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN
from fer_edge.runtime.sinks.palette import GRAY, Colour, css_colour, label_colours


def distance(colour: Colour, other: Colour) -> float:
    return math.dist(colour, other)


@pytest.mark.parametrize("count", [1, 2, 7, 8, 24, 100])
def test_every_label_and_uncertain_have_a_colour(count: int) -> None:
    labels = [f"label {i}" for i in range(count)]
    colours = label_colours(labels)
    assert list(colours) == [*labels, UNCERTAIN]
    assert colours[UNCERTAIN] == GRAY
    assert all(0 <= value <= 255 for colour in colours.values() for value in colour)
    assert len(set(colours.values())) == min(count, 24) + 1


def test_colours_of_the_seven_expressions_are_apart() -> None:
    colours = label_colours(EXPRESSIONS)
    assert min(distance(colours[a], colours[b]) for a, b in combinations(EXPRESSIONS, 2)) > 60
    assert min(distance(colours[label], GRAY) for label in EXPRESSIONS) > 60


def test_css_colour_is_red_green_blue() -> None:
    assert css_colour((0, 94, 213)) == "#d55e00"
