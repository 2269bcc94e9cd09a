from __future__ import annotations

from typing import Any

import pytest

from fer_edge.runtime.outflow import outflows


@pytest.mark.parametrize(
    ("settings", "has_pictures", "reaches_others", "words"),
    [
        ({"preview": "8080"}, True, False, "port 8080 shows the camera's pictures to this machine's users"),
        ({"preview": "0.0.0.0:8080"}, True, True, "everyone who reaches 0.0.0.0, port 8080"),
        ({"preview": "0.0.0.0:8080", "privacy": True}, False, True, "boxes and scores, no picture, to everyone"),
        ({"output": "seen.mp4"}, True, False, "stored in seen.mp4"),
        ({"mqtt": "mqtt://me:secret@broker"}, False, True, "no picture, go to the broker"),
        ({"output": "http://me:secret@host/a.mp4"}, True, False, "stored in http://me:***@host/a.mp4"),
        ({"preview": "http://host/?token=secret"}, True, True, "http://host/?token=***, which is no address"),
        ({"csv": "faces.csv"}, False, False, "stored in faces.csv"),
    ],
)
def test_each_way_out_says_what_goes_to_whom(
    settings: dict[str, Any], has_pictures: bool, reaches_others: bool, words: str
) -> None:
    (found,) = outflows(settings)
    assert (found.has_pictures, found.reaches_others) == (has_pictures, reaches_others)
    assert words in found.text
    assert "secret" not in found.text


def test_terminal_alone_lets_nothing_out() -> None:
    assert outflows({"camera": "0", "jsonl": "-", "privacy": False}) == []
