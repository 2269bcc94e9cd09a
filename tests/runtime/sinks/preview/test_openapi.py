"""docs/preview-api.yaml: it is valid, names every endpoint, and describes what the server really sends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.runtime.results import UNCERTAIN, Event, EventKind, FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.sink import PreviewSink
from fer_edge.runtime.sources.source import Frame
from tests.runtime.sinks.preview.visitor import Adjusted, fetch, next_event, preview, read_json, refused

jsonschema = pytest.importorskip("jsonschema")
yaml = pytest.importorskip("yaml")

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]
Conforms = Callable[[Any, str], None]
DOCUMENT = Path(__file__).parents[4] / "docs" / "preview-api.yaml"
JSON = "application/json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The OpenAPI document."""
    described: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    return described


@pytest.fixture(scope="module")
def conforms(document: dict[str, Any]) -> Conforms:
    """A function that checks a value against one of the document's schemas; other members than the named ones fail."""

    def check(value: Any, schema: str) -> None:
        wanted = {"$ref": f"#/components/schemas/{schema}", "unevaluatedProperties": False}
        jsonschema.Draft202012Validator({**wanted, "components": document["components"]}).validate(value)

    return check


@pytest.fixture(params=["open", "privacy"])
def busy(
    request: pytest.FixtureRequest, make_face: MakeFace, make_result: MakeResult, wait_until: Callable[..., None]
) -> Iterator[PreviewSink]:
    """A preview of a stream in which something has happened."""
    links = StreamLinks("Door", "camera 0", "tiny", pipeline=Adjusted())
    with preview(privacy=request.param == "privacy", links=links) as sink:
        for number, event in enumerate(
            [
                Event(EventKind.APPEARED, 1, 1000.0, "happy"),
                Event(EventKind.CHANGED, 1, 1001.0, "sad", "happy"),
                Event(EventKind.LEFT, 1, 1002.0, "sad"),
            ]
        ):
            unclear = replace(make_face("sad", 0.3, track_id=2), label=UNCERTAIN)
            frame, result = make_result(make_face(event.label), unclear, number=number)
            sink.write(frame, replace(result, events=(event,)))
        wait_until(lambda: len(read_json(f"{sink.url}api/changes")["changes"]) == 3)
        yield sink


def test_document_is_valid(document: dict[str, Any]) -> None:
    pytest.importorskip("openapi_spec_validator").validate(document)


def test_document_names_every_endpoint(document: dict[str, Any]) -> None:
    with preview() as sink:
        routes = sink._server._application().router.routes()
    page = {"/", "/icon.svg"}
    served = {
        (route.method, route.resource.canonical)
        for route in routes
        if route.resource is not None and route.method != "HEAD" and route.resource.canonical not in page
    }
    served = {(method, path) for method, path in served if not path.endswith((".js", ".css", ".html"))}
    written = {
        (method.upper(), path.replace("log.jsonl", "log.{form}").replace("log.csv", "log.{form}"))
        for path, methods in document["paths"].items()
        for method in methods
    }
    written = {(method, "/snapshot{suffix}" if path.startswith("/snapshot") else path) for method, path in written}
    assert served == written


def test_first_answers_conform(conforms: Conforms) -> None:
    with preview() as sink:
        conforms(read_json(f"{sink.url}api/state"), "State")
        conforms(read_json(f"{sink.url}api/history"), "History")
        with fetch(f"{sink.url}events") as events:
            conforms(next_event(events), "Hello")


def test_state_and_history_conform(busy: PreviewSink, conforms: Conforms) -> None:
    conforms(read_json(f"{busy.url}api/state"), "State")
    for span in (60, 86400):
        conforms(read_json(f"{busy.url}api/history?span={span}"), "History")


def test_changes_conform(busy: PreviewSink, conforms: Conforms) -> None:
    for change in read_json(f"{busy.url}api/changes")["changes"]:
        conforms(change, "Change")
    with fetch(f"{busy.url}api/events", Last_Event_ID="x") as events:
        conforms(next_event(events), "StreamState")
        for _ in range(3):
            conforms(next_event(events), "Change")


def test_messages_conform(busy: PreviewSink, conforms: Conforms) -> None:
    with fetch(f"{busy.url}events") as events:
        conforms(next_event(events), "Hello")
        conforms(next_event(events), "Message")
        busy.finish()
        message = next_event(events)
        while "summary" not in message:
            message = next_event(events)
        conforms(message, "Message")
    conforms(read_json(f"{busy.url}api/state"), "State")


def test_settings_conform(busy: PreviewSink, conforms: Conforms) -> None:
    conforms(read_json(f"{busy.url}api/settings", b'{"threshold": 0.5}', Content_Type=JSON), "Settings")


@pytest.mark.parametrize("value", [{"threshold": 0.5}, {"smoothing_s": 0, "threshold": 1}, {"smoothing_s": 60}])
def test_accepted_settings_conform(conforms: Conforms, value: dict[str, float]) -> None:
    conforms(value, "SettingsChange")


@pytest.mark.parametrize("value", [{}, {"threshold": 2}, {"margin": 1}, {"smoothing_s": 61}])
def test_refused_settings_do_not_conform(conforms: Conforms, value: dict[str, float]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        conforms(value, "SettingsChange")


def test_responses_have_the_described_types(document: dict[str, Any], busy: PreviewSink) -> None:
    streams = {"/api/events", "/events", "/picture.mjpg"}
    for path, methods in document["paths"].items():
        if "200" not in methods.get("get", {}).get("responses", {}) or path in streams:
            continue
        url = busy.url.rstrip("/") + path.format(number=1)
        (expected,) = methods["get"]["responses"]["200"]["content"]
        if expected.startswith("image/") and read_json(f"{busy.url}api/state")["privacy"]:
            assert refused(url)[0] == 403
            continue
        with fetch(url) as response:
            assert response.headers.get_content_type() == expected
