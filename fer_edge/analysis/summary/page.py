"""The summary of an analysis as one HTML file that needs no network and no other file."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

from fer_edge.analysis.manifest import NAME, Entry, Manifest
from fer_edge.analysis.parts import part_path
from fer_edge.analysis.source_files import Kind
from fer_edge.analysis.summary.archive import SORTS, file_line, problem_note
from fer_edge.analysis.summary.detail import file_detail
from fer_edge.analysis.summary.file_summary import FileSummary
from fer_edge.analysis.summary.head import Totals, head, title
from fer_edge.analysis.summary.moment_cards import Pictures, moment_list, placeholder_symbol
from fer_edge.analysis.summary.moments import MOST_MOMENTS, Moment
from fer_edge.analysis.summary.strips import colour_rules
from fer_edge.analysis.summary.thumbnails import thumbnail_folder
from fer_edge.markup import Element, html_page, tag
from fer_edge.names import printable
from fer_edge.number_format import plural
from fer_edge.runtime.results import UNCERTAIN

MOST_LINES = 1000
"""Videos that get a line, and pictures; the tables have the others."""

_ROOM, _MOST_ROOM = 3_000_000, 250_000
"""Bytes of the page for all details together, and for one video's at most; pictures do not count."""

_VIDEOS_WITH_THUMBNAILS = 20
"""Videos whose details have thumbnails; in a larger archive only the strongest moments of all have."""


def is_still(entry: Entry) -> bool:
    """Return whether a file's faces have no time: those of a picture, or of a log of pictures."""
    return entry.kind is Kind.PICTURE or (entry.faces > 0 and not entry.tracks)


class PageBuilder:
    """Builds the page file by file, so that one file's details at a time are in memory."""

    def __init__(self, manifest: Manifest, directory: Path, *, privacy: bool) -> None:
        """Start a page.

        Args:
            manifest: Manifest of the analysis.
            directory: Its folder, with the thumbnails.
            privacy: Show drawings in place of faces.
        """
        self._manifest = manifest
        self._directory = directory
        self._privacy = privacy
        self._labels: tuple[str, ...] = tuple(manifest.model["labels"])
        self._videos = sum(entry.is_finished and not is_still(entry) for entry in manifest.entries.values())
        self._totals = Totals()
        self._lines: list[Element] = []
        self._still_files = 0
        self._stills: list[Element] = []
        self._strongest: list[tuple[Moment, Pictures]] = []

    def add_stills(self, entry: Entry, labels: Counter[str]) -> None:
        """Add a picture, or a log of pictures, and the number of its faces with each label."""
        self._totals.pictures += entry.frames
        self._still_files += 1
        self._totals.labels += labels
        if len(self._stills) < MOST_LINES:
            words = ", ".join(f"{count} {label}" for label, count in labels.most_common()) or "no face"
            name = tag("th", printable(entry.file), scope="row")
            self._stills.append(tag("tr", name, tag("td", str(labels.total())), tag("td", words)))

    def add_video(self, entry: Entry, summary: FileSummary) -> None:
        """Add a video, or a log of one."""
        self._totals.videos += 1
        self._totals.labels += summary.labels
        self._totals.persons += summary.persons_seen
        self._totals.duration_s += summary.duration_s
        self._remember(summary.moments, self._pictures_of(entry))
        if len(self._lines) < MOST_LINES:
            self._lines.append(self._video(entry, summary))

    def page(self) -> str:
        """Return the page."""
        folder = Path(__file__).parent
        css = (folder / "page.css").read_text(encoding="utf-8") + colour_rules(self._labels)
        entries = list(self._manifest.entries.values())
        body = tag(
            "body",
            tag("a", "Skip to the results", href="#main", class_="skip"),
            tag("header", *head(self._manifest, self._totals, self._analyzed_at())),
            tag("main", *self._sections(), id="main"),
            tag("div", id="tip", hidden="", aria_hidden="true"),
            placeholder_symbol(),
            data_labels="\n".join((*self._labels, UNCERTAIN)),
        )
        script = (folder / "page.js").read_text(encoding="utf-8")
        return html_page(title(entries, self._totals), css, body, script=script)

    def _video(self, entry: Entry, summary: FileSummary) -> Element:
        room = min(_ROOM // self._videos, _MOST_ROOM)
        with_faces = self._videos <= _VIDEOS_WITH_THUMBNAILS
        detail = file_detail(summary, self._labels, room, self._pictures_of(entry), with_faces=with_faces)
        if self._videos > 1:
            return file_line(entry, summary, self._labels, detail)
        name = tag("p", printable(entry.file), class_="quiet")
        return tag("div", name, problem_note(entry), *detail, class_="detail")

    def _pictures_of(self, entry: Entry) -> Pictures:
        if self._privacy:
            return Pictures()
        return Pictures(thumbnail_folder(part_path(self._directory, entry.key, 0)), entry.video)

    def _remember(self, moments: tuple[Moment, ...], pictures: Pictures) -> None:
        known = [*self._strongest, *((moment, pictures) for moment in moments)]
        self._strongest = heapq.nlargest(MOST_MOMENTS, known, key=lambda each: each[0].strength)

    def _analyzed_at(self) -> str:
        changed = (self._directory / NAME).stat().st_mtime
        return datetime.fromtimestamp(changed, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")

    def _sections(self) -> Iterator[Element]:
        if self._videos > 1 and self._strongest:
            cards = moment_list(self._strongest, self._labels, with_file=True)
            yield _section("Moments that changed most", cards)
        if len(self._lines) == 1:
            yield _section("Timeline", *self._lines)
        elif self._lines:
            videos = tag("div", *self._lines, id="videos")
            yield _section("Videos", _controls(), videos, _rest(self._totals.videos, "video"))
        if self._stills:
            yield _section("Pictures", _picture_table(self._stills), _rest(self._still_files, "file"))


def _section(heading: str, *content: Element | None) -> Element:
    name = f"{heading.lower().replace(' ', '-')}-heading"
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
    return tag("div", table, class_="scroll", role="group", tabindex="0", aria_label="Faces of each picture")


def _rest(count: int, noun: str) -> Element | None:
    rest = count - MOST_LINES
    return tag("p", f"And {plural(rest, noun)} more, in the tables.", class_="quiet") if rest > 0 else None
