from __future__ import annotations

import pytest

from benchmarks.detector.pictures import measure
from fer_edge.runtime.faces.engines import DetectorEngine


@pytest.mark.parametrize("engine", [DetectorEngine.INT8, DetectorEngine.OPENCV])
def test_a_picture_has_its_time_and_memory(engine: DetectorEngine) -> None:
    ms, megabytes = measure(320, None, engine)
    assert ms > 0
    assert megabytes >= 0
