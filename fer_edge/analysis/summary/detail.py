"""Detail of one video: a timeline and the shares of each person, and the moments that changed most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fer_edge.analysis.summary.file_summary import MOST_PERSONS, SHORT_S, FileSummary, Person
from fer_edge.analysis.summary.moment_cards import Pictures, moment_lines, moment_list, video_link
from fer_edge.analysis.summary.moments import MOST_MOMENTS
from fer_edge.analysis.summary.strips import label_class, share_bar, shares_in_words, stack, strip
from fer_edge.analysis.summary.ticks import places_for, ticks
from fer_edge.analysis.summary.time_bins import BINS
from fer_edge.markup import Element, render, tag
from fer_edge.number_format import NONE, clock, plural, share
from fer_edge.runtime.results import UNCERTAIN

_STACK_FACTOR = 4


@dataclass(frozen=True)
class _Level:
    """Limits of what is shown of a video.

    Attributes:
        persons: Largest number of persons.
        factor: Bins that are joined to one.
        has_all: Whether all persons together and each one's numbers are shown, too.
        moments: Largest number of moments.
    """

    persons: int
    factor: int
    has_all: bool
    moments: int


_LEVELS = (
    _Level(MOST_PERSONS, 1, True, MOST_MOMENTS),
    _Level(20, 2, True, MOST_MOMENTS),
    _Level(10, 4, True, 5),
    _Level(5, 4, False, 3),
    _Level(5, 8, False, 3),
    _Level(3, 8, False, 3),
    _Level(2, 16, False, 2),
    _Level(1, 16, False, 1),
)


def file_detail(
    summary: FileSummary, labels: Sequence[str], room: int, pictures: Pictures, *, with_faces: bool
) -> list[Element]:
    """Return the detail of a video, in about `room` bytes of the page.

    Args:
        summary: Summary of its rows.
        labels: Expressions, in the order of the scores.
        room: Bytes; with little room fewer persons are shown, in coarser timelines. Pictures do not count.
        pictures: Pictures of the video's faces.
        with_faces: Whether moments have thumbnails or placeholders.
    """
    for level in _LEVELS:
        parts = _parts(summary, level, labels)
        if sum(len(render(part)) for part in parts) <= room:
            break
    if pictures.video is not None:
        parts.append(tag("p", video_link(pictures.video, "Annotated video")))
    moments = summary.moments[: level.moments]
    if moments:
        parts.append(tag("h3", "Moments that changed most"))
        pairs = ((moment, pictures) for moment in moments)
        parts.append(moment_list(pairs, labels) if with_faces else moment_lines(moments))
    return parts


def _parts(summary: FileSummary, level: _Level, labels: Sequence[str]) -> list[Element]:
    longest = sorted(summary.persons, key=lambda person: -person.track.frames)[: level.persons]
    persons = sorted(longest, key=lambda person: person.track.track)
    parts = [_timelines(summary, persons, level, labels)]
    if level.has_all and persons:
        parts.append(_numbers(summary, persons, labels))
    return parts


def _timelines(summary: FileSummary, persons: Sequence[Person], level: _Level, labels: Sequence[str]) -> Element:
    rows = [_row(person, summary.duration_s, level.factor, labels) for person in persons]
    if level.has_all and summary.tracks > 1:
        rows.insert(0, _everyone(summary, labels))
    return tag(
        "div",
        _axis(summary.duration_s),
        tag("ul", *rows, class_="persons"),
        *(tag("p", sentence, class_="quiet") for sentence in _left_out(summary, len(persons))),
        class_="timelines",
        data_duration=f"{summary.duration_s:.2f}",
        data_bins=str(BINS // level.factor),
    )


def _axis(duration_s: float) -> Element:
    marks = [
        tag("span", tag("span", text), style=f"left: {100 * seconds / duration_s:.2f}%")
        for seconds, text in ticks(duration_s).items()
    ]
    return tag("div", *marks, class_="axis", aria_hidden="true")


def _everyone(summary: FileSummary, labels: Sequence[str]) -> Element:
    faces = summary.everyone.coarsened(_STACK_FACTOR).faces()
    most = f"up to {max(1.0, *(sum(cell.values()) for cell in faces.values())):.0f} at once"
    who = tag(
        "span",
        tag("strong", "Everyone"),
        tag("span", most, class_="quiet"),
        class_="who",
    )
    drawing = stack(faces, BINS // _STACK_FACTOR, labels, f"All persons over time, {most}")
    return tag("li", who, drawing, _what(summary.shares, labels), class_="everyone")


def _row(person: Person, duration_s: float, factor: int, labels: Sequence[str]) -> Element:
    track = person.track
    name = f"Person {track.track}"
    when = f"{_time(track.from_s, duration_s)}\N{EN DASH}{_time(track.to_s, duration_s)}"
    shares = dict(zip(labels, track.shares, strict=True))
    return tag(
        "li",
        tag("span", tag("strong", name), tag("span", when, class_="quiet"), class_="who"),
        strip(person.bins.coarsened(factor).spans(), BINS // factor, labels, f"Timeline of person {track.track}"),
        _what(shares, labels),
    )


def _what(shares: dict[str, float], labels: Sequence[str]) -> Element:
    words = tag("span", shares_in_words(shares), class_="quiet", aria_hidden="true")
    return tag("span", share_bar(shares, labels), words, class_="what")


def _left_out(summary: FileSummary, shown: int) -> Iterator[str]:
    if not summary.tracks:
        yield "No face was found."
    others = summary.persons_seen - shown
    if others > 0:
        yield f"And {plural(others, 'person')} with fewer frames, in tracks.csv."
    if 0 < summary.short_tracks < summary.tracks:
        yield f"And {summary.short_tracks:,} seen for less than {SHORT_S:g} s."


def _numbers(summary: FileSummary, persons: Sequence[Person], labels: Sequence[str]) -> Element:
    names = ("person", "from", "to", "frames", "changes", *labels, UNCERTAIN)
    heading = tag("tr", *(tag("th", name, scope="col") for name in names))
    rows = []
    for person in persons:
        track = person.track
        times = (_time(track.from_s, summary.duration_s), _time(track.to_s, summary.duration_s))
        plain = [tag("td", text) for text in (*times, f"{track.frames:,}", f"{track.changes:,}")]
        shares = zip((*labels, UNCERTAIN), (*track.shares, 1.0 - sum(track.shares)), strict=True)
        cells = [_share_cell(value, label, labels) for label, value in shares]
        rows.append(tag("tr", tag("th", str(track.track), scope="row"), *plain, *cells))
    table = tag("table", tag("caption", "Shares of each expression"), tag("thead", heading), tag("tbody", *rows))
    scroll = tag("div", table, class_="scroll", role="group", tabindex="0", aria_label="Shares of each expression")
    return tag("details", tag("summary", "Numbers"), scroll, class_="numbers")


def _share_cell(value: float, label: str, labels: Sequence[str]) -> Element:
    if value < 0.005:
        return tag("td", NONE, class_="quiet")
    return tag("td", share(value, 0), class_=label_class(label, labels), style=f"--share: {100 * value:.0f}%")


def _time(seconds: float, duration_s: float) -> str:
    return clock(seconds, places_for(duration_s))
