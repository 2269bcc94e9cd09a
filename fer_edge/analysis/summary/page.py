"""The summary of an analysis as one HTML file that needs no network and no other file."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fer_edge.analysis.summary.archive import SORTS, file_line, problem_note
from fer_edge.analysis.summary.detail import file_detail
from fer_edge.analysis.summary.file_summary import FileSummary
from fer_edge.analysis.summary.head import Totals, head, title
from fer_edge.analysis.summary.moment_cards import moment_list, placeholder_symbol
from fer_edge.analysis.summary.moments import MOST_MOMENTS, Moment
from fer_edge.analysis.summary.overview import FileFacts, Overview
from fer_edge.analysis.summary.strips import colour_rules
from fer_edge.figures import plural
from fer_edge.markup import Element, html_page, tag
from fer_edge.names import printable
from fer_edge.runtime.results import UNCERTAIN

MOST_LINES = 1000
"""Videos that get a line, and pictures; the tables have the others."""

_ROOM, _MOST_ROOM, _LEAST_ROOM = 3_000_000, 250_000, 1_500
"""Bytes of the page for all details together, and for one video's at most and at least."""

_VIDEOS_WITH_THUMBNAILS = 20
"""Videos whose details have thumbnails; in a larger archive only the strongest moments of all have."""


class PageBuilder:
    """Builds the page file by file, so that one file's details at a time are in memory."""

    def __init__(self, overview: Overview, directory: Path) -> None:
        """Start a page.

        Args:
            overview: The analysis.
            directory: Its folder, with the thumbnails.
        """
        self._overview = overview
        self._thumbnails = None if overview.privacy else directory
        self._videos = sum(not facts.is_picture for facts in overview.files)
        self._totals = Totals()
        self._lines: list[Element] = []
        self._pictures: list[Element] = []
        self._strongest: list[tuple[float, int, Moment]] = []

    def add_picture(self, facts: FileFacts, labels: Counter[str]) -> None:
        """Add a picture and the number of its faces with each label."""
        self._totals.pictures += 1
        self._totals.labels += labels
        if len(self._pictures) < MOST_LINES:
            words = ", ".join(f"{count} {label}" for label, count in labels.most_common()) or "no face"
            name = tag("th", printable(facts.file), scope="row")
            self._pictures.append(tag("tr", name, tag("td", str(labels.total())), tag("td", words)))

    def add_video(self, facts: FileFacts, summary: FileSummary) -> None:
        """Add a video or a log."""
        self._totals.videos += 1
        self._totals.labels += summary.labels
        self._totals.persons += summary.persons_seen
        self._totals.duration_s += summary.duration_s
        self._remember(summary.moments)
        if len(self._lines) < MOST_LINES:
            self._lines.append(self._video(facts, summary))

    def page(self) -> str:
        """Return the page."""
        labels = self._overview.labels
        folder = Path(__file__).parent
        css = (folder / "page.css").read_text(encoding="utf-8") + colour_rules(labels)
        body = tag(
            "body",
            tag("a", "Skip to the results", href="#main", class_="skip"),
            tag("header", *head(self._overview, self._totals)),
            tag("main", *self._sections(), id="main"),
            tag("div", id="tip", hidden="", aria_hidden="true"),
            placeholder_symbol(),
            data_labels="\n".join((*labels, UNCERTAIN)),
        )
        return html_page(title(self._totals), css, body, script=(folder / "page.js").read_text(encoding="utf-8"))

    def _video(self, facts: FileFacts, summary: FileSummary) -> Element:
        labels = self._overview.labels
        room = max(min(_ROOM // self._videos, _MOST_ROOM), _LEAST_ROOM)
        thumbnails = self._thumbnails if self._videos <= _VIDEOS_WITH_THUMBNAILS else None
        detail = file_detail(summary, labels, room, thumbnails)
        if self._videos > 1:
            return file_line(facts, summary, labels, detail)
        return tag("div", tag("p", printable(facts.file), class_="name"), problem_note(facts), *detail, class_="detail")

    def _remember(self, moments: tuple[Moment, ...]) -> None:
        for moment in moments:
            heapq.heappush(self._strongest, (moment.strength, -self._totals.videos, moment))
            if len(self._strongest) > MOST_MOMENTS:
                heapq.heappop(self._strongest)

    def _sections(self) -> Iterator[Element]:
        if self._videos > 1 and self._strongest:
            moments = [moment for *_, moment in sorted(self._strongest, key=lambda each: each[:2], reverse=True)]
            cards = moment_list(moments, self._overview.labels, self._thumbnails, with_file=True)
            yield _section("Moments that changed most", cards)
        if len(self._lines) == 1:
            yield _section("Timeline", *self._lines)
        elif self._lines:
            videos = tag("div", *self._lines, id="videos")
            yield _section("Videos", _controls(), videos, _rest(self._totals.videos, "video"))
        if self._pictures:
            yield _section("Pictures", _picture_table(self._pictures), _rest(self._totals.pictures, "picture"))


def _section(heading: str, *content: Element | None) -> Element:
    name = heading.lower().replace(" ", "-")
    return tag("section", tag("h2", heading, id=name), *content, aria_labelledby=name)


def _controls() -> Element:
    """Return what sorts, filters and unfolds the lines; the script shows it."""
    options = [tag("option", text, value=key) for key, text in SORTS.items()]
    return tag(
        "div",
        tag("label", "Sort by ", tag("select", *options, id="sort")),
        tag("label", "Find ", tag("input", type="search", id="find")),
        tag("button", "Unfold all", type="button", id="unfold"),
        tag("span", id="found", role="status", class_="quiet"),
        class_="controls",
        hidden="",
    )


def _picture_table(rows: list[Element]) -> Element:
    names = ("picture", "faces", "expressions")
    heading = tag("tr", *(tag("th", name, scope="col") for name in names))
    table = tag("table", tag("caption", "Faces of each picture"), tag("thead", heading), tag("tbody", *rows))
    return tag("div", table, class_="scroll", role="region", tabindex="0", aria_label="Faces of each picture")


def _rest(count: int, noun: str) -> Element | None:
    rest = count - MOST_LINES
    return tag("p", f"And {plural(rest, noun)} more, in the tables.", class_="quiet") if rest > 0 else None
