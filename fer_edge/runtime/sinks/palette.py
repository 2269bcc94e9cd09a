"""Colours of the labels, the same in annotated frames and on every page."""

from __future__ import annotations

from collections.abc import Sequence

from fer_edge.runtime.results import UNCERTAIN

Colour = tuple[int, int, int]
"""Blue, green, red, 0..255."""

GRAY: Colour = (150, 150, 150)
"""Colour of `UNCERTAIN`."""

# Okabe and Ito's colours, which colour-blind people can tell apart.
_COLOURS: tuple[Colour, ...] = (
    (0, 94, 213),
    (115, 158, 0),
    (167, 121, 204),
    (66, 228, 240),
    (190, 190, 190),
    (178, 114, 0),
    (0, 159, 230),
    (233, 180, 86),
)
_BLACK, _WHITE = 0, 255
_CYCLES = ((_BLACK, 0.0), (_BLACK, 0.4), (_WHITE, 0.5))
"""Shade that each further cycle of colours is mixed with, and its share; from the 25th label on, colours repeat."""


def label_colours(labels: Sequence[str]) -> dict[str, Colour]:
    """Return a colour for each label, and that of `UNCERTAIN`."""
    return {**{label: _colour(i) for i, label in enumerate(labels)}, UNCERTAIN: GRAY}


def css_colour(colour: Colour) -> str:
    """Return a colour as CSS writes it."""
    blue, green, red = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _colour(index: int) -> Colour:
    shade, share = _CYCLES[index // len(_COLOURS) % len(_CYCLES)]
    blue, green, red = (round(value + share * (shade - value)) for value in _COLOURS[index % len(_COLOURS)])
    return blue, green, red
