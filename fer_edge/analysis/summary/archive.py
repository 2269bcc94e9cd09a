"""Lines of an archive: a video's name, duration, persons, shares and a small timeline; each unfolds to its detail."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from fer_edge.analysis.manifest import Entry
from fer_edge.analysis.summary.file_summary import FileSummary
from fer_edge.analysis.summary.strips import share_bar, stack
from fer_edge.analysis.summary.time_bins import BINS
from fer_edge.markup import Element, tag
from fer_edge.names import printable
from fer_edge.number_format import clock, plural

_SPARK_FACTOR = 10

SORTS = {"order": "Order given", "name": "Name", "duration": "Duration", "persons": "Persons", "faces": "Faces"}
"""Keys by which lines can be sorted, and their names; the key is the end of the `data-` attribute."""


def file_line(entry: Entry, summary: FileSummary, labels: Sequence[str], detail: Sequence[Element]) -> Element:
    """Return a video's line, a `details` element with its detail folded."""
    name = PurePath(printable(entry.file))
    folder = "" if str(name.parent) == "." else f"{name.parent}/"
    faces = tag("span", plural(summary.faces, "face"), class_="quiet")
    line = tag(
        "summary",
        tag("span", tag("span", folder, class_="quiet") if folder else None, tag("strong", name.name), class_="name"),
        tag("span", clock(summary.duration_s), class_="number"),
        tag("span", plural(summary.persons_seen, "person"), faces, class_="number"),
        share_bar(summary.shares, labels) if summary.faces else tag("span", "no face", class_="quiet"),
        _spark(summary, labels),
    )
    return tag(
        "details",
        line,
        tag("div", problem_note(entry), *detail, class_="detail"),
        class_="video",
        data_name=str(name),
        data_duration=f"{summary.duration_s:.1f}",
        data_persons=str(summary.persons_seen),
        data_faces=str(summary.faces),
    )


def problem_note(entry: Entry) -> Element | None:
    """Return a note on a file that could not be read to its end."""
    return None if entry.reason is None else tag("p", printable(entry.reason), class_="problem")


def _spark(summary: FileSummary, labels: Sequence[str]) -> Element:
    """Draw the label that most faces show, as high as there are faces."""
    faces = summary.everyone.coarsened(_SPARK_FACTOR).faces()
    leading = {i: {max(cell, key=lambda label: cell[label]): sum(cell.values())} for i, cell in faces.items()}
    return stack(leading, BINS // _SPARK_FACTOR, labels, "Expressions over time")
