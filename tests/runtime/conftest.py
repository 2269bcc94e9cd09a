"""Results for the tests of the sinks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import Event, FaceResult, FrameResult
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


@pytest.fixture(scope="session")
def make_face() -> MakeFace:
    """Return a function that makes a face from a label, its score and a box."""

    def make(
        label: str = "happy", score: float = 0.88, box: tuple[float, ...] = (10, 20, 60, 80), track_id: int = 1
    ) -> FaceResult:
        scores = np.full(len(EXPRESSIONS), (1 - score) / (len(EXPRESSIONS) - 1), np.float32)
        scores[EXPRESSIONS.index(label)] = score
        return FaceResult(track_id, np.array(box, np.float32), 0.91, scores, label, score)

    return make


@pytest.fixture(scope="session")
def make_result() -> MakeResult:
    """Return a function that makes a frame, with further attributes, and its result from faces."""

    def make(
        *faces: FaceResult,
        number: int = 0,
        time: float = 1_700_000_000.25,
        size_wh: tuple[int, int] = (160, 120),
        events: tuple[Event, ...] = (),
        **known: Any,
    ) -> tuple[Frame, FrameResult]:
        image = np.full((size_wh[1], size_wh[0], 3), 100, np.uint8)
        timings_ms = {"read": 1.0, "detect": 10.0, "track": 0.3, "crop": 0.1, "classify": 0.5, "total": 10.6}
        return Frame(image, number, time, **known), FrameResult(number, time, faces, timings_ms, events)

    return make
