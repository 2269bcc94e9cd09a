"""A web server for the tests of addresses."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.web_server import WebServer, web_server


@pytest.fixture
def server() -> Iterator[WebServer]:
    """A running web server that answers nothing yet."""
    with web_server() as running:
        yield running
