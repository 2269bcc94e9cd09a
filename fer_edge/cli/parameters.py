"""Values on the command line that click has no type for: callbacks of options of type `str`."""

from __future__ import annotations

import re

import click

from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.stated_facts import parse_labels, parse_range

AUTO = "auto"

MOST_THREADS = 256
"""Of an interpreter. Each takes memory when it starts, so a number with a digit too many would fill the machine."""

_MOST_DIGITS = 9
_LARGEST_BYTES = 1e18


def read_every_nth(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Read a whole number from 1, or `auto`, which becomes `None`."""
    if value == AUTO:
        return None
    if not _is_count(value):
        raise click.BadParameter(f"expected a whole number from 1, or {AUTO}, got {value!r}", ctx, param)
    return int(value)


def read_percentage(ctx: click.Context, param: click.Parameter, value: str) -> float:
    """Read a share such as `50%`, with its sign or without, as 0.5; more than 100 % is allowed."""
    try:
        percent = float(value.strip().removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent < float("inf"):
        raise click.BadParameter(f"expected a share above 0 such as 50%, got {value!r}", ctx, param)
    return percent / 100


def read_resolution(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Read a width and height such as `1280x720`."""
    if value is None:
        return None
    match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", value.strip().lower())
    if match is None:
        raise click.BadParameter(f"expected a width and height such as 640x480, got {value!r}", ctx, param)
    return int(match[1]), int(match[2])


def read_labels(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """Read two or more different names with commas between."""
    try:
        return None if value is None else parse_labels(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def read_range(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Read the values of black and white, such as `-1..1`."""
    try:
        return None if value is None else parse_range(value)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from error


def read_thread_counts(ctx: click.Context, param: click.Parameter, value: str) -> tuple[int, ...]:
    """Read different whole numbers from 1 to `MOST_THREADS` with commas between."""
    words = [word.strip() for word in value.split(",")]
    if not all(_is_count(word) and int(word) <= MOST_THREADS for word in words) or len(set(words)) != len(words):
        expected = f"expected different whole numbers from 1 to {MOST_THREADS} such as 1,2,4"
        raise click.BadParameter(f"{expected}, got {value!r}", ctx, param)
    return tuple(map(int, words))


def read_byte_size(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """Read a size such as `50MB`, `0.5 GB` or `4096`, in bytes."""
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", value.strip(), re.IGNORECASE)
    size = float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[match[2].lower()] if match else 0.0
    if not 1 <= size < _LARGEST_BYTES:
        raise click.BadParameter(f"expected a size such as 50MB, got {value!r}", ctx, param)
    return round(size)


def _is_count(text: str) -> bool:
    """Return whether it is a whole number from 1, and of so few digits that Python and every option can take it."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) >= 1


def read_mqtt_address(ctx: click.Context, param: click.Parameter, value: str | None) -> MqttAddress | None:
    """Read a broker's address."""
    return None if value is None else MqttAddress.parse(value)
