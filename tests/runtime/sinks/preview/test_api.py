"""The preview's endpoints for programs, over real connections to 127.0.0.1."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from http.client import HTTPResponse
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.runtime.results import Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview import condition, open_preview
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.sink import PreviewSink
from fer_edge.runtime.sources.source import Frame, Outage
from tests.runtime.sinks.preview.visitor import (
    JSON,
    Adjusted,
    fetch,
    next_event,
    next_named_event,
    preview,
    read,
    read_json,
    refused,
)

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
WaitUntil = Callable[..., None]
Happen = Callable[..., None]
APPEARED = Event(EventKind.APPEARED, 1, 1_700_000_000.25, "happy")
PICTURES = ("snapshot.jpg", "snapshot.png", "api/changes/1.jpg", "picture.mjpg")


@pytest.fixture
def happen(make_face: MakeFace, make_result: MakeResult) -> Happen:
    """A function that writes a frame with one face, to which something happens."""

    def write(sink: PreviewSink, kind: EventKind, label: str = "happy", previous: str | None = None) -> None:
        event = replace(APPEARED, kind=kind, label=label, previous=previous)
        sink.write(*make_result(*[make_face(label)] * (kind is not EventKind.LEFT), events=(event,)))

    return write


def decoded(response: HTTPResponse) -> Any:
    with response:
        return cv2.imdecode(np.frombuffer(response.read(), np.uint8), cv2.IMREAD_COLOR)


def state_of(sink: PreviewSink) -> str:
    return str(read_json(f"{sink.url}api/state")["stream"]["state"])


def test_state_before_the_first_frame() -> None:
    links = StreamLinks(camera="Door", source="camera 0", model="tiny")
    with preview(links=links) as sink:
        state = read_json(f"{sink.url}api/state")
        assert refused(f"{sink.url}snapshot.jpg") == (503, "No frame yet.\n")
    assert (state["camera"], state["source"], state["model"]) == ("Door", "camera 0", "tiny")
    assert (state["stream"]["state"], state["stream"]["reason"]) == ("waiting", "")
    assert (state["frame"], state["size"], state["faces"], state["delay_ms"]) == (None, None, [], None)
    assert state["summary"] == {"frames": 0, "persons": 0, "duration_s": 0.0, "shares": {}}


def test_state_has_the_newest_faces_and_a_breakdown_that_adds_up(
    make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil
) -> None:
    with preview() as sink:
        for number in range(3):
            came = () if number else (APPEARED, replace(APPEARED, track_id=2, label="sad"))
            sink.write(*make_result(make_face("happy"), make_face("sad", track_id=2), number=number, events=came))
            time.sleep(0.05)
        wait_until(lambda: read_json(f"{sink.url}api/state")["summary"]["frames"] == 3)
        state = read_json(f"{sink.url}api/state")
    assert [(face["id"], face["label"]) for face in state["faces"]] == [(1, "happy"), (2, "sad")]
    assert (state["camera"], state["stream"]["state"]) == ("demo, tiny", "live")
    assert (state["summary"]["persons"], state["summary"]["shares"]) == (2, {"happy": 0.5, "sad": 0.5})
    parts = state["breakdown_ms"]
    assert (parts["read"], parts["detect"]) == (1.0, 10.0)
    assert parts["other"] > 0
    assert state["frame_ms"] == pytest.approx(sum(parts.values()), abs=0.01)
    assert state["frame_ms"] == pytest.approx(1000 / state["fps"], rel=0.01)
    assert state["delay_ms"] >= 0


@pytest.mark.parametrize("path", ["api/state", "snapshot.jpg", "snapshot.png"])
def test_unchanged_content_is_not_sent_again(
    make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil, path: str
) -> None:
    with preview() as sink:
        sink.write(*make_result(make_face()))
        wait_until(lambda: state_of(sink) == "live")
        with fetch(f"{sink.url}{path}") as response:
            tag = response.headers["ETag"]
            assert response.headers["Cache-Control"] == "no-store"
        assert refused(f"{sink.url}{path}", If_None_Match=tag) == (304, "")
        sink.write(*make_result(make_face(), number=1))

        def is_new() -> bool:
            with fetch(f"{sink.url}{path}") as response:
                return response.headers["ETag"] != tag

        wait_until(is_new)


@pytest.mark.parametrize(
    "path",
    ["snapshotxjpg", "snapshot.gif", "api/log.txt", "api/changes/x.jpg", "api/changes/-1.jpg", "api/", "api/changes/1"],
)
def test_other_paths_are_not_found(make_face: MakeFace, make_result: MakeResult, path: str) -> None:
    with preview() as sink:
        sink.write(*make_result(make_face()))
        assert refused(f"{sink.url}{path}")[0] == 404


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_snapshot_is_the_whole_frame_with_boxes(make_face: MakeFace, make_result: MakeResult, suffix: str) -> None:
    with preview() as sink:
        frame, result = make_result(make_face("happy", 0.9, (400, 300, 700, 700)), size_wh=(1920, 1080))
        sink.write(frame, result)
        shown = decoded(fetch(f"{sink.url}snapshot.{suffix}"))
    assert shown.shape == (1080, 1920, 3)
    difference = np.abs(shown.astype(int) - frame.image).max(axis=2)
    assert difference[:200].max() < 8  # unchanged far from the face
    assert difference[300:700, 395:405].max() > 50


def test_no_pixel_leaves_the_device_with_privacy(happen: Happen, wait_until: WaitUntil) -> None:
    with preview(privacy=True) as sink:
        happen(sink, EventKind.APPEARED)
        wait_until(lambda: read_json(f"{sink.url}api/changes")["changes"] != [])
        for path in PICTURES:
            assert refused(f"{sink.url}{path}") == (403, "Privacy: no picture leaves the device.\n")
        (change,) = read_json(f"{sink.url}api/changes")["changes"]
        assert change["picture"] is None
        assert sink._server._record.changes.picture(1) is None
        assert read_json(f"{sink.url}api/state")["privacy"] is True


def test_changes_have_numbers_and_pictures(happen: Happen, wait_until: WaitUntil) -> None:
    with preview() as sink:
        happen(sink, EventKind.APPEARED, "happy")
        happen(sink, EventKind.CHANGED, "sad", "happy")
        happen(sink, EventKind.LEFT, "sad")
        wait_until(lambda: len(read_json(f"{sink.url}api/changes")["changes"]) == 3)
        changes = read_json(f"{sink.url}api/changes?after=1")["changes"]
        assert [(each["number"], each["event"], each["id"], each["label"]) for each in changes] == [
            (2, "expression_changed", 1, "sad"),
            (3, "face_left", 1, "sad"),
        ]
        assert changes[0]["previous"] == "happy"
        assert abs(changes[0]["moment"] - time.monotonic()) < 60
        assert decoded(fetch(sink.url + changes[1]["picture"])).shape[0] <= 96
        assert refused(f"{sink.url}api/changes/4.jpg")[0] == 404
        assert refused(f"{sink.url}api/changes?after=-1")[0] == 400


def test_events_are_resumed_after_the_last_one(happen: Happen, wait_until: WaitUntil) -> None:
    with preview() as sink:
        happen(sink, EventKind.APPEARED, "happy")
        wait_until(lambda: read_json(f"{sink.url}api/changes")["changes"] != [])
        with fetch(f"{sink.url}api/events") as new:
            assert next_named_event(new)[1]["state"] == "live"
            happen(sink, EventKind.CHANGED, "sad", "happy")
            fields, change = next_named_event(new)
        run = read_json(f"{sink.url}api/state")["run"]
        assert fields == {"id": f"{run}-2", "event": "expression_changed"}
        assert (change["number"], change["label"], change["previous"]) == (2, "sad", "happy")
        for last, numbers in [(f"{run}-0", [1, 2]), (f"{run}-1", [2]), ("another-7", [1, 2]), ("x", [1, 2])]:
            with fetch(f"{sink.url}api/events", Last_Event_ID=last) as resumed:
                assert next_event(resumed)["state"] == "live"
                assert [next_event(resumed)["number"] for _ in numbers] == numbers


def test_followers_of_events_get_every_change(happen: Happen) -> None:
    with preview() as sink, fetch(f"{sink.url}api/events") as response:
        next_event(response)
        happen(sink, EventKind.APPEARED, "happy")
        for number in range(20):
            happen(sink, EventKind.CHANGED, *(("sad", "happy") if number % 2 == 0 else ("happy", "sad")))
        numbers: list[int] = []
        while len(numbers) < 21:
            data = next_event(response)
            numbers += [data["number"]] if "number" in data else []
    assert numbers == list(range(1, 22))


def test_frozen_camera_is_shown_with_the_time_of_the_last_frame(
    make_face: MakeFace, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "_PATIENCE_S", 3)
    with preview() as sink, fetch(f"{sink.url}api/events") as events, fetch(f"{sink.url}events") as messages:
        assert next_event(messages)["stream"]["state"] == next_event(events)["state"] == "waiting"
        sink.write(*make_result(make_face(), number=5))
        assert next_event(events)["state"] == "live"
        frozen = next_event(events)
        assert frozen["state"] == "frozen"
        assert frozen["for_s"] >= 3
        message = next_event(messages)
        while message["stream"]["state"] != "frozen":
            message = next_event(messages)
        assert message["frame"] == 5
        assert read_json(f"{sink.url}api/state")["faces"] == []
        sink.write(*make_result(make_face(), number=6))
        assert next_event(events)["state"] == "live"


def test_lost_camera_is_shown_with_the_reason(
    make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil
) -> None:
    outages = [Outage("camera 0 stopped giving frames")]
    with preview(links=StreamLinks(outage=lambda: outages[0] if outages else None)) as sink:
        sink.write(*make_result(make_face()))
        wait_until(lambda: state_of(sink) == "reconnecting")
        assert read_json(f"{sink.url}api/state")["stream"]["reason"] == "camera 0 stopped giving frames"
        outages.clear()
        sink.write(*make_result(make_face(), number=1))
        wait_until(lambda: state_of(sink) == "live")


def test_end_is_shown_with_a_summary(make_face: MakeFace, make_result: MakeResult, wait_until: WaitUntil) -> None:
    with preview() as sink, fetch(f"{sink.url}events") as messages:
        next_event(messages)
        sink.write(*make_result(make_face("happy"), position_s=0.0, events=(APPEARED,)))
        sink.write(*make_result(make_face("sad"), position_s=12.5, number=1))
        sink.finish()
        message = next_event(messages)
        while message["stream"]["state"] != "finished":
            message = next_event(messages)
        expected = {"frames": 2, "persons": 1, "duration_s": 12.5, "shares": {"happy": 0.5, "sad": 0.5}}
        assert message["summary"] == expected
        state = read_json(f"{sink.url}api/state")
        assert (state["stream"]["state"], state["summary"]) == ("finished", expected)
        assert decoded(fetch(f"{sink.url}snapshot.jpg")) is not None


def test_clients_learn_of_the_end_before_the_server_closes(make_face: MakeFace, make_result: MakeResult) -> None:
    with preview() as sink:
        messages, events = fetch(f"{sink.url}events"), fetch(f"{sink.url}api/events")
        sink.write(*make_result(make_face()))
        next_event(events)
        sink.finish()
    with messages, events:
        last = [line for line in messages.read().split(b"\n") if line.startswith(b"data: ")][-1]
        assert json.loads(last.removeprefix(b"data: "))["stream"]["state"] == "finished"
        assert b'"state":"finished"' in events.read()


def test_every_endpoint_requires_the_token() -> None:
    pipeline = Adjusted()
    with preview(token="given", links=StreamLinks(pipeline=pipeline)) as sink:
        base = sink.url.partition("?")[0]
        paths = ("state", "events", "changes", "changes/1.jpg", "history", "log.jsonl", "log.csv")
        for path in [*(f"api/{path}" for path in paths), *PICTURES]:
            assert refused(f"{base}{path}", Accept="text/html") == (401, refused(base)[1])
        assert refused(f"{base}api/settings", b'{"threshold": 0.6}', Content_Type=JSON)[0] == 401
        assert pipeline.smoothing == Adjusted().smoothing
        assert read_json(f"{base}api/state", Authorization="Bearer given")["stream"]["state"] == "waiting"


def test_own_labels_are_used_everywhere(make_result: MakeResult, wait_until: WaitUntil) -> None:
    labels = tuple(f"mood {number}" for number in range(20))
    scores = np.full(20, 0.02, np.float32)
    scores[19] = 0.62
    face = FaceResult(1, np.array([10, 20, 60, 80], np.float32), 0.9, scores, labels[19], 0.62)
    with closing(open_preview("0", labels, "demo")) as sink:
        for number in range(2):
            sink.write(*make_result(face, number=number, taken_at=time.monotonic() + number - 1))
        wait_until(lambda: read_json(f"{sink.url}api/history")["shares"] == {"mood 19": 1.0})
        state = read_json(f"{sink.url}api/state")
        assert tuple(state["labels"]) == tuple(state["faces"][0]["scores"]) == labels
        assert set(state["colours"]) == {*labels, "uncertain"}
        assert read(f"{sink.url}api/log.csv").splitlines()[0].endswith(",mood 18,mood 19")
        assert decoded(fetch(f"{sink.url}snapshot.png")).shape == (120, 160, 3)
