"""Head of the summary: what was analysed and how, the totals, the legend, and what could not be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fer_edge.analysis.summary.clock import clock
from fer_edge.analysis.summary.overview import FileFacts, Overview
from fer_edge.analysis.summary.strips import label_class, share_bar
from fer_edge.figures import listed, plural, share
from fer_edge.markup import Element, tag
from fer_edge.names import printable
from fer_edge.runtime.results import UNCERTAIN

_MOST_PROBLEMS = 100
"""Files that could not be read and are named."""
_UNFOLDED_PROBLEMS = 5


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


def title(totals: Totals) -> str:
    """Return the page's title."""
    counts = ((totals.videos, "video"), (totals.pictures, "picture"))
    return f"Expressions in {listed([plural(n, noun) for n, noun in counts if n]) or 'no file'}"


def head(overview: Overview, totals: Totals) -> Iterator[Element]:
    """Yield the elements of the head."""
    yield tag("h1", title(totals))
    yield tag("p", " · ".join(filter(None, [overview.model, overview.created])), class_="quiet")
    yield _tiles(totals)
    yield from _shares(overview.labels, totals.labels)
    yield from _problems([facts for facts in overview.files if facts.problem is not None])
    if overview.options:
        pairs = [tag("div", tag("dt", name), tag("dd", printable(value))) for name, value in overview.options.items()]
        yield tag("details", tag("summary", "How it was analysed"), tag("dl", *pairs), class_="options")


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
    items = [
        tag("li", tag("span", class_=f"swatch {label_class(label, labels)}"), f"{label} ", tag("b", share(value, 0)))
        for label, value in shares.items()
    ]
    yield tag("ul", *items, class_="legend", aria_label="Shares of all faces")


def _problems(files: Sequence[FileFacts]) -> Iterator[Element]:
    if not files:
        return
    shown = [
        tag("li", tag("strong", printable(facts.file)), f": {printable(facts.problem or '')}")
        for facts in files[:_MOST_PROBLEMS]
    ]
    others = len(files) - len(shown)
    if others:
        shown.append(tag("li", f"and {others:,} others, in analysis.json"))
    heading = f"{plural(len(files), 'file')} could not be read, or not to the end"
    unfolded = "" if len(files) <= _UNFOLDED_PROBLEMS else None
    yield tag("details", tag("summary", heading), tag("ul", *shown), class_="problems", open=unfolded)
