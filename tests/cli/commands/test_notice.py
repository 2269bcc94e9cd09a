from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FACTS = ("--operator", "A", "--contact", "B", "--purpose", "open the door")


@pytest.mark.parametrize("name", ["notice.html", "notice.md", "notice.txt"])
def test_notice_is_written_in_the_form_of_its_name(command_line: Callable[..., Any], tmp_path: Path, name: str) -> None:
    if name.endswith("html"):
        pytest.importorskip("segno", reason="needs segno: pip install segno")
    ended = command_line("notice", *FACTS, "--output", tmp_path / name).require_success()
    assert ended.stdout == ""
    text = (tmp_path / name).read_text(encoding="utf-8")
    assert "A camera here names facial expressions" in text
    assert text.startswith({"html": "<!doctype html>", "md": "# ", "txt": "A camera"}[name.partition(".")[2]])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--output", "notice.pdf"], "ends in .html, .md, .txt"),
        (["--pictures", "stored"], "--kept: expected the time"),
    ],
)
def test_mistakes_are_refused(command_line: Callable[..., Any], options: list[str], message: str) -> None:
    ended = command_line("notice", *FACTS, *options)
    assert ended.exit_code == 2
    assert message in ended.stderr


@pytest.mark.parametrize("option", ["--operator", "--contact", "--place", "--purpose", "--kept", "--url"])
@pytest.mark.parametrize("value", [b"M\xfcnchen", b"\xed\xa0\x80"])  # Latin-1; a surrogate, found by make fuzz, seed 3
def test_text_of_another_encoding_is_refused(
    command_line: Callable[..., Any], tmp_path: Path, option: str, value: bytes
) -> None:
    output = tmp_path / "notice.txt"
    ended = command_line("notice", *FACTS, option, os.fsdecode(value), "--output", output)
    assert ended.exit_code == 2
    assert ended.stderr.startswith("error: ")
    assert "expected text in UTF-8" in ended.stderr
    assert not output.exists()
