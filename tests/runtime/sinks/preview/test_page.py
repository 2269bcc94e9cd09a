"""The preview's page in a real browser: what it shows of a stream."""

from __future__ import annotations

import numpy as np
import pytest

from fer_edge.cards.meaning import SHARE_OF_PEOPLE
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.results import UNCERTAIN, FaceResult
from tests.fakes.preview_stream import BLUE, PreviewStream, previewing
from tests.runtime.sinks.preview.browsing import (
    LEFT_BOX,
    MakeFace,
    OpenPage,
    colour_at,
    wait_for,
    wait_for_colour,
    wait_for_text,
)


def test_picture_bars_and_changes_follow_the_stream(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace
) -> None:
    stream.show(make_face("happy", 0.88))
    page = open_page()
    page.goto(stream.url)
    wait_for_colour(page, "red")
    wait_for_text(page, "#verdict", "happy 88%")
    stream.show(make_face("sad", 0.7), colour=BLUE)
    wait_for_colour(page, "blue")
    wait_for_text(page, "#verdict", "sad 70%")
    bar = page.locator("#bars li").nth(EXPRESSIONS.index("sad"))
    assert bar.locator(".value").inner_text() == "70%"
    assert bar.locator(".fill").evaluate("bar => bar.style.width") == "70%"
    wait_for_text(page, "#changes li:nth-child(1)", "Face 1 happy → sad")
    wait_for_text(page, "#changes li:nth-child(2)", "Face 1 came: happy")
    wait_for(lambda: page.locator("#changes img").first.evaluate("image => image.naturalWidth") > 0, page)
    stream.show()
    wait_for_text(page, "#verdict", "No face")
    wait_for_text(page, "#changes li:nth-child(1)", "Face 1 left, was sad")


@pytest.mark.parametrize(("size", "is_below"), [((1280, 800), True), ((1920, 1080), False)])
def test_time_of_a_change_is_below_its_words_in_a_narrow_list(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace, size: tuple[int, int], is_below: bool
) -> None:
    page = open_page(width=size[0], height=size[1])
    page.goto(stream.url)
    stream.show(make_face("surprise"))
    wait_for_text(page, "#changes .what", "surprise")
    words, moment = (page.locator(f"#changes li:first-child {part}").bounding_box() for part in (".what", "time"))
    assert words is not None
    assert moment is not None
    assert (moment["y"] >= words["y"] + words["height"]) is is_below


def test_title_is_the_camera_and_chips_are_source_and_model(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace
) -> None:
    stream.show(make_face())
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "h1", "Front door")
    assert page.locator("#chips li").all_inner_texts() == ["/dev/video0", "compact_int8"]
    assert page.title().startswith("Front door")


@pytest.mark.parametrize("meaning", ["", SHARE_OF_PEOPLE, "<b>A score</b> & its meaning"])
def test_meaning_of_a_score_is_shown_beside_the_bars(open_page: OpenPage, make_face: MakeFace, meaning: str) -> None:
    with previewing(make_face(), meaning=meaning) as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_text(page, "#verdict", "happy 88%")
        assert page.locator("#faces #meaning").is_visible() == bool(meaning)
        assert page.locator("#meaning").text_content() == meaning


def test_timeline_has_a_legend_with_shares_and_a_read_out(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing(make_face("happy")) as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_text(page, "#legend", "happy 100%")
        stream.show(make_face("fear"))
        wait_for_text(page, "#legend", "fear")
        page.locator("#timeline").focus()
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("End")
        assert "face 1 fear" in page.locator("#read-out").inner_text()
        spoken = "document.querySelector('#timeline').getAttribute('aria-valuetext')"
        assert page.evaluate(f"{spoken} === document.querySelector('#read-out').innerText")  # at once: its time goes on
        page.keyboard.press("Home")
        wait_for_text(page, "#read-out", "no picture")
        area = page.locator("#timeline").bounding_box()
        assert area is not None
        page.mouse.move(area["x"] + area["width"] - 2, area["y"] + 10)
        wait_for_text(page, "#read-out", "face 1 fear")
        assert page.locator("#cursor").is_visible()


def test_uncertain_is_hatched_and_named(stream: PreviewStream, open_page: OpenPage) -> None:
    scores = np.full(len(EXPRESSIONS), 0.1, np.float32)
    scores[EXPRESSIONS.index("sad")] = 0.4
    stream.show(FaceResult(1, np.array(LEFT_BOX, np.float32), 0.9, scores, UNCERTAIN, 0.4))
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#verdict", "uncertain, perhaps sad")
    # The page may replace an entry at any time.
    page.wait_for_function("""() => [...document.querySelectorAll("#legend li")].some(entry =>
        entry.textContent.includes("uncertain") &&
        getComputedStyle(entry.querySelector(".swatch")).backgroundImage.includes("repeating-linear-gradient"))""")


def test_timeline_counts_time_in_which_nobody_was_there(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing() as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_text(page, "#legend", "nobody 100% of the time")
        stream.show(make_face())
        wait_for_text(page, "#legend", "happy 100%")
        wait_for_text(page, "#legend", "nobody")


def test_timeline_of_hours_comes_from_the_server(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing(make_face("happy")) as stream:
        page = open_page()
        page.goto(stream.url)
        wait_for_text(page, "#legend", "happy 100%")  # of a second frame on; the page asks for hours only now and then
        page.locator("#span").select_option("86400")
        wait_for_text(page, "#read-out", "A column is as high as")
        wait_for_text(page, "#legend", "happy 100%")
        page.locator("#timeline").focus()
        page.keyboard.press("End")
        wait_for_text(page, "#read-out", "happy 100%; somebody there")


def test_page_survives_a_reload_and_a_restart(open_page: OpenPage, make_face: MakeFace) -> None:
    page = open_page(may_break=True)
    with previewing(make_face("angry", 0.8)) as stream:
        page.goto(stream.url)
        wait_for_text(page, "#changes", "Face 1 came: angry")
        stream.show(make_face("fear", 0.8))
        wait_for_text(page, "#changes", "Face 1 angry → fear")
        page.reload()
        wait_for_text(page, "#changes", "Face 1 came: angry")
        wait_for_text(page, "#legend", "angry")
        wait_for_colour(page, "red")
        port = stream.url.rstrip("/").rpartition(":")[2]
    wait_for_text(page, "#status", "Connection lost")
    with previewing(make_face("happy"), address=port) as again:
        again.show(make_face("happy"), colour=BLUE)
        wait_for_text(page, "#status", "Live")
        wait_for_colour(page, "blue")
        assert page.locator("#changes li").all_inner_texts()[0].startswith("Face 1 came: happy")


def test_privacy_shows_boxes_without_a_picture(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing(make_face("happy"), privacy=True) as stream:
        page = open_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(stream.url)
        wait_for_text(page, "#verdict", "happy 88%")
        wait_for_text(page, "#picture-note", "no picture leaves the device")
        wait_for_text(page, "#changes", "Face 1 came: happy")
        assert colour_at(page) == "neither"
        assert not [url for url in asked if "jpg" in url]
        assert page.locator("#changes img").count() == 0


def test_token_is_removed_from_the_address_and_the_page_still_works(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing(make_face("happy"), address="0.0.0.0:0", token="right") as stream:
        page = open_page(may_break=True)
        base = stream.url.partition("?")[0]
        page.goto(stream.url)
        wait_for_colour(page, "red")
        assert page.url == base
        page.reload()
        wait_for_colour(page, "red")
        assert page.evaluate("document.cookie") == ""


def test_large_screen_asks_for_wider_pictures(stream: PreviewStream, open_page: OpenPage, make_face: MakeFace) -> None:
    stream.show(make_face("happy"))
    page = open_page(width=390, height=844)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(stream.url)
    wait_for_colour(page, "red")
    page.set_viewport_size({"width": 3840, "height": 2160})
    stream.show(make_face("happy"), colour=BLUE)
    wait_for(lambda: f"{stream.url}picture.mjpg?width=1920" in asked, page)
    wait_for_colour(page, "blue")
    assert f"{stream.url}picture.mjpg?width=960" in asked


def test_stages_add_up_to_the_time_of_a_frame(open_page: OpenPage, make_face: MakeFace) -> None:
    with previewing(make_face()) as stream:
        page = open_page()
        page.goto(stream.url)
        page.get_by_text("where a frame's time goes").click()
        wait_for_text(page, "#stages", "find faces")
        stream.stop()
        *parts, whole = [float(text.removesuffix(" ms")) for text in page.locator("#stages td").all_inner_texts()]
        assert whole == pytest.approx(sum(parts), abs=0.05)
        assert page.locator("#stack .part").count() == len(parts)
        assert whole > 10.6


@pytest.mark.parametrize("count", [2, 40])
def test_labels_come_from_the_server(open_page: OpenPage, count: int) -> None:
    labels = tuple(f"expression number {i}" for i in range(count))
    scores = np.full(count, 0.2 / (count - 1), np.float32)
    scores[-1] = 0.8
    face = FaceResult(1, np.array(LEFT_BOX, np.float32), 0.9, scores, labels[-1], 0.8)
    with previewing(face, labels=labels) as stream:
        page = open_page(width=390, height=844)
        page.goto(stream.url)
        wait_for_text(page, "#verdict", f"{labels[-1]} 80%")
        wait_for_text(page, "#legend", f"{labels[-1]} 100%")
        names = page.locator("#bars .name").all_inner_texts()
        assert sorted(names) == sorted(labels)
        assert labels[-1] in (names[0], names[1])  # the highest is in sight
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
