"""report.html in a real browser, opened as a file."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fer_edge.benchmark.report import write_report
from fer_edge.benchmark.report_json import Report
from tests.fakes.pages import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TIMEOUT_S = 20


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    write_report(report, folder)
    return folder / "report.html"


@pytest.fixture(scope="module", params=["report", "voted_report"])
def any_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a report without votes, and of one with them, which has more columns and sections."""
    folder = tmp_path_factory.mktemp(request.param)
    write_report(request.getfixturevalue(request.param), folder)
    return folder / "report.html"


def rows_of(page: Page, caption: str) -> list[list[str]]:
    """The cells' texts of a table's body."""
    table = page.locator("table").filter(has=page.locator("caption", has_text=caption))
    return [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]


@pytest.mark.parametrize("scripts", [True, False])
def test_tables_are_filled_with_and_without_javascript(
    browser: Browser, path: Path, report: Report, scripts: bool
) -> None:
    with opened(browser, path, java_script_enabled=scripts) as page:
        rows = rows_of(page, "Every file")
        assert [row[0] for row in rows] == [result.name for result in report.results]
        full, _, int8, *_ = rows
        assert int8[1:4] == ["LiteRT 2.3.0", "int8", "2.00"]
        assert full[12] == "1.0"
        assert [row[9] for row in rows] == ["\N{EN DASH}"] * len(rows)
        assert "140 calls are too few" in page.locator("#summary").inner_text()
        assert len(rows_of(page, "Images whose label changed")) == len(report.moved)
        assert len(rows_of(page, "Recall of each expression")) == 4
        assert all(text for table in ("Threads", "Machine") for row in rows_of(page, table) for text in row)


def test_table_headings_have_scopes(browser: Browser, path: Path) -> None:
    with opened(browser, path) as page:
        assert page.locator("table").count() == page.locator("table > caption").count() > 10
        assert page.locator("thead th:not([scope])").count() == 0
        assert page.locator("tbody tr > th[scope=row]").count() == page.locator("tbody tr").count()


def test_charts_are_drawn_and_described(browser: Browser, path: Path, report: Report) -> None:
    with opened(browser, path) as page:
        assert page.locator("svg .disc").count() == 4
        assert page.locator("svg .disc.best").count() >= 1
        assert page.locator("svg .calls").count() == 2 * len(report.results)
        for drawing in page.get_by_role("img").filter(has=page.locator("text")).all():
            box = drawing.bounding_box()
            assert box is not None
            assert box["width"] > 500
            assert box["height"] > 200
        described = page.locator("svg").first.get_attribute("aria-label")
        assert described is not None
        assert "4 files" in described
        assert "net_int8.tflite" in described


def test_labels_of_the_trade_off_do_not_overlap(browser: Browser, path: Path) -> None:
    with opened(browser, path) as page:
        boxes = [label.bounding_box() for label in page.locator("svg").first.locator(".label").all()]
        tops = sorted(box["y"] for box in boxes if box is not None)
        assert len(tops) == 4
        assert all(below - above >= 14 for above, below in pairwise(tops))


def test_invalid_run_is_marked_at_the_top_and_at_every_table_of_times(
    browser: Browser, path: Path, report: Report
) -> None:
    with opened(browser, path) as page:
        assert page.locator(".invalid li").all_inner_texts() == list(report.board.faults)
        assert page.locator("caption, figcaption", has_text="(invalid run)").count() == 6


def test_valid_run_is_not_marked(browser: Browser, report: Report, tmp_path: Path) -> None:
    write_report(replace(report, board=replace(report.board, faults=())), tmp_path)
    with opened(browser, tmp_path / "report.html") as page:
        assert page.locator(".invalid").count() == 0
        assert "invalid" not in page.locator("main").inner_text()
        assert "Nothing was found that disturbed the times" in page.locator("#machine").inner_text()


def test_hostile_name_is_shown_literally(browser: Browser, path: Path, report: Report) -> None:
    with opened(browser, path) as page:
        assert page.title() == "fer-edge benchmark"
        assert page.locator("main tbody th", has_text=report.results[3].name).count() > 2
        assert page.locator("img[src=x]").count() == 0
        assert page.locator("script").count() == 1


def test_page_contains_its_report(path: Path, report: Report) -> None:
    (embedded,) = re.findall(r'<script type="application/json" id="report">(.*?)</script>', path.read_text("utf-8"))
    (path.parent / "extracted.json").write_text(embedded, encoding="utf-8")
    assert Report.read(path.parent / "extracted.json") == report
    assert json.loads(embedded) == json.loads((path.parent / "report.json").read_text("utf-8"))


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_page_does_not_scroll_sideways(browser: Browser, any_path: Path, width: int) -> None:
    with opened(browser, any_path, width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_scrollable_tables_are_reachable_by_keyboard(browser: Browser, path: Path) -> None:
    with opened(browser, path, 320) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the summary"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert "Every file" in page.evaluate("document.activeElement.getAttribute('aria-label')")
        page.keyboard.press("ArrowRight")
        # Asked again and again from here: wait_for_function makes use of eval, which the page's own policy forbids.
        deadline = time.monotonic() + TIMEOUT_S
        while not page.evaluate("document.activeElement.scrollLeft > 0"):
            assert time.monotonic() < deadline
            page.wait_for_timeout(50)


def test_dark_and_light_differ_and_print_is_light(browser: Browser, path: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    with opened(browser, path, color_scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(16, 19, 23)"
        page.emulate_media(media="print")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_print_cuts_no_table(browser: Browser, any_path: Path) -> None:
    within_a4 = 1032  # CSS pixels of 297 mm, less the margins
    with opened(browser, any_path, within_a4) as page:
        page.emulate_media(media="print")
        widths = page.locator("table, svg").evaluate_all("all => all.map(each => each.getBoundingClientRect().right)")
        assert max(widths) <= within_a4
        pdf = page.pdf(prefer_css_page_size=True)
        assert pdf.startswith(b"%PDF")
        sheets = {tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([^]]*)\]", pdf)}
        assert [tuple(map(round, sheet)) for sheet in sheets] == [(0, 0, 842, 595)]  # A4 in points
