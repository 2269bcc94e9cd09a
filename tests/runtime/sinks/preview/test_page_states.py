"""Every state of the preview's page, on a desktop and a phone, dark and light: words, layout, accessibility."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from math import isclose
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import FaceResult
from fer_edge.runtime.sources.source import Outage
from tests.fakes.preview_stream import PreviewStream, previewing
from tests.runtime.sinks.preview.browsing import MakeFace, OpenPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

Box = dict[str, float]

DESKTOP, PHONE = (1440, 900), (390, 844)
VIEWS: tuple[tuple[tuple[int, int], Literal["dark", "light"]], ...] = (
    (DESKTOP, "dark"),
    (DESKTOP, "light"),
    (PHONE, "light"),
    (PHONE, "dark"),
)
PANELS = ("header", ".picture", ".faces", ".timeline", ".changes", ".speed")


@pytest.fixture(scope="module")
def stream() -> Iterator[PreviewStream]:
    """A stream that the tests share; each puts it in its own state."""
    with previewing(meaning="A score is a share.") as stream:
        yield stream


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Return a function that lists what is not accessible in a page."""
    api = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")

    def violations(page: Page) -> list[str]:
        found: list[dict[str, Any]] = api.Axe().run(page).response["violations"]
        return [f"{fault['id']}: {node['html']}" for fault in found for node in fault["nodes"]]

    return violations


def crowd(make_face: MakeFace, count: int) -> list[FaceResult]:
    labels = ("happy", "sad", "neutral", "surprise", "fear")
    boxes = [(80 * (i % 4) + 8, 80 * (i // 4) + 4, 80 * (i % 4) + 70 - i, 80 * (i // 4) + 74 - i) for i in range(count)]
    return [make_face(labels[i % 5], 0.8, box, track_id=i + 1) for i, box in enumerate(boxes)]


# Return where elements are, null for one that is not visible.
BOXES = """selectors => selectors.map((selector) => {
  const element = document.querySelector(selector);
  const { x, y, width, height } = element.getBoundingClientRect();
  return element.checkVisibility() ? { x, y, width, height } : null;
})"""


def boxes_of(page: Page, *selectors: str) -> dict[str, Box]:
    """Return where elements are at one moment, as the page may change at any time."""
    boxes = dict(zip(selectors, page.evaluate(BOXES, selectors), strict=True))
    assert None not in boxes.values(), f"not all visible: {boxes}"
    return boxes


def box_of(page: Page, selector: str) -> Box:
    return boxes_of(page, selector)[selector]


def overlap(a: Box, b: Box) -> bool:
    across = min(a["x"] + a["width"], b["x"] + b["width"]) - max(a["x"], b["x"])
    down = min(a["y"] + a["height"], b["y"] + b["height"]) - max(a["y"], b["y"])
    return across > 1 and down > 1


def check_layout(page: Page, size: tuple[int, int], shape: float) -> None:
    width, height = size
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    panels = boxes_of(page, *PANELS)
    assert [pair for pair in combinations(panels, 2) if overlap(panels[pair[0]], panels[pair[1]])] == []
    picture = box_of(page, "#picture")
    assert isclose(picture["width"] / picture["height"], shape, rel_tol=0.02)
    buttons = page.locator(".toolbar > :visible").all()
    assert len({round(button.evaluate("button => button.getBoundingClientRect().top")) for button in buttons}) == 1
    status, title = boxes_of(page, "#status", "h1").values()
    if size == PHONE:
        assert status["y"] >= title["y"] + title["height"]
        assert status["width"] > 0.8 * width
    else:
        timeline = box_of(page, ".timeline")
        assert timeline["y"] + timeline["height"] <= height, "the timeline is off the screen"
        assert status["x"] + status["width"] > 0.9 * width


def check_everywhere(page: Page, axe: Callable[[Page], list[str]], shape: float = 4 / 3) -> None:
    """Check a state's layout in each size and colour scheme, and its accessibility in each size and in each scheme."""
    for size, scheme in VIEWS:
        show_as(page, size, scheme)
        check_layout(page, size, shape)
        if (size == DESKTOP) == (scheme == "dark"):  # each size and each scheme once, as this takes a while
            assert axe(page) == [], (size, scheme)


def show_as(page: Page, size: tuple[int, int], scheme: Literal["dark", "light"]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme)
    page.wait_for_timeout(100)


def wait_for_state(page: Page, state: str, words: str) -> None:
    page.locator(f"body[data-state={state}]").wait_for()
    assert page.locator("#status").inner_text() == words


def wait_for_result(page: Page) -> None:
    """Wait until a result is shown: before the first one the page has no face too, and its parts lie elsewhere."""
    page.locator("#figures dd").first.wait_for()


@pytest.mark.parametrize(("size", "scheme"), VIEWS)
def test_open_menus_are_on_the_screen(
    stream: PreviewStream,
    open_page: OpenPage,
    make_face: MakeFace,
    axe: Callable[[Page], list[str]],
    size: tuple[int, int],
    scheme: Literal["dark", "light"],
) -> None:
    stream.outage = None
    stream.show(make_face())
    page = open_page()
    show_as(page, size, scheme)
    page.goto(stream.url)
    page.get_by_text("where a frame's time goes").click()
    page.locator("#stack .part").first.wait_for()
    for menu in ("settings", "downloads"):
        page.locator(f"#{menu} summary").click()
        box = box_of(page, f"#{menu} > div")
        assert box["x"] >= 0
        assert not overlap(box, box_of(page, "#picture")), "the picture is what the settings are tried on"
        assert box["x"] + box["width"] <= size[0]
        assert axe(page) == [], menu
    assert page.locator("#settings > div").is_hidden()


@pytest.mark.parametrize("count", [0, 1, 12])
def test_live_with_faces(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]], count: int
) -> None:
    stream.outage = None
    stream.show(*crowd(make_face, count))
    page = open_page()
    page.goto(stream.url)
    wait_for_state(page, "live", "Live")
    wait_for_result(page)
    page.locator("#verdict").filter(has_text="happy 80%" if count else "No face").wait_for()
    page.locator("#choice").wait_for(state="visible" if count > 1 else "hidden")
    assert page.locator("#banner").is_hidden()
    check_everywhere(page, axe)


LONG = ("concentration on the task at hand", "embarrassment", *(f"expression number {i}" for i in range(10)))


@pytest.mark.parametrize(
    ("options", "button", "words"),
    [
        ({"privacy": True}, "", "no picture leaves the device"),
        ({}, "#boxes", "Front door"),
        ({"labels": ("mask", "no mask")}, "", "mask 50%"),
        ({"labels": LONG}, "", "embarrassment 50%"),
        (
            {
                "names": (
                    "The camera above the door of the long meeting room",
                    "rtsp://host.local:8554/" + "stream/" * 12,
                )
            },
            "",
            "rtsp",
        ),
    ],
    ids=["privacy", "boxes off", "two classes", "twelve classes", "long names"],
)
def test_variants_of_a_live_page(
    open_page: OpenPage,
    make_face: MakeFace,
    axe: Callable[[Page], list[str]],
    options: dict[str, Any],
    button: str,
    words: str,
) -> None:
    labels = options.get("labels", EXPRESSIONS)
    scores = np.full(len(labels), 1 / len(labels), np.float32)
    boxes = ((20, 80, 100, 180), (200, 100, 260, 170))
    faces = [replace(make_face(box=box, track_id=i + 1), scores=scores, label=labels[i]) for i, box in enumerate(boxes)]
    with previewing(*faces, **options) as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_result(page)
        page.locator("#legend").filter(has_text=f"{labels[1]} 50%").wait_for()
        if button:
            page.locator(button).click()
        check_everywhere(page, axe)
        assert words in page.locator("body").inner_text()


def test_full_list_of_changes_scrolls(
    open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]]
) -> None:
    with previewing(make_face(), pause_s=0.005) as stream:
        for _ in range(101):
            for label in ("happy", "sad"):
                stream.show(make_face(label))
                stream.wait_for_frame()
        page = open_page()
        page.goto(stream.url)
        wait_for_result(page)
        page.locator("#changes li").nth(199).wait_for()
        check_everywhere(page, axe)


def test_nothing_moves_when_faces_come(stream: PreviewStream, open_page: OpenPage, make_face: MakeFace) -> None:
    stream.outage = None
    page = open_page()
    places = []
    for count in (0, 1, 5, 12):
        stream.show(*crowd(make_face, count))
        page.goto(stream.url)
        wait_for_result(page)
        page.locator("#verdict").filter(has_text="happy 80%" if count else "No face").wait_for()
        places.append(boxes_of(page, ".picture", ".faces", ".changes", ".speed", "#timeline"))
    assert places == [places[0]] * 4


@pytest.mark.parametrize(
    ("outage", "state", "word", "words"),
    [
        (Outage("every picture is the same", frozen=True), "frozen", "Camera frozen", "Every picture is the same."),
        (Outage("/dev/video0 has gone"), "absent", "No camera", "/dev/video0 has gone."),
    ],
)
def test_camera_that_gives_nothing(
    stream: PreviewStream,
    open_page: OpenPage,
    make_face: MakeFace,
    axe: Callable[[Page], list[str]],
    outage: Outage,
    state: str,
    word: str,
    words: str,
) -> None:
    stream.outage = None
    stream.show(*crowd(make_face, 3))
    page = open_page()
    page.goto(stream.url)
    page.locator("#verdict").filter(has_text="happy 80%").wait_for()
    stream.outage = outage
    wait_for_state(page, state, word)
    banner = page.locator("#banner").inner_text()
    assert words in banner
    assert "Since " in banner
    assert page.locator("#verdict").inner_text() == "happy 80%"
    assert page.locator("body[data-old]").count() == 1
    check_everywhere(page, axe)
    stream.outage = None
    wait_for_state(page, "live", "Live")
    assert page.locator("#banner").is_hidden()
    assert page.locator("body[data-old]").count() == 0


def test_finished_recording_stays_with_its_summary(
    open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]]
) -> None:
    with previewing(*crowd(make_face, 2)) as stream:
        page = open_page()
        page.goto(stream.url)
        page.locator("#verdict").filter(has_text="happy 80%").wait_for()
        stream.stop()
        stream.sink.finish()
        wait_for_state(page, "finished", "Recording finished")
        page.reload()
        wait_for_state(page, "finished", "Recording finished")
        banner = page.locator("#banner").inner_text()
        assert "2 persons" in banner
        assert "happy 50%" in banner
        assert "Ended at" in banner
        page.locator("#verdict").filter(has_text="happy 80%").wait_for()
        assert page.locator("body[data-old]").count() == 0
        check_everywhere(page, axe)


def test_lost_server_is_said_with_since_when(
    open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]]
) -> None:
    page = open_page(may_break=True)
    with previewing(*crowd(make_face, 2)) as stream:
        page.goto(stream.url)
        page.locator("#verdict").filter(has_text="happy 80%").wait_for()
    wait_for_state(page, "lost", "Connection lost")
    assert "fer-edge does not answer; the page keeps trying. Since " in " ".join(
        page.locator("#banner").inner_text().split()
    )
    assert page.locator("#verdict").inner_text() == "happy 80%"
    check_everywhere(page, axe)


def test_paused_and_waiting_pages(open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]]) -> None:
    with previewing(waiting=True) as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_state(page, "waiting", "Waiting for a frame")
        page.locator("#banner").filter(has_text="No picture yet").wait_for()
        check_everywhere(page, axe)
        stream.show(make_face())
        wait_for_state(page, "live", "Live")
        page.get_by_role("button", name="Pause").click()
        page.locator("body[data-state=paused]").wait_for()
        check_everywhere(page, axe)


def test_token_page_asks_and_opens(open_page: OpenPage, make_face: MakeFace, axe: Callable[[Page], list[str]]) -> None:
    with previewing(make_face(), address="0.0.0.0:0", token="right") as stream:
        page = open_page(may_break=True)
        page.goto(stream.url.partition("?")[0])
        field = page.get_by_label("Token")
        field.fill("wrong")
        page.get_by_role("button").click()
        page.get_by_role("alert").wait_for()
        for size, scheme in VIEWS:
            show_as(page, size, scheme)
            assert axe(page) == [], (size, scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
            panel = box_of(page, "main")
            assert isclose(panel["x"] + panel["width"] / 2, size[0] / 2, abs_tol=1)
        field.fill("right")
        page.get_by_role("button").click()
        wait_for_state(page, "live", "Live")


@pytest.mark.parametrize("size_wh", [(320, 240), (320, 180), (180, 320)], ids=["4:3", "16:9", "portrait"])
def test_panel_takes_the_picture_s_shape(open_page: OpenPage, make_face: MakeFace, size_wh: tuple[int, int]) -> None:
    with previewing() as stream:
        stream.show(make_face(), size_wh=size_wh)
        page = open_page()
        page.goto(stream.url)
        page.locator("#verdict").filter(has_text="happy").wait_for()
        for size in (DESKTOP, PHONE, (1280, 720), (1280, 800), (1920, 1080), (3840, 2160)):
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.wait_for_timeout(100)
            check_layout(page, size, size_wh[0] / size_wh[1])
            right = max(box["x"] + box["width"] for box in boxes_of(page, *PANELS).values())
            assert right > 0.96 * size[0], "the screen is not used"
