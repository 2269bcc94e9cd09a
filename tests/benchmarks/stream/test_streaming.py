from __future__ import annotations

from benchmarks.stream.frame_cost import before_a_wall
from benchmarks.stream.streaming import first_result_s, keep_up, peak_memory_bytes, soak
from fer_edge.preprocess import Image

SCENE: list[Image] = before_a_wall()[:20]


def test_command_is_measured_from_its_start() -> None:
    assert 0.1 < first_result_s() < 60
    assert peak_memory_bytes(frames=3) > 30e6


def test_live_frames_have_a_result_or_are_dropped() -> None:
    result = keep_up(SCENE, seconds=1)
    assert result.frames == 30
    assert result.dropped >= 0
    assert len(result.latencies_ms) == 30


def test_long_run_is_measured_in_tenths() -> None:
    memory, times_ms = soak(SCENE, 100)
    assert len(memory) == len(times_ms) == 10
    assert min(times_ms) > 0
