"""Format of numbers in reports, tables and messages."""

from __future__ import annotations

NONE = "\N{EN DASH}"
"""Text of a figure that was not measured or is unknown."""

_MINUS = "\N{MINUS SIGN}"


def decimal(value: float | None, places: int) -> str:
    """Format a number with separators of thousands."""
    return NONE if value is None else f"{value:,.{places}f}".replace("-", _MINUS)


def share(value: float | None, places: int = 2) -> str:
    """Format a share, 0..1, in percent."""
    return NONE if value is None else f"{value:.{places}%}"


def signed(value: float, places: int = 0) -> str:
    """Format a number with an explicit sign; zero has none."""
    text = f"{value:+,.{places}f}"
    return "0" if not text.strip("+-0.,") else text.replace("-", _MINUS)


def millions(value: float | None, places: int) -> str:
    """Format a number in millions."""
    return NONE if value is None else decimal(value / 1e6, places)


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, such as `1 call` or `700 calls`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def clock(seconds: float, places: int = 0) -> str:
    """Format a time as `1:02:03` or `2:03.4`, with `places` decimals of the seconds."""
    units = round(seconds * 10**places)
    whole, rest = divmod(units, 10**places)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    text = f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
    return f"{text}.{rest:0{places}}" if places else text


def listed(names: list[str]) -> str:
    """Join names: `a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def shortened(name: str) -> str:
    """Shorten a name to its beginning and end, so that it fits beside or above a chart."""
    return name if len(name) <= 27 else f"{name[:13]}…{name[-13:]}"
