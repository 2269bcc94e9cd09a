from __future__ import annotations

import os

import pytest

from fer_edge.names import printable, without_password


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


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("", ""),
        ("http://192.168.1.20:8080/video", "http://192.168.1.20:8080/video"),
        ("http://[fe80::1]:8080/video", "http://[fe80::1]:8080/video"),
        ("rtsp://me@host/x", "rtsp://me@host/x"),
        ("https://host/@name/live", "https://host/@name/live"),
        ("rtsp://me:SECRET@host:554/x", "rtsp://me:***@host:554/x"),
        ("RTSP://:SECRET@host", "RTSP://:***@host"),
        ("rtsp://me:SE@CRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SE:CRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET#PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET/PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SECRET?PW@host/x", "rtsp://me:***@host/x"),
        ("rtsp://me:SEC\nRET@host/x", "rtsp://me:***@host/x"),
        ("rtsp:/me:SECRET@host/x", "rtsp:/me:***@host/x"),
        ("me:SECRET@host/x", "me:***@host/x"),
        ("rtsp//me:SECRET@host/x", "rtsp//me:***@host/x"),
        (" rtsp://me:SECRET@host/x", " rtsp://me:***@host/x"),
        ('"rtsp://me:SECRET@host/x"', '"rtsp://me:***@host/x"'),
        ("mqtt:me:SECRET@host", "mqtt:***@host"),
        ("http://host/x?loginuse=me&loginpas=SECRET", "http://host/x?loginuse=me&loginpas=***"),
        ("http://host/x?key=SECRET&sig=SECRET&p=SECRET", "http://host/x?key=***&sig=***&p=***"),
        ("http://host/x?user=me&password=SECRET&channel=1", "http://host/x?user=me&password=***&channel=1"),
        ("http://host/cgi?usr=me&pwd=SECRET", "http://host/cgi?usr=me&pwd=***"),
        ("rtsp://host/user=me_password=SECRET_1_channel=1", "rtsp://host/user=me_password=***"),
        ("party.mp4", "party.mp4"),
        ("2024-11-14T22:57:44.mp4", "2024-11-14T22:57:44.mp4"),
    ],
)
def test_no_password_is_shown(address: str, shown: str) -> None:
    assert without_password(address) == shown
