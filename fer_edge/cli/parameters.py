"""Values on the command line that click has no type for: callbacks of options of type `str`."""

from __future__ import annotations

import re

import click

AUTO = "auto"


def every_nth(ctx: click.Context, param: click.Parameter, value: str) -> int | None:
    """Read a whole number from 1, or `auto`, which becomes `None`."""
    if value == AUTO:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"expected a whole number from 1, or {AUTO}, got {value!r}", ctx, param)
    return int(value)


def percentage(ctx: click.Context, param: click.Parameter, value: str) -> float:
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
