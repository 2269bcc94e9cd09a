"""The preview's settings, which visitors change over real connections to 127.0.0.1."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sources.source import Frame
from tests.runtime.sinks.preview.visitor import JSON, Adjusted, fetch, next_event, preview, read, read_json, refused

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


def test_settings_change_the_pipeline_and_reach_all_pages(make_face: MakeFace, make_result: MakeResult) -> None:
    pipeline = Adjusted()
    with preview(links=StreamLinks(pipeline=pipeline)) as sink, fetch(f"{sink.url}events") as messages:
        assert next_event(messages)["settings"]["adjustable"] is True
        sink.write(*make_result(make_face()))
        assert next_event(messages)["settings"]["threshold"] == 0.45
        changed = read_json(f"{sink.url}api/settings", b'{"threshold": 0.6}', Content_Type=JSON)
        assert pipeline.smoothing == Smoothing(0.25, 0.6)
        # The result before the change may have come twice, as a new client has it sent again.
        assert changed in (next_event(messages)["settings"] for _ in range(2))
        read(f"{sink.url}api/settings", b'{"threshold": 0, "smoothing_s": 1.5}', Content_Type=JSON)
        assert pipeline.smoothing == Smoothing(1.5, 0.0)
        assert changed["at_start"] == {"threshold": 0.45, "smoothing_s": 0.25}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{}", 400),
        (b"[]", 400),
        (b"0.5", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[" * 3000, 400),
        (b'{"threshold": 1.01}', 400),
        (b'{"threshold": -0.1}', 400),
        (b'{"threshold": NaN}', 400),
        (b'{"threshold": true}', 400),
        (b'{"threshold": "0.5"}', 400),
        (b'{"threshold": null}', 400),
        (b'{"smoothing_s": 61}', 400),
        (b'{"smoothing_s": 1e999}', 400),
        (b'{"margin": 0.1}', 400),
        (b'{"threshold": 0.5, "margin": 0.1}', 400),
        (b'{"threshold": 0.5' + b" " * 5000 + b"}", 413),
    ],
)
def test_malformed_settings_are_refused(body: bytes, status: int) -> None:
    pipeline = Adjusted()
    with preview(links=StreamLinks(pipeline=pipeline)) as sink:
        code, text = refused(f"{sink.url}api/settings", body, Content_Type=JSON)
    assert code == status
    assert text.count("\n") <= 1
    assert pipeline.smoothing == Adjusted().smoothing


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content_Type": "multipart/form-data; boundary=x"}, 415),
    ],
)
def test_settings_from_other_sites_are_refused(headers: dict[str, str], status: int) -> None:
    pipeline = Adjusted()
    with preview(links=StreamLinks(pipeline=pipeline)) as sink:
        url, body = f"{sink.url}api/settings", b'{"threshold": 0.6}'
        assert refused(url, body, **{"Content_Type": JSON, **headers})[0] == status
        assert pipeline.smoothing == Adjusted().smoothing
        own = sink.url.rstrip("/")
        for allowed in ({"Origin": own}, {"Sec_Fetch_Site": "same-origin", "Origin": own}, {}):
            assert read_json(url, body, Content_Type=JSON, **allowed)["threshold"] == 0.6


def test_settings_of_a_stream_without_any_are_refused() -> None:
    with preview() as sink:
        assert read_json(f"{sink.url}api/state")["settings"]["adjustable"] is False
        assert refused(f"{sink.url}api/settings", b'{"threshold": 0.6}', Content_Type=JSON)[0] == 409
        assert refused(f"{sink.url}api/settings")[0] == 405
