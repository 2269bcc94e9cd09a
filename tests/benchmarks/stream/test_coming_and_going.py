from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarks.stream import coming_and_going
from benchmarks.stream.coming_and_going import SCHEDULES, Visit, compare_schedules
from fer_edge.models import PORTRAIT_FILE
from fer_edge.preprocess import Image


@pytest.fixture
def head() -> Image:
    portrait = cv2.imread(str(PORTRAIT_FILE), cv2.IMREAD_GRAYSCALE)
    assert portrait is not None
    return np.asarray(portrait[40:200, 120:280], np.uint8)


def test_a_visit_comes_stays_and_goes(head: Image) -> None:
    visit = Visit(head, 100, 0.0, (320, 240), (0, -400), (1.0, 2.0, 3.0, 4.0))
    assert [visit.at(time) is None for time in (0, 1.0, 1.2, 2, 3, 3.9, 4)] == [
        True, True, True, False, False, True, True,
    ]  # fmt: skip
    placement = visit.at(2.0)
    assert placement is not None
    assert (placement.centre, placement.side) == ((320, 240), 100)


def test_schedules_are_compared_on_the_same_frames(head: Image, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coming_and_going, "CLIP_S", 3.0)
    monkeypatch.setattr(coming_and_going, "_COMES_S", (0.0, 0.1))
    monkeypatch.setattr(coming_and_going, "_WAY_S", (0.1, 0.2))
    each, plain, around = compare_schedules(head[np.newaxis], clips=1)
    assert [one.name for one in (each, plain, around)] == list(SCHEDULES)
    assert (each.whole, each.missing, each.delays_s) == (1, 0, [0])
    assert each.iou == pytest.approx(1)
    assert plain.around == 0 < around.around
    assert around.whole < plain.whole < 0.5
    assert around.iou > 0.8
