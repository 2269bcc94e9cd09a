"""summary.html in a real browser, opened as a file."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from fer_edge.analysis.manifest import State
from fer_edge.analysis.source_files import Kind
from fer_edge.analysis.summary import write_summary
from fer_edge.analysis.summary.thumbnails import THUMBNAILS, MomentKeeper
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS
from fer_edge.number_format import NONE
from fer_edge.runtime.results import UNCERTAIN
from tests.fakes.analyses import FakeFile, rows_of, write_analysis
from tests.fakes.pages import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Locator, Page

HOSTILE = """d/</script><script>document.title='x'</script><img src=x onerror=alert(1)>"'&|\u202e.mp4"""
ARROW = "\N{RIGHTWARDS ARROW}"
PARTY = FakeFile(
    "films/party.mp4",
    [
        [(0, 2, "happy"), (2, 5, "surprise"), (5, 6, UNCERTAIN), (8, 10, "happy")],
        [(1, 9, "neutral")],
        [(3, 3.3, "sad")],
        [(6, 6.2, "sad")],
    ],
)
ARCHIVE = (
    PARTY,
    FakeFile("films/2.mp4", [[(0, 3, "sad"), (3, 5, "happy")]], seconds=5.0),
    FakeFile("films/10.mp4", (), seconds=120.0, state=State.PARTIAL, reason="damaged after 0:50"),
    FakeFile(HOSTILE, [[(0, 3, "angry")]], seconds=3.0),
    FakeFile("films/text.mp4", state=State.FAILED, reason="expected a video, got <b>text</b>"),
    FakeFile("photo.jpg", kind=Kind.PICTURE, labels=["happy", "happy", UNCERTAIN]),
)


def with_thumbnails(folder: Path) -> Path:
    for number, file in enumerate(ARCHIVE[:2]):
        keeper = MomentKeeper(folder / THUMBNAILS / f"{number:x}")
        for row in rows_of(file):
            keeper.add(np.full((90, 200, 3), 90, np.uint8), [row])
        keeper.write()
    return folder


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of one video."""
    return write_summary(with_thumbnails(write_analysis(tmp_path_factory.mktemp("video"), [PARTY])))


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of an archive."""
    return write_summary(with_thumbnails(write_analysis(tmp_path_factory.mktemp("archive"), ARCHIVE)))


def names(page: Page) -> list[str]:
    # Not the inner text: a line outside of the window is not rendered.
    return page.locator(".video > summary .name strong").all_text_contents()


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box is not None
    return box


def test_head_says_what_was_analyzed(browser: Browser, video: Path, archive: Path) -> None:
    with opened(browser, video) as page:
        assert page.title() == page.locator("h1").inner_text() == "Expressions in party.mp4"
        assert page.locator(".tiles dd").all_inner_texts() == ["1", "0:10", "2", "165"]
        assert [each.split()[0] for each in page.locator(".legend li").all_inner_texts()] == [*EXPRESSIONS, UNCERTAIN]
    with opened(browser, archive) as page:
        assert page.title() == "Expressions in 4 videos and 1 picture"
        problems = page.locator(".problems li").all_inner_texts()
        assert problems == ["films/10.mp4: damaged after 0:50", "films/text.mp4: expected a video, got <b>text</b>"]
        assert page.locator("tbody th", has_text="photo.jpg").locator("xpath=..").inner_text().split("\t") == [
            "photo.jpg",
            "3",
            "2 happy, 1 uncertain",
        ]


def test_spans_lie_where_the_times_are(browser: Browser, video: Path) -> None:
    with opened(browser, video) as page:
        strip = page.locator(".strip").first
        whole = box_of(strip)
        surprise = box_of(strip.locator(f"path.c{EXPRESSIONS.index('surprise')}"))
        assert surprise["x"] - whole["x"] == pytest.approx(0.2 * whole["width"], abs=2)
        assert surprise["width"] == pytest.approx(0.3 * whole["width"], abs=2)
        ticks = page.locator(".axis > span").evaluate_all("all => all.map(each => each.getBoundingClientRect().left)")
        assert [round(tick - whole["x"]) for tick in ticks] == pytest.approx(
            [whole["width"] * i / 5 for i in range(6)], abs=2
        )


def test_persons_have_times_and_shares_and_short_ones_are_folded(browser: Browser, video: Path) -> None:
    with opened(browser, video) as page:
        assert page.locator(".who").all_inner_texts() == [
            "Everyone\nup to 3 at once",
            f"Person 1\n0:00.0{NONE}0:09.9",
            f"Person 2\n0:01.0{NONE}0:08.9",
        ]
        assert page.locator(".what .quiet").nth(1).inner_text() == "happy 50%, surprise 38%, uncertain 12%"
        assert "And 2 seen for less than 1 s." in page.locator(".timelines").inner_text()
        page.get_by_text("Numbers", exact=True).click()
        row = page.locator(".numbers tbody tr").first.locator("th, td").all_inner_texts()
        assert row == ["1", "0:00.0", "0:09.9", "80", "2", NONE, NONE, NONE, "50%", NONE, NONE, "38%", "12%"]


def test_pointer_reads_time_and_score(browser: Browser, video: Path) -> None:
    with opened(browser, video) as page:
        strip, tip = page.locator(".strip").first, page.locator("#tip")
        box = box_of(strip)
        assert tip.is_hidden()
        for place, words in ((0.3, f"0:02.0{NONE}0:05.0  surprise 90%"), (0.55, f"0:05.0{NONE}0:06.0  uncertain 13%")):
            page.mouse.move(box["x"] + place * box["width"], box["y"] + 5)
            assert tip.inner_text() == words
        page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 5)
        assert tip.inner_text().endswith("not seen")
        page.mouse.move(0, 0)
        assert tip.is_hidden()


def test_arrow_keys_go_from_span_to_span(browser: Browser, video: Path) -> None:
    with opened(browser, video) as page:
        strip = page.get_by_role("slider", name="Timeline of person 1")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
        strip.focus()
        read = []
        for _ in range(4):
            page.keyboard.press("ArrowRight")
            read.append((strip.get_attribute("aria-valuetext") or "").split("  ")[1])
        assert read == ["surprise 90%", "uncertain 13%", "not seen", "happy 90%"]
        page.keyboard.press("Home")
        assert strip.get_attribute("aria-valuetext") == f"0:00.0{NONE}0:02.0  happy 90%"
        assert strip.get_attribute("aria-valuenow") == "0.0"
        page.keyboard.press("Escape")
        assert page.locator("#tip").is_hidden()


def test_timelines_are_there_without_javascript(browser: Browser, video: Path) -> None:
    with opened(browser, video, java_script_enabled=False) as page:
        assert page.locator(".strip[role=img] path").count() > 6
        assert page.get_by_role("slider").count() == 0


def test_lines_unfold_sort_and_filter(browser: Browser, archive: Path) -> None:
    with opened(browser, archive) as page:
        given = names(page)
        assert given[:3] == ["party.mp4", "2.mp4", "10.mp4"]
        assert page.locator(".video .number").all_text_contents()[:2] == ["0:10", "2 persons165 faces"]
        assert page.locator(".detail").first.is_hidden()
        page.locator(".video > summary").first.press("Enter")
        assert page.locator(".detail").first.is_visible()
        page.get_by_label("Sort by").select_option("duration")
        assert names(page)[0] == "10.mp4"
        page.get_by_label("Sort by").select_option("name")
        assert names(page)[1:] == ["2.mp4", "10.mp4", "party.mp4"]
        page.get_by_label("Sort by").select_option("order")
        assert names(page) == given
        page.get_by_label("Find").fill("PARTY")
        assert page.locator(".video:not([hidden])").count() == 1
        assert page.locator("#found").inner_text() == "1 of 4"
        page.get_by_label("Find").fill("")
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator(".video[open]").count() == 4
        page.get_by_role("button", name="Fold all").click()
        assert page.locator(".video[open]").count() == 0


def test_moments_have_thumbnails_of_both_faces(browser: Browser, archive: Path) -> None:
    with opened(browser, archive) as page:
        cards = page.locator("section").first.locator(".moments li")
        assert cards.locator("strong").all_inner_texts() == [f"happy {ARROW} surprise", f"sad {ARROW} happy"]
        assert page.locator("section").first.locator("img").count() == 4
        sizes = page.locator("img").evaluate_all("all => all.map(each => each.naturalWidth)")
        assert set(sizes) == {96}


def test_moments_lead_into_the_annotated_video(browser: Browser, tmp_path: Path) -> None:
    file = replace(PARTY, video="videos/a <b>#1.mp4")
    with opened(browser, write_summary(write_analysis(tmp_path / "shown", [file]))) as page:
        links = page.locator("main a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
        assert links == ["videos/a%20%3Cb%3E%231.mp4#t=0.0", "videos/a%20%3Cb%3E%231.mp4#t=2.0"]
    with opened(browser, write_summary(write_analysis(tmp_path / "privacy", [file]), privacy=True)) as page:
        assert page.locator("main a").count() == 0


def test_privacy_has_drawings_for_faces(browser: Browser, tmp_path: Path) -> None:
    path = write_summary(with_thumbnails(write_analysis(tmp_path, ARCHIVE)), privacy=True)
    assert b"image/jpeg" not in path.read_bytes()
    with opened(browser, path) as page:
        drawings = page.locator("section").first.locator(".face svg")
        assert drawings.count() == 4
        assert box_of(drawings.first)["width"] > 30


def test_hostile_name_is_shown_literally(browser: Browser, archive: Path) -> None:
    with opened(browser, archive) as page:
        assert page.title() == "Expressions in 4 videos and 1 picture"
        assert "onerror=alert(1)>\"'&|\\u202e.mp4" in (page.locator("main").text_content() or "")
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("script").count() == 1


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ([], "Expressions in no file"),
        ([FakeFile("v.mp4")], "Expressions in v.mp4"),
        ([FakeFile("v.mp4", seconds=0.1)], "Expressions in v.mp4"),
        ([FakeFile("v.mp4", state=State.FAILED, reason="no video")], "Expressions in v.mp4"),
        ([FakeFile("photo.jpg", kind=Kind.PICTURE)], "Expressions in photo.jpg"),
    ],
)
def test_analysis_without_a_face_has_a_page(
    browser: Browser, tmp_path: Path, files: list[FakeFile], title: str
) -> None:
    with opened(browser, write_summary(write_analysis(tmp_path, files))) as page:
        assert page.title() == title
        assert page.locator(".strip, .moments").count() == 0


@pytest.mark.parametrize("count", [1, 2, 40])
def test_labels_are_those_of_the_table(browser: Browser, tmp_path: Path, count: int) -> None:
    labels = [f"mood <{i}>" for i in range(count)]
    files = [FakeFile("v.mp4", [[(0, 4, labels[0]), (4, 9, labels[-1])]])]
    with opened(browser, write_summary(write_analysis(tmp_path, files, labels))) as page:
        assert labels[-1] in page.locator(".legend").inner_text()
        assert page.locator(".strip").first.locator("path[class^=c]").count() == min(count, 2)
        page.get_by_role("slider").focus()
        assert (page.get_by_role("slider").get_attribute("aria-valuetext") or "").endswith("mood <0> 90%")


def test_archive_of_300_videos_is_folded_and_small(browser: Browser, tmp_path: Path) -> None:
    stretches = [(i / 2, (i + 1) / 2, EXPRESSIONS[i % 7]) for i in range(19)]
    files = [FakeFile(f"{i}.mp4", [stretches] * 3) for i in range(300)]
    path = write_summary(write_analysis(tmp_path, files))
    assert path.stat().st_size < 4_000_000
    with opened(browser, path) as page:
        assert page.locator(".video").count() == 300
        assert page.locator(".video[open]").count() == 0
        assert page.locator(".video").first.locator(".strip").count() >= 1


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize("name", ["video", "archive"])
def test_page_does_not_scroll_sideways(browser: Browser, request: pytest.FixtureRequest, name: str, width: int) -> None:
    with opened(browser, request.getfixturevalue(name), width) as page:
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def luminance(colour: str) -> float:
    parts = [int(value) / 255 for value in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(colour: str, other: str) -> float:
    high, low = sorted((luminance(colour), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_suffices(browser: Browser, archive: Path, scheme: str) -> None:
    style = "(all, name) => all.map(each => getComputedStyle(each)[name])"
    with opened(browser, archive, color_scheme=scheme) as page:
        (panel,) = page.locator("header").evaluate_all(style, "backgroundColor")
        outlines = page.locator("path.seen").evaluate_all(style, "stroke")
        assert all(contrast(outline, panel) >= 3 for outline in outlines)
        for text in ("h1", ".quiet", "dt", ".legend li", ".video > summary strong"):
            colours = page.locator(text).evaluate_all(style, "color")
            assert all(contrast(colour, panel) >= 4.5 for colour in colours), text


def test_dark_and_light_differ_and_print_is_light(browser: Browser, archive: Path) -> None:
    ground = "getComputedStyle(document.querySelector('header')).backgroundColor"
    with opened(browser, archive, color_scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(26, 31, 37)"
        page.emulate_media(media="print")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_print_fits_the_sheet(browser: Browser, archive: Path) -> None:
    within_a4 = 703  # CSS pixels of 210 mm, less the margins
    with opened(browser, archive, within_a4) as page:
        page.locator(".video").first.evaluate("each => { each.open = true; }")
        page.emulate_media(media="print")
        rights = page.locator("main *").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
        assert max(rights) <= within_a4 + 1
        assert page.locator(".controls").is_hidden()
        pdf = page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        sheets = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^]]*)\]", pdf)}
        assert [tuple(map(round, sheet)) for sheet in sheets] == [(0, 0, 595, 842)]  # A4 in points


def test_folder_without_an_analysis_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="expected a folder with tables of an analysis, got none"):
        write_summary(tmp_path)
