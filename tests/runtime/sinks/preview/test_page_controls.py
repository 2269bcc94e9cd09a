"""The preview's page in a real browser: what a visitor does there."""

from __future__ import annotations

import json
from pathlib import Path

import cv2

from tests.fakes.preview_stream import BLUE, RED, PreviewStream
from tests.runtime.sinks.preview.browsing import (
    MakeFace,
    OpenPage,
    colour_at,
    two_faces,
    wait_for,
    wait_for_colour,
    wait_for_text,
)

CORNER = 0.06, 0.92  # of the picture, by shares of its sides: no box is there


def test_face_is_chosen_by_keys_radio_buttons_and_click(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace
) -> None:
    faces = two_faces(make_face)
    stream.show(*faces)
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#whose", "Face 1, largest")
    page.keyboard.press("ArrowRight")
    wait_for_text(page, "#verdict", "sad 70%")
    assert page.locator("#whose").inner_text() == "Face 2"
    page.keyboard.press("Escape")
    wait_for_text(page, "#whose", "Face 1, largest")
    page.get_by_role("radio", name="largest").focus()
    for _ in range(2):
        page.keyboard.press("ArrowRight")
    wait_for_text(page, "#verdict", "sad 70%")
    area = page.locator("#picture").bounding_box()
    assert area is not None
    scale = area["width"] / 320
    page.locator("#picture").click(position={"x": 60 * scale, "y": 130 * scale})
    wait_for_text(page, "#whose", "Face 1, largest")
    page.locator("#picture").click(position={"x": 230 * scale, "y": 130 * scale})
    stream.show(faces[0])
    wait_for_text(page, "#verdict", "Face 2 is not in view")


def test_pause_stands_still_and_resumes(stream: PreviewStream, open_page: OpenPage, make_face: MakeFace) -> None:
    stream.show(make_face("happy"))
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#verdict", "happy 88%")
    wait_for_colour(page, "red")
    page.locator("#picture").focus()
    page.keyboard.press("p")
    wait_for_text(page, "#status", "Paused at")
    stream.show(make_face("sad", 0.7), colour=BLUE)
    page.wait_for_timeout(300)
    assert colour_at(page) == "red"
    assert page.locator("#verdict").inner_text() == "happy 88%"
    page.get_by_role("button", name="Resume").click()
    wait_for_colour(page, "blue")
    assert page.get_by_role("button", name="Pause").is_visible()


def test_boxes_can_be_switched_off(stream: PreviewStream, open_page: OpenPage, make_face: MakeFace) -> None:
    # The box passes through the middle, which is red without it.
    stream.show(make_face("sad", 0.7, (160, 60, 260, 180)))
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#verdict", "sad 70%")
    wait_for_colour(page, "red", *CORNER)
    wait_for(lambda: colour_at(page) != "red", page)
    page.get_by_role("button", name="Boxes").click()
    wait_for_colour(page, "red")
    assert page.get_by_role("button", name="Boxes").get_attribute("aria-pressed") == "false"


def test_snapshot_is_a_png_of_the_picture(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace, tmp_path: Path
) -> None:
    stream.show(make_face("sad", 0.7, (160, 60, 260, 180)))
    page = open_page()
    page.goto(stream.url)
    wait_for_colour(page, "red", *CORNER)
    wait_for(lambda: colour_at(page) != "red", page)  # the box of a sad face
    with page.expect_download() as download:
        page.get_by_role("button", name="Snapshot").click()
    download.value.save_as(tmp_path / "snapshot.png")
    assert download.value.suggested_filename.startswith("Front-door-")
    picture = cv2.imread(str(tmp_path / "snapshot.png"))
    assert picture is not None
    assert picture.shape == (240, 320, 3)
    assert picture[220, 20].argmax() == RED.index(255)
    assert picture[120, 160].argmax() == BLUE.index(255)


def test_picture_fills_the_screen_and_comes_back(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace
) -> None:
    stream.show(make_face())
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#verdict", "happy")
    before = page.locator(".stage").bounding_box()
    page.get_by_role("button", name="Full screen").click()
    wait_for(lambda: page.evaluate("document.fullscreenElement?.id") == "picture-panel", page)
    full = page.locator(".stage").bounding_box()
    assert before is not None
    assert full is not None
    assert full["height"] > before["height"]
    page.get_by_role("button", name="Full screen").click()
    wait_for(lambda: page.evaluate("document.fullscreenElement") is None, page)


def test_threshold_and_smoothing_change_the_running_program(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace
) -> None:
    stream.show(make_face())
    page = open_page()
    page.goto(stream.url)
    page.locator("#settings summary").click()
    wait_for_text(page, "#settings", "until fer-edge ends")
    started = stream.smoothing
    for slider, value in (("Threshold", "0.8"), ("Smoothing", "1.5")):
        page.get_by_role("slider", name=slider).fill(value)
    wait_for(lambda: (stream.smoothing.threshold, stream.smoothing.seconds) == (0.8, 1.5), page)
    wait_for_text(page, "#threshold-value", "80%")
    page.get_by_role("button", name="As started").click()
    wait_for(lambda: stream.smoothing == started, page)
    wait_for_text(page, "#smoothing-value", f"{started.seconds:.2f} s")


def test_results_so_far_can_be_downloaded(
    stream: PreviewStream, open_page: OpenPage, make_face: MakeFace, tmp_path: Path
) -> None:
    stream.show(make_face())
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#verdict", "happy")
    page.locator("#downloads summary").click()
    texts = {}
    for name in ("JSON lines", "CSV"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / name)
        texts[name] = (tmp_path / name).read_text()
    assert json.loads(texts["JSON lines"].splitlines()[-1])["faces"][0]["label"] == "happy"
    assert "happy" in texts["CSV"]


def test_bars_carry_the_colour_of_their_face(stream: PreviewStream, open_page: OpenPage, make_face: MakeFace) -> None:
    stream.show(*two_faces(make_face))
    page = open_page()
    page.goto(stream.url)
    wait_for_text(page, "#whose", "Face 1, largest")
    of_happy = page.locator("#whose").evaluate("whose => getComputedStyle(whose).borderLeftColor")
    page.keyboard.press("ArrowRight")
    wait_for_text(page, "#whose", "Face 2")
    of_sad = page.locator("#whose").evaluate("whose => getComputedStyle(whose).borderLeftColor")
    assert (of_happy, of_sad) == ("rgb(240, 228, 66)", "rgb(0, 114, 178)")
