"""Drawings of expressions over time and of their shares, as SVG that stretches to its place.

A hatch lies behind each drawing. Labels and gaps are drawn over it; what is uncertain is not, so that the hatch shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from fer_edge.analysis.summary.time_bins import Span
from fer_edge.markup import Element, tag
from fer_edge.number_format import share
from fer_edge.runtime.results import UNCERTAIN
from fer_edge.runtime.sinks.palette import css_colour, label_colours

_HEIGHT = 10
_STACK_HEIGHT = 20
_SHARE_UNITS = 200


class _Column(NamedTuple):
    """Block of a stack."""

    start: int
    end: int
    top: int
    bottom: int

    @property
    def path(self) -> str:
        width = self.end - self.start
        return f"M{self.start} {self.top}h{width}v{self.bottom - self.top}h-{width}z"


def colour_rules(labels: Sequence[str]) -> str:
    """Return the style sheet's rules that give each label its colour; `.c0` is the first label's class."""
    colours = label_colours(labels)
    return "".join(f".c{i} {{ --label: {css_colour(colours[label])}; }}\n" for i, label in enumerate(labels))


def label_class(label: str, labels: Sequence[str]) -> str:
    """Return the class that gives a drawing the label's colour."""
    return f"c{labels.index(label)}" if label in labels else "uncertain"


def strip(spans: Sequence[Span], bins: int, labels: Sequence[str], name: str) -> Element:
    """Draw spans on a time axis of `bins` bins; `data-spans` has them for the read-out.

    Each is `<first bin>+<bins>:<index of its label>:<score in percent>`; the index of "uncertain" follows the labels'.
    """
    blocks = {label: [_block(s.start, s.end) for s in spans if s.label == label] for label in labels}
    seen = _joined(spans)
    gaps = [_gap(a, b) for a, b in zip([0, *(e for _, e in seen)], [*(s for s, _ in seen), bins], strict=True)]
    order = {label: i for i, label in enumerate([*labels, UNCERTAIN])}
    data = " ".join(f"{s.start}+{s.end - s.start}:{order[s.label]}:{100 * s.score:.0f}" for s in spans)
    drawing = tag(
        "svg",
        *(tag("path", d="".join(d), class_=label_class(label, labels)) for label, d in blocks.items() if d),
        tag("path", d="".join(gaps), class_="gap"),
        tag("path", d="".join(_block(start, end) for start, end in seen), class_="seen"),
        viewBox=f"0 0 {bins} {_HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return tag("div", drawing, class_="strip", role="img", aria_label=name, data_spans=data)


def stack(faces: Mapping[int, Mapping[str, float]], bins: int, labels: Sequence[str], name: str) -> Element:
    """Draw the number of faces in each bin as columns, a block for each label; the tallest fills the height."""
    most = max((sum(cell.values()) for cell in faces.values()), default=1.0)
    columns: dict[str, list[_Column]] = {label: [] for label in (*labels, UNCERTAIN)}
    gaps: list[_Column] = [_Column(start, end, 0, _STACK_HEIGHT) for start, end in _complement(faces, bins)]
    for i, cell in faces.items():
        filled, bottom = 0.0, _STACK_HEIGHT
        for label in (*reversed(labels), UNCERTAIN):
            filled += cell.get(label, 0.0)
            top = round(_STACK_HEIGHT * (1 - filled / most))
            _append(columns[label], _Column(i, i + 1, top, bottom))
            bottom = top
        _append(gaps, _Column(i, i + 1, -1, bottom))
    del columns[UNCERTAIN]  # the hatch
    drawing = tag(
        "svg",
        *(
            tag("path", d="".join(each.path for each in blocks), class_=label_class(label, labels))
            for label, blocks in columns.items()
            if blocks
        ),
        tag("path", d="".join(each.path for each in gaps), class_="gap"),
        viewBox=f"0 0 {bins} {_STACK_HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return tag("span", drawing, class_="stack", role="img", aria_label=name)


def share_bar(shares: Mapping[str, float], labels: Sequence[str]) -> Element:
    """Draw shares, 0..1, beside each other; the rest is uncertain."""
    drawn, start = [], 0.0
    for label in labels:
        end = start + _SHARE_UNITS * shares.get(label, 0.0)
        if round(end) > round(start):
            drawn.append(tag("path", d=_block(round(start), round(end)), class_=label_class(label, labels)))
        start = end
    drawing = tag(
        "svg",
        *drawn,
        viewBox=f"0 0 {_SHARE_UNITS} {_HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
    return tag("span", drawing, class_="shares", role="img", aria_label=shares_in_words(shares))


def shares_in_words(shares: Mapping[str, float]) -> str:
    """Return the three largest shares in words, such as `happy 62%, neutral 30%`; "uncertain" is the rest."""
    rest = 1.0 - sum(shares.values())
    ranked = sorted({**shares, UNCERTAIN: rest}.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{label} {share(value, 0)}" for label, value in ranked if value >= 0.005)


def _append(blocks: list[_Column], block: _Column) -> None:
    """Append a block, joined to the last one if they are of the same height side by side; an empty one is dropped."""
    if block.top == block.bottom:
        return
    if blocks and (blocks[-1].end, *blocks[-1][2:]) == (block.start, *block[2:]):
        block = blocks.pop()._replace(end=block.end)
    blocks.append(block)


def _joined(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """Return the first and the last bin of each stretch without a gap."""
    found: list[tuple[int, int]] = []
    for span in spans:
        if found and found[-1][1] == span.start:
            found[-1] = found[-1][0], span.end
        else:
            found.append((span.start, span.end))
    return found


def _complement(filled: Iterable[int], bins: int) -> list[tuple[int, int]]:
    ordered = sorted(filled)
    spans = zip([0, *(i + 1 for i in ordered)], [*ordered, bins], strict=True)
    return [(start, end) for start, end in spans if end > start]


def _block(start: int, end: int) -> str:
    return f"M{start} 0h{end - start}v{_HEIGHT}h{start - end}z" if end > start else ""


def _gap(start: int, end: int) -> str:
    """Return a block that is a little higher, so that no hatch is left at its edges."""
    return f"M{start}-.6h{end - start}v{_HEIGHT + 1.2}h{start - end}z" if end > start else ""
