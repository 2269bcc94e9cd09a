"""Types of option values that click has no type for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from fer_edge.cards.stated_facts import parse_labels, parse_range
from fer_edge.errors import InputError
from fer_edge.inference.model_choice import find_model
from fer_edge.models import shipped_models
from fer_edge.names import is_utf8
from fer_edge.runtime.sinks.log_files import LEAST_KEPT_S
from fer_edge.runtime.sinks.mqtt.address import MqttAddress

SHIPPED = ", ".join(shipped_models())
"""Names of the models that ship with fer-edge, for help texts."""

AUTO = "auto"

MOST_THREADS = 256
"""Most threads of an interpreter: each takes memory at start, so a mistyped digit could exhaust the machine's."""

_COMPARED_A_CORE = 8
"""Most threads a core whose times are compared: more wait for each other, for seconds in all."""

_PICTURE_SUFFIXES = (".png", ".svg", ".pdf")
_MOST_DIGITS = 9
_UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LARGEST_BYTES = 1e18
_LONGEST_S = 36500 * 86400.0


class ModelPath(click.Path):
    """Path of a model file, the name of a model that ships with fer-edge, or `auto`."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, or that of the shipped model of this name where there is no such file."""
        return find_model(Path(str(super().convert(value, param, ctx))))


class PicturePath(click.Path):
    """Path of a picture to write, which ends in .png, .svg or .pdf."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path; fail for another ending, before any work is done for the picture."""
        path = Path(str(super().convert(value, param, ctx)))
        if path.suffix.lower() not in _PICTURE_SUFFIXES:
            expected = f"expected a name that ends in {' or '.join(_PICTURE_SUFFIXES)}"
            self.fail(f"{path}: {expected}, got {path.suffix or 'no ending'}", param, ctx)
        return path


class ParsedText(click.types.UnprocessedParamType):
    """Value that a function parses from text."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        """Set the type's name and function, which raises `ValueError` or `InputError` for invalid text."""
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse text; return a value that is parsed already as it is."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except (ValueError, InputError) as error:
            self.fail(str(error), param, ctx)


def parse_text(text: str) -> str:
    """Return text as it is, or raise `ValueError`, which does not quote it, where it has bytes that are not UTF-8."""
    if not is_utf8(text):
        raise ValueError("expected text in UTF-8, got other bytes; check the terminal's locale")
    return text


def parse_every_nth(text: str) -> int | None:
    """Read a whole number from 1, or `auto`, which becomes `None`."""
    if text == AUTO:
        return None
    if not _is_count(text):
        raise ValueError(f"expected a whole number from 1, or {AUTO}, got {text!r}")
    return int(text)


def parse_percentage(text: str) -> float:
    """Read a share such as `50%`, with its sign or without, as 0.5; more than 100 % is allowed."""
    try:
        percent = float(text.strip().removesuffix("%"))
    except ValueError:
        percent = 0.0
    if not 0 < percent < float("inf"):
        raise ValueError(f"expected a share above 0 such as 50%, got {text!r}")
    return percent / 100


def parse_resolution(text: str) -> tuple[int, int]:
    """Read a width and height such as `1280x720`."""
    match = re.fullmatch(r"([1-9]\d{1,4})x([1-9]\d{1,4})", text.strip().lower())
    if match is None:
        raise ValueError(f"expected a width and height such as 640x480, got {text!r}")
    return int(match[1]), int(match[2])


def parse_interval(text: str) -> float:
    """Read a time such as `0.2s`, `200ms`, `2min` or `0.2`, in seconds."""
    seconds = _parse_seconds(text)
    if not 0 < seconds <= _LONGEST_S:
        raise ValueError(f"expected a time above 0 such as 0.2s, got {text!r}")
    return seconds


def parse_duration(text: str) -> float:
    """Read a time such as `30d`, `12h` or `90m`, in seconds."""
    seconds = _parse_seconds(text)
    if not (LEAST_KEPT_S <= seconds <= _LONGEST_S and text.strip()[-1].isalpha()):
        raise ValueError(f"expected a time from 1m to 36500d such as 30d, 12h or 90m, got {text!r}")
    return seconds


def _parse_seconds(text: str) -> float:
    """Return 0 if the text is no time."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*([a-z]*)", text.strip(), re.ASCII | re.IGNORECASE)
    return float(match[1]) * _UNITS_S.get(match[2].lower(), 0) if match else 0.0


def parse_thread_counts(text: str) -> tuple[int, ...]:
    """Read different whole numbers from 1 to `MOST_THREADS`, or to 8 times the cores, with commas between."""
    most = min(MOST_THREADS, _COMPARED_A_CORE * (os.cpu_count() or 1))
    words = [word.strip() for word in text.split(",")]
    if not all(_is_count(word) and int(word) <= most for word in words) or len(set(words)) != len(words):
        raise ValueError(f"expected different whole numbers from 1 to {most} such as 1,2,4, got {text!r}")
    return tuple(map(int, words))


def parse_byte_size(text: str) -> int:
    """Read a size such as `50MB`, `0.5 GB` or `4096`, in bytes."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMG]?)B?", text.strip(), re.IGNORECASE)
    size = float(match[1]) * {"": 1, "k": 1e3, "m": 1e6, "g": 1e9}[match[2].lower()] if match else 0.0
    if not 1 <= size < _LARGEST_BYTES:
        raise ValueError(f"expected a size such as 50MB, got {text!r}")
    return round(size)


def _is_count(text: str) -> bool:
    """Return whether it is a whole number from 1, and of so few digits that Python and every option can take it."""
    return text.isdecimal() and len(text) <= _MOST_DIGITS and int(text) >= 1


TEXT = ParsedText("text", parse_text)
EVERY_NTH = ParsedText("count", parse_every_nth)
PERCENTAGE = ParsedText("percent", parse_percentage)
RESOLUTION = ParsedText("resolution", parse_resolution)
INTERVAL = ParsedText("time", parse_interval)
THREAD_COUNTS = ParsedText("counts", parse_thread_counts)
BYTE_SIZE = ParsedText("size", parse_byte_size)
DURATION = ParsedText("time", parse_duration)
LABELS = ParsedText("labels", parse_labels)
INPUT_RANGE = ParsedText("range", parse_range)
MQTT_ADDRESS = ParsedText("url", MqttAddress.parse)
