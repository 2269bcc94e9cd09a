from __future__ import annotations

import pytest

from fer_edge.analysis.summary.strips import colour_rules, share_bar, shares_in_words, stack, strip
from fer_edge.analysis.summary.time_bins import Span
from fer_edge.markup import Element
from fer_edge.runtime.results import UNCERTAIN

LABELS = ("happy", "sad")


def paths(drawing: Element) -> dict[str | None, str | None]:
    return {path.get("class"): path.get("d") for path in drawing.iter("path")}


def test_strip_covers_gaps_and_leaves_the_uncertain_open() -> None:
    drawing = strip([Span(2, 4, "sad", 0.914), Span(4, 5, UNCERTAIN, 0.3), Span(8, 10, "happy", 1)], 10, LABELS, "")
    drawn = paths(drawing)
    assert drawn["c1"] == "M2 0h2v10h-2z"
    assert drawn["gap"] == "M0-.6h2v11.2h-2zM5-.6h3v11.2h-3z"
    assert drawn["seen"] == "M2 0h3v10h-3zM8 0h2v10h-2z"
    assert drawing.get("data-spans") == "2+2:1:91 4+1:2:30 8+2:0:100"


def test_columns_of_a_stack_are_as_high_as_there_are_faces() -> None:
    drawn = paths(stack({1: {"happy": 1, "sad": 1}, 2: {"happy": 1}, 3: {"happy": 1, UNCERTAIN: 1}}, 4, LABELS, ""))
    assert drawn["c1"] == "M1 10h1v10h-1z"
    assert drawn["c0"] == "M1 0h1v10h-1zM2 10h2v10h-2z"
    assert drawn["gap"] is not None
    assert drawn["gap"].startswith("M0 0h1v20h-1z")
    assert "M2 -1h1v11h-1z" in drawn["gap"]


def test_stack_without_a_face_is_a_gap() -> None:
    assert paths(stack({}, 4, LABELS, "")) == {"gap": "M0 0h4v20h-4z"}


@pytest.mark.parametrize(
    ("shares", "drawn", "words"),
    [
        ({}, {}, "uncertain 100%"),
        ({"sad": 1.0}, {"c1": "M0 0h200v10h-200z"}, "sad 100%"),
        (
            {"happy": 0.25, "sad": 0.5},
            {"c0": "M0 0h50v10h-50z", "c1": "M50 0h100v10h-100z"},
            "sad 50%, happy 25%, uncertain 25%",
        ),
        ({"happy": 0.001, "sad": 0.999}, {"c1": "M0 0h200v10h-200z"}, "sad 100%"),
    ],
)
def test_shares_lie_beside_each_other(shares: dict[str, float], drawn: dict[str, str], words: str) -> None:
    bar = share_bar(shares, LABELS)
    assert paths(bar) == drawn
    assert bar.get("aria-label") == shares_in_words(shares) == words


def test_label_cannot_end_the_style_sheet() -> None:
    assert "<" not in colour_rules(["</style><script>", "b"])
