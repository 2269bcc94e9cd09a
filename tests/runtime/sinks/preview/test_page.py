"""The preview's page in a real browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.preview import open_preview
from fer_edge.runtime.sources.source import Frame
from fer_edge.scores import SHARE_OF_PEOPLE

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from fer_edge.runtime.sinks.preview.sink import PreviewSink

MakeFace = Callable[..., FaceResult]
TIMEOUT_S = 20
RED, BLUE = (0, 0, 255), (255, 0, 0)

# Return the colour in the middle of the picture's canvas: "red", "blue" or "neither".
MIDDLE = """() => {
  const canvas = document.getElementById("picture");
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  probe.drawImage(canvas, -canvas.width / 2, -canvas.height / 2);
  const [red, , blue] = probe.getImageData(0, 0, 1, 1).data;
  return red > 180 && blue < 80 ? "red" : blue > 180 && red < 80 ? "blue" : "neither";
}"""


@contextmanager
def page_of(browser: Browser, width: int = 1280) -> Iterator[tuple[Page, list[str]]]:
    """Open a page, and collect its errors and warnings."""
    faults: list[str] = []
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    try:
        yield page, faults
    finally:
        context.close()


class Stream:
    """Writes frames of one colour with given faces to a sink, in a thread, until it is closed."""

    def __init__(self, sink: PreviewSink, colour: tuple[int, int, int], *faces: FaceResult) -> None:
        self.show(colour, *faces)
        self._sink = sink
        self._done = Event()
        self._thread = Thread(target=self._run)
        self._thread.start()

    def show(self, colour: tuple[int, int, int], *faces: FaceResult) -> None:
        self._shown = np.full((240, 320, 3), colour, np.uint8), faces

    def close(self) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        number = 0
        while not self._done.wait(0.03):
            number += 1
            image, faces = self._shown
            timings_ms = {"read": 3.0, "detect": 10.0, "crop": 0.1, "classify": 0.5, "total": 10.6}
            self._sink.write(Frame(image, number, time.time()), FrameResult(number, time.time(), faces, timings_ms))


@contextmanager
def streaming(
    address: str, colour: tuple[int, int, int], *faces: FaceResult, privacy: bool = False, meaning: str = ""
) -> Iterator[tuple[PreviewSink, Stream]]:
    sink = open_preview(address, EXPRESSIONS, "demo, tiny", privacy=privacy, meaning=meaning)
    with closing(sink), closing(Stream(sink, colour, *faces)) as stream:
        yield sink, stream


def wait_for_middle(page: Page, colour: str) -> None:
    # Polled from here, as wait_for_function uses eval, which the page's policy forbids.
    deadline = time.monotonic() + TIMEOUT_S
    while page.evaluate(f"({MIDDLE})()") != colour:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def wait_for_text(page: Page, selector: str, text: str) -> None:
    page.locator(selector).filter(has_text=text).wait_for()


def test_picture_bars_and_timeline_follow_the_stream(browser: Browser, make_face: MakeFace) -> None:
    with streaming("0", RED, make_face("happy", 0.88)) as (sink, stream), page_of(browser) as (page, faults):
        page.goto(sink.url)
        wait_for_middle(page, "red")
        wait_for_text(page, "#state", "Live")
        wait_for_text(page, "#verdict", "happy 88 %")
        wait_for_text(page, "#title", "demo, tiny")
        stream.show(BLUE, make_face("sad", 0.7))
        wait_for_middle(page, "blue")
        wait_for_text(page, "#verdict", "sad 70 %")
        bar = page.locator("#bars li").nth(EXPRESSIONS.index("sad"))
        assert bar.locator(".value").inner_text() == "70 %"
        assert bar.locator(".fill").evaluate("bar => bar.style.width") == "70%"
        wait_for_text(page, "#changes li:first-child", "face 1: sad")
        wait_for_text(page, "#changes li:nth-child(2)", "face 1: happy")
        wait_for_text(page, "#stages", "10.6")
        page.locator("#timeline[aria-label*='happy'][aria-label*='sad']").wait_for()
        assert faults == []


@pytest.mark.parametrize("meaning", ["", SHARE_OF_PEOPLE, "<b>A score</b> & its meaning"])
def test_meaning_of_a_score_is_shown_beside_the_bars(browser: Browser, make_face: MakeFace, meaning: str) -> None:
    with streaming("0", RED, make_face(), meaning=meaning) as (sink, _), page_of(browser) as (page, faults):
        page.goto(sink.url)
        wait_for_text(page, "#verdict", "happy 88 %")
        assert page.locator("#scores #meaning").is_visible() == bool(meaning)
        assert page.locator("#meaning").text_content() == meaning
        assert faults == []


def test_face_can_be_chosen_with_the_keyboard(browser: Browser, make_face: MakeFace) -> None:
    faces = make_face("happy"), make_face("sad", 0.7, (100, 20, 140, 60), track_id=2)
    with streaming("0", RED, *faces) as (sink, stream), page_of(browser) as (page, faults):
        page.goto(sink.url)
        page.get_by_role("radio", name="largest").focus()
        wait_for_text(page, "#verdict", "happy 88 %")
        for _ in range(2):
            page.keyboard.press("ArrowRight")
        wait_for_text(page, "#verdict", "sad 70 %")
        stream.show(RED, faces[0])
        wait_for_text(page, "#verdict", "Face 2 is not in view")
        assert faults == []


def test_page_survives_a_reload_and_a_restart(browser: Browser, make_face: MakeFace) -> None:
    with page_of(browser) as (page, faults):
        with streaming("0", RED, make_face("angry", 0.8)) as (sink, stream):
            page.goto(sink.url)
            wait_for_text(page, "#changes", "face 1: angry")
            stream.show(RED, make_face("fear", 0.8))
            wait_for_text(page, "#changes", "face 1: fear")
            page.reload()
            wait_for_text(page, "#changes", "face 1: angry")
            wait_for_middle(page, "red")
            assert faults == []
        wait_for_text(page, "#state", "Connection lost")
        with streaming(sink.url.rstrip("/").rpartition(":")[2], BLUE, make_face("happy")):
            wait_for_text(page, "#state", "Live")
            wait_for_middle(page, "blue")
            wait_for_text(page, "#verdict", "happy 88 %")


def test_privacy_shows_boxes_without_a_picture(browser: Browser, make_face: MakeFace) -> None:
    with streaming("0", RED, make_face("happy"), privacy=True) as (sink, _), page_of(browser) as (page, faults):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(sink.url)
        wait_for_text(page, "#verdict", "happy 88 %")
        wait_for_text(page, "#picture-note", "no picture leaves the device")
        assert page.evaluate(f"({MIDDLE})()") == "neither"
        assert not [url for url in asked if "mjpg" in url]
        assert faults == []


def test_token_is_removed_from_the_address_and_the_page_still_works(browser: Browser, make_face: MakeFace) -> None:
    with streaming("0.0.0.0:0", RED, make_face("happy")) as (sink, _), page_of(browser) as (page, faults):
        address, _, token = sink.url.partition("?token=")
        base = f"http://127.0.0.1:{address.rstrip('/').rpartition(':')[2]}/"
        page.goto(f"{base}?token={token}")
        wait_for_middle(page, "red")
        assert page.url == base
        page.reload()
        wait_for_middle(page, "red")
        assert page.evaluate("document.cookie") == ""
        assert faults == []


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_page_fits_the_width(browser: Browser, make_face: MakeFace, width: int) -> None:
    faces = [make_face("surprise", 0.5, (40 * i, 20, 40 * i + 30, 60), track_id=1000 + i) for i in range(8)]
    with streaming("0", RED, *faces) as (sink, _), page_of(browser, width) as (page, faults):
        page.goto(sink.url)
        wait_for_text(page, "#choices", "1007")
        wait_for_text(page, "#stages", "10.6")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert faults == []
