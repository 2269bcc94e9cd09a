"""docs/report.md describes every field of report.json in the words of the code."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest

from fer_edge.benchmark.accuracy import People, Quality, WithoutCopies
from fer_edge.benchmark.report_json import SCHEMA_VERSION, Report
from fer_edge.benchmark.results import ChangedLabel, Result, Threads, Timing
from fer_edge.benchmark.setting import Board, Data, Method

DOCUMENT = Path(__file__).parents[3] / "docs" / "report.md"
PARTS = (Report, Method, Data, Board, Result, Timing, Quality, People, WithoutCopies, Threads, ChangedLabel)


def described(part: type) -> dict[str, str]:
    """Return the docstring's description of each attribute, in one line."""
    _, _, attributes = inspect.cleandoc(part.__doc__ or "").partition("Attributes:\n")
    entries = re.split(r"^    (?=\w+: )", attributes, flags=re.MULTILINE)[1:]
    pairs = (entry.split(": ", 1) for entry in entries)
    return {name: " ".join(text.split()) for name, text in pairs}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_document_has_every_fields_docstring(part: type) -> None:
    texts = described(part)
    assert list(texts) == [field.name for field in fields(part)]
    rows = [f"| `{name}` | {text} |" for name, text in texts.items()]
    expected = "\n".join([f"### {part.__name__}", "", "| field | |", "|---|---|", *rows, ""])
    assert expected in DOCUMENT.read_text(encoding="utf-8")


def test_document_names_the_schema_version() -> None:
    assert f"`schema_version` is {SCHEMA_VERSION}." in DOCUMENT.read_text(encoding="utf-8")
