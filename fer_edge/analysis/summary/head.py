"""Head of the summary: sources, settings, totals, legend, and the files that could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from fer_edge.analysis.manifest import Entry, Manifest, setting_name
from fer_edge.analysis.summary.strips import label_class, share_bar
from fer_edge.markup import Element, tag
from fer_edge.names import printable
from fer_edge.number_format import clock, listed, plural, share
from fer_edge.runtime.results import UNCERTAIN

_MOST_PROBLEMS = 100
"""Files that could not be read and are named."""
_UNFOLDED_PROBLEMS = 5
_MOST_LABELS, _LEAST_SHARE = 12, 0.005
"""With more labels, the legend has those only that have such a share."""

_NOTES = (
    "A person is a face that was followed from frame to frame. Someone who leaves and comes back is counted twice.",
    "A timeline shows which expression a face had for most of each stretch of time. Hatched: no score was high enough. "
    "Empty: the face was not seen. Point at it, or focus it and use the arrow keys, to read time and mean score.",
    "Everyone, and the small timelines: the height is the number of faces.",
    "Shares are shares of the frames that show a face.",
    "Moments: the expression after a change, and at least a second before. The percentage is the part of the scores "
    "that moved from some expressions to others: 100% if nothing is as before.",
    "All numbers are in faces.csv and tracks.csv.",
)


@dataclass
class Totals:
    """Sums over the files of an analysis.

    Attributes:
        videos: Number of videos and logs.
        pictures: Number of pictures.
        duration_s: Duration of the videos, in seconds.
        persons: Number of persons in the videos.
        labels: Number of faces in all frames and pictures with each label, "uncertain" included.
    """

    videos: int = 0
    pictures: int = 0
    duration_s: float = 0.0
    persons: int = 0
    labels: Counter[str] = field(default_factory=Counter)


def title(entries: Sequence[Entry], totals: Totals) -> str:
    """Return the page's title: the file's name, or how many there are."""
    if len(entries) == 1:
        return f"Expressions in {PurePath(entries[0].file).name}"
    counts = ((totals.videos, "video"), (totals.pictures, "picture"))
    return f"Expressions in {listed([plural(n, noun) for n, noun in counts if n]) or 'no file'}"


def head(manifest: Manifest, totals: Totals, analyzed_at: str) -> Iterator[Element]:
    """Yield the elements of the head."""
    entries = list(manifest.entries.values())
    yield tag("h1", title(entries, totals))
    model = manifest.model["name"]
    yield tag("p", " · ".join(filter(None, [model and f"model {model}", analyzed_at])), class_="quiet")
    yield _tiles(totals)
    yield from _shares(manifest.model["labels"], totals.labels)
    yield from _problems([entry for entry in entries if entry.reason is not None or not entry.is_finished])
    pairs = [
        tag("div", tag("dt", setting_name(name)), tag("dd", _words(value)))
        for name, value in manifest.settings.items()
        if _words(value)
    ]
    yield tag("details", tag("summary", "How it was analyzed"), tag("dl", *pairs), class_="options")
    notes = tag("ul", *(tag("li", note) for note in _NOTES))
    yield tag("details", tag("summary", "How to read this page"), notes, class_="options")


def _tiles(totals: Totals) -> Element:
    faces = totals.labels.total()
    facts = {"Videos": f"{totals.videos:,}", "Duration": clock(totals.duration_s), "Persons": f"{totals.persons:,}"}
    shown = facts if totals.videos else {}
    if totals.pictures:
        shown = {**shown, "Pictures": f"{totals.pictures:,}"}
    shown = {**shown, "Faces in all frames" if totals.videos else "Faces": f"{faces:,}"}
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", text)) for name, text in shown.items()), class_="tiles")


def _shares(labels: Sequence[str], counts: Counter[str]) -> Iterator[Element]:
    total = counts.total()
    shares = {label: counts[label] / total if total else 0.0 for label in (*labels, UNCERTAIN)}
    if total:
        yield share_bar({label: shares[label] for label in labels}, labels)
    if len(labels) > _MOST_LABELS:
        shares = {label: value for label, value in shares.items() if value >= _LEAST_SHARE}
    items = [
        tag("li", tag("span", class_=f"swatch {label_class(label, labels)}"), f"{label} ", tag("b", share(value, 0)))
        for label, value in shares.items()
    ]
    yield tag("ul", *items, class_="legend", aria_label="Shares of all faces")


def _problems(entries: Sequence[Entry]) -> Iterator[Element]:
    if not entries:
        return
    shown = [
        tag("li", tag("strong", printable(entry.file)), f": {printable(entry.reason or 'not analyzed yet')}")
        for entry in entries[:_MOST_PROBLEMS]
    ]
    others = len(entries) - len(shown)
    if others:
        shown.append(tag("li", f"and {others:,} others, in analysis.json"))
    heading = f"{plural(len(entries), 'file')} could not be read, or not to the end"
    unfolded = "" if len(entries) <= _UNFOLDED_PROBLEMS else None
    yield tag("details", tag("summary", heading), tag("ul", *shown), class_="problems", open=unfolded)


def _words(value: Any) -> str:
    """Return a setting in words; empty for one that was left out."""
    if isinstance(value, (list, tuple)):
        return ", ".join(filter(None, map(_words, value)))
    return "" if value is None or value is False else printable(str(value))
