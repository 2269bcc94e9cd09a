from __future__ import annotations

import os

import pytest

from fer_edge.names import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("2024-11-14 T22:57.mp4", "2024-11-14 T22:57.mp4"),
        ("Кухня 笑顔 می‌خواهم", "Кухня 笑顔 می‌خواهم"),
        (os.fsdecode(b"\377\351.jpg"), r"\xff\xe9.jpg"),
        ("\x1b[31mred\r\n", r"\x1b[31mred\r\n"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("\ud83d", r"\ud83d"),
    ],
)
def test_printable_escapes_only_what_cannot_be_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
    printable(text).encode("utf-8")
