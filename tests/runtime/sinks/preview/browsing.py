"""Waiting for what the preview's page shows in a browser."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from fer_edge.runtime.results import FaceResult

if TYPE_CHECKING:
    from playwright.sync_api import Page

MakeFace = Callable[..., FaceResult]
OpenPage = Callable[..., "Page"]
LEFT_BOX, RIGHT_BOX = (20, 80, 100, 180), (200, 100, 260, 170)
_TIMEOUT_S = 60

# Return the colour of a point of the picture's canvas, by shares of its sides: "red", "blue" or "neither".
_COLOUR_AT = """([x, y]) => {
  const canvas = document.getElementById("picture");
  const probe = new OffscreenCanvas(1, 1).getContext("2d");
  probe.drawImage(canvas, -canvas.width * x, -canvas.height * y);
  const [red, , blue] = probe.getImageData(0, 0, 1, 1).data;
  return red > 180 && blue < 80 ? "red" : blue > 180 && red < 80 ? "blue" : "neither";
}"""


def colour_at(page: Page, x: float = 0.5, y: float = 0.5) -> str:
    """Return the colour of a point of the picture, by shares of its sides: red, blue or neither."""
    return str(page.evaluate(_COLOUR_AT, [x, y]))


def wait_for(condition: Callable[[], bool], page: Page) -> None:
    """Wait until a condition holds."""
    # Polled from here, as wait_for_function uses eval, which the page's policy forbids.
    deadline = time.monotonic() + _TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def wait_for_colour(page: Page, colour: str, x: float = 0.5, y: float = 0.5) -> None:
    """Wait until a point of the picture has a colour: red or blue."""
    wait_for(lambda: colour_at(page, x, y) == colour, page)


def wait_for_text(page: Page, selector: str, text: str) -> None:
    """Wait until an element of the page holds a text."""
    page.locator(selector).filter(has_text=text).first.wait_for()


def two_faces(make_face: MakeFace) -> tuple[FaceResult, FaceResult]:
    """Return a happy face on the left, the larger one, and a sad one on the right."""
    return make_face("happy", 0.88, LEFT_BOX), make_face("sad", 0.7, RIGHT_BOX, track_id=2)
