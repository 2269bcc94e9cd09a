from __future__ import annotations

import math
from itertools import combinations

import cv2
import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN
from fer_edge.runtime.sinks.palette import GRAY, Colour, css_colour, label_colours


def distance(colour: Colour, other: Colour) -> float:
    return math.dist(colour, other)


def seen_distance(colour: Colour, other: Colour) -> float:
    """Distance in CIELAB, in which 2.3 are just noticeable."""
    lab = cv2.cvtColor(np.array([[colour, other]], np.float32) / 255, cv2.COLOR_BGR2Lab)[0]
    return float(np.linalg.norm(lab[0] - lab[1]))


@pytest.mark.parametrize("count", [1, 2, 7, 8, 24, 100])
def test_every_label_and_uncertain_have_a_colour(count: int) -> None:
    labels = [f"label {i}" for i in range(count)]
    colours = label_colours(labels)
    assert list(colours) == [*labels, UNCERTAIN]
    assert colours[UNCERTAIN] == GRAY
    assert all(0 <= value <= 255 for colour in colours.values() for value in colour)
    assert len(set(colours.values())) == count + 1


@pytest.mark.parametrize(("count", "least"), [(8, 26), (25, 20), (40, 20), (100, 14)])
def test_labels_can_be_told_apart_by_colour(count: int, least: float) -> None:
    labels = [f"label {i}" for i in range(count)]
    colours = label_colours(labels)
    assert min(seen_distance(colours[a], colours[b]) for a, b in combinations(labels, 2)) > least


def test_colours_repeat_from_the_101st_label() -> None:
    labels = [f"label {i}" for i in range(120)]
    colours = label_colours(labels)
    assert [colours[label] for label in labels[100:]] == [colours[label] for label in labels[:20]]


def test_seven_expressions_keep_their_colours() -> None:
    colours = [css_colour(colour) for label, colour in label_colours(EXPRESSIONS).items() if label != UNCERTAIN]
    assert colours == ["#d55e00", "#009e73", "#cc79a7", "#f0e442", "#bebebe", "#0072b2", "#e69f00"]


def test_colours_of_the_seven_expressions_are_apart() -> None:
    colours = label_colours(EXPRESSIONS)
    assert min(distance(colours[a], colours[b]) for a, b in combinations(EXPRESSIONS, 2)) > 60
    assert min(distance(colours[label], GRAY) for label in EXPRESSIONS) > 60


def test_css_colour_is_red_green_blue() -> None:
    assert css_colour((0, 94, 213)) == "#d55e00"
