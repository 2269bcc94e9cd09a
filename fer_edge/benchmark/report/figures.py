"""How the report writes its figures."""

from __future__ import annotations

NONE = "\N{EN DASH}"
"""Stands for what was not measured or cannot be told."""

_MINUS = "\N{MINUS SIGN}"


def decimal(value: float | None, places: int) -> str:
    """With thousands parted."""
    return NONE if value is None else f"{value:,.{places}f}".replace("-", _MINUS)


def share(value: float | None, places: int = 2) -> str:
    """A share, 0..1, in percent."""
    return NONE if value is None else f"{value:.{places}%}"


def signed(value: float, places: int = 0) -> str:
    """With its sign, and nothing but 0 for nothing."""
    text = f"{value:+,.{places}f}"
    return "0" if not text.strip("+-0.,") else text.replace("-", _MINUS)


def millions(value: float | None, places: int) -> str:
    """In millions."""
    return NONE if value is None else decimal(value / 1e6, places)


def plural(count: int, noun: str) -> str:
    """`1 call`, `700 calls`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shortened(name: str) -> str:
    """Return a name that fits beside or above a chart: its beginning and its end."""
    return name if len(name) <= 27 else f"{name[:13]}…{name[-13:]}"
