"""Cards of the moments that changed most: the face before and after, the labels, the time and the person."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from fer_edge.analysis.rows import FaceRow
from fer_edge.analysis.summary.moments import Moment
from fer_edge.analysis.summary.strips import label_class
from fer_edge.analysis.summary.thumbnails import THUMBNAIL_PX, thumbnail_path
from fer_edge.markup import Element, tag
from fer_edge.names import printable
from fer_edge.number_format import clock, share

_MOST_BYTES = 20_000
"""Largest thumbnail that is taken into the page; one of this project has about 4,000."""


@dataclass(frozen=True)
class Pictures:
    """Places of the pictures that show a file's faces.

    Attributes:
        thumbnails: Folder of its thumbnails; None for placeholders.
        video: Path of its annotated video, from the page's folder.
    """

    thumbnails: Path | None = None
    video: str | None = None


def moment_list(
    moments: Iterable[tuple[Moment, Pictures]], labels: Sequence[str], *, with_file: bool = False
) -> Element:
    """Return a list of cards.

    Args:
        moments: Moments in order, each with its file's pictures.
        labels: Expressions, in the order of the scores.
        with_file: Whether a card names its file.
    """
    return tag("ol", *(_card(moment, labels, pictures, with_file) for moment, pictures in moments), class_="moments")


def moment_lines(moments: Iterable[Moment]) -> Element:
    """Return a list without pictures, for an archive's many details."""
    return tag("ol", *(tag("li", *_words(moment)) for moment in moments), class_="moment-lines")


def placeholder_symbol() -> Element:
    """Return the drawing that placeholders refer to; it must be in the page once."""
    head = tag("circle", cx=24, cy=19, r=9)
    shoulders = tag("path", d="M6 46c0-11 8-15 18-15s18 4 18 15z")
    symbol = tag("symbol", head, shoulders, id="person", viewBox="0 0 48 48")
    return tag("svg", symbol, width=0, height=0, aria_hidden="true", class_="symbols")


def video_link(video: str, text: str, seconds: float = 0.0) -> Element:
    """Return a link to an annotated video, at a time of it."""
    return tag("a", text, href=f"{quote(video)}#t={seconds:.1f}")


def _card(moment: Moment, labels: Sequence[str], pictures: Pictures, with_file: bool) -> Element:
    before, after = moment.before, moment.after
    faces = tag(
        "span",
        _face(before, labels, pictures.thumbnails),
        tag("span", "\N{RIGHTWARDS ARROW}", class_="arrow", aria_hidden="true"),
        _face(after, labels, pictures.thumbnails),
        class_="faces",
    )
    file = tag("span", printable(Path(after.file).name), class_="quiet name") if with_file else None
    return tag("li", faces, *_words(moment, pictures.video), file)


def _words(moment: Moment, video: str | None = None) -> tuple[Element, Element]:
    after, seconds = moment.after, moment.after.seconds or 0.0
    change = tag("strong", f"{moment.before.label} \N{RIGHTWARDS ARROW} {after.label}")
    time = clock(seconds, 1) if video is None else video_link(video, clock(seconds, 1), seconds)
    return change, tag("span", time, f" · person {after.track} · {share(moment.strength, 0)}", class_="quiet")


def _face(row: FaceRow, labels: Sequence[str], folder: Path | None) -> Element:
    content = None if folder is None else _read_thumbnail(thumbnail_path(folder, row))
    if content is None:
        drawing = tag("svg", tag("use", href="#person"), width=48, height=48, aria_hidden="true")
    else:
        source = f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"
        drawing = tag("img", src=source, alt=row.label, width=THUMBNAIL_PX, height=THUMBNAIL_PX)
    return tag("span", drawing, class_=f"face {label_class(row.label, labels)}")


def _read_thumbnail(path: Path) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return content if len(content) <= _MOST_BYTES else None
