"""Pages of the preview in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.fakes.preview_stream import PreviewStream, previewing
from tests.runtime.sinks.preview.browsing import OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_LOST = "Failed to load resource: "
"""What Chromium says of a request that breaks or is refused."""


@pytest.fixture
def open_page(browser: Browser) -> Iterator[OpenPage]:
    """Return a function that opens an empty page; a page that logs a fault fails the test.

    Broken and refused requests are no fault if it is called with `may_break=True`.
    """
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(_page(browser, **options))


@pytest.fixture(scope="module")
def stream() -> Iterator[PreviewStream]:
    """A stream that a module's tests share; each shows its own faces."""
    with previewing() as stream:
        yield stream


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """The preview's page, whose modules a test imports."""
    with previewing() as stream:
        page = browser.new_page()
        page.goto(stream.url)
        yield page
        page.close()


@contextmanager
def _page(browser: Browser, width: int = 1440, height: int = 900, may_break: bool = False) -> Iterator[Page]:
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        yield page
        assert [fault for fault in faults if not (may_break and _LOST in fault)] == []
    finally:
        context.close()
