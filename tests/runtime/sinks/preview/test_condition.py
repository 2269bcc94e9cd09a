from __future__ import annotations

import pytest

from fer_edge.runtime.sinks.preview.condition import Condition, StreamState, Watch
from fer_edge.runtime.sources.source import Outage

GONE = Outage("camera 0 stopped giving frames; check the cable")
FROZEN = Outage("camera 0 gives the same frame again and again; check the camera", frozen=True)


@pytest.fixture
def watch() -> Watch:
    return Watch(10.0, interval_s=0.03)


def test_stream_waits_until_the_first_frame(watch: Watch) -> None:
    assert watch.observe(500.0, None) == Condition(StreamState.WAITING, 10.0)
    watch.add_frame(501.0)
    assert watch.observe(502.0, None) == Condition(StreamState.LIVE, 501.0)


def test_stream_freezes_after_some_seconds_without_a_frame(watch: Watch) -> None:
    watch.add_frame(20.0)
    watch.add_frame(30.0)
    assert watch.observe(34.0, None) == Condition(StreamState.LIVE, 20.0)
    assert watch.observe(36.0, None) == Condition(StreamState.FROZEN, 30.0)
    assert watch.observe(99.0, None) == Condition(StreamState.FROZEN, 30.0)
    watch.add_frame(100.0)
    assert watch.observe(101.0, None) == Condition(StreamState.LIVE, 100.0)


def test_rare_frames_are_awaited_longer() -> None:
    watch = Watch(0.0, interval_s=60)
    watch.add_frame(10.0)
    assert watch.observe(180.0, None).state is StreamState.LIVE
    assert watch.observe(191.0, None).state is StreamState.FROZEN


@pytest.mark.parametrize(("outage", "state"), [(GONE, StreamState.RECONNECTING), (FROZEN, StreamState.FROZEN)])
def test_outage_shows_since_the_last_frame_until_the_next(watch: Watch, outage: Outage, state: StreamState) -> None:
    watch.add_frame(20.0)
    shown = Condition(state, 20.0, outage.reason)
    assert watch.observe(21.0, outage) == shown
    assert watch.observe(90.0, outage) == shown
    assert watch.observe(90.1, None) == shown
    watch.add_frame(90.2)
    assert watch.observe(90.3, None) == Condition(StreamState.LIVE, 90.2)


def test_end_is_final(watch: Watch) -> None:
    watch.add_frame(20.0)
    watch.finish(21.0)
    assert watch.observe(99.0, GONE) == Condition(StreamState.FINISHED, 21.0)
