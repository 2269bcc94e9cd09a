"""Requests to a preview over real connections to 127.0.0.1, and their answers."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.sinks.preview import open_preview

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.preview.sink import PreviewSink

JSON = "application/json"
TIMEOUT_S = 20


@dataclass
class Adjusted:
    """A pipeline, of which only the smoothing counts here."""

    smoothing: Smoothing = field(default_factory=lambda: Smoothing(0.25, 0.45))


@contextmanager
def preview(address: str = "0", **options: Any) -> Iterator[PreviewSink]:
    with closing(open_preview(address, EXPRESSIONS, "demo, tiny", **options)) as sink:
        yield sink


def fetch(url: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
    """Send a GET request, or a POST request with a body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data=body, headers=names)
    response: HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    return response


def read(url: str, body: bytes | None = None, **headers: str) -> str:
    with fetch(url, body, **headers) as response:
        return response.read().decode()


def read_json(url: str, body: bytes | None = None, **headers: str) -> Any:
    return json.loads(read(url, body, **headers))


def refused(url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """Return the status and the text of a request that is refused."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        fetch(url, body, **headers)
    with refusal.value as answer:
        return answer.code, answer.read().decode()


def refusal(url: str, **headers: str) -> int:
    return refused(url, None, **headers)[0]


def next_event(response: HTTPResponse) -> dict[str, Any]:
    """Return the data of the next server-sent event."""
    return next_named_event(response)[1]


def next_named_event(response: HTTPResponse) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the other fields and the data of the next server-sent event."""
    fields: dict[str, str] = {}
    for line in response:
        name, _, value = line.decode().strip().partition(": ")
        if name == "data":
            return fields, json.loads(value)
        fields = {**fields, name: value} if name else {}
    raise AssertionError("the stream has ended")
