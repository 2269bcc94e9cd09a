from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.notice.text import Notice, Pictures

pytest.importorskip("segno", reason="needs segno: pip install segno")
from fer_edge.notice.sheet import as_html

NOTICE = Notice("Museum <of> Play & Co", "desk@museum.example", "the hall", "open the exhibit", kept="30 days")


def read_code(page: str) -> str:
    """Draw the page's QR code from its SVG path of rows of modules, and read it as a phone does."""
    match = re.search(r'viewBox="0 0 (\d+) ', page)
    path = re.search(r' d="([^"]+)"', page)
    assert match
    assert path
    scale = re.search(r"scale\((\d+)\)", page)
    side = int(match[1]) // (int(scale[1]) if scale else 1)
    modules = np.full((side, side), 255, np.uint8)
    x, y = 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path[1]):
        values = [float(each) for each in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            modules[int(y), int(x) : int(x + values[0])] = 0
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    text, _, _ = cv2.QRCodeDetector().detectAndDecode(cv2.resize(modules, None, fx=6, fy=6, interpolation=0))
    return text


def test_code_holds_the_notice_in_short() -> None:
    page = as_html(NOTICE)
    assert read_code(page) == NOTICE.in_short()
    assert "Museum &lt;of&gt; Play &amp; Co" in page
    assert "kept for 30 days, then deleted" in page


def test_code_leads_to_an_address() -> None:
    assert read_code(as_html(NOTICE, "https://museum.example/camera")) == "https://museum.example/camera"


def test_page_loads_nothing(tmp_path: Path) -> None:
    page = as_html(NOTICE)
    assert not re.search(r"<script|<link|<img|url\(|src=", page)


def test_text_too_long_for_a_code_is_rejected() -> None:
    with pytest.raises(InputError, match="shorten it, or give an address"):
        as_html(Notice("x" * 4000, "", "", ""))


@pytest.mark.parametrize("pictures", list(Pictures))
def test_every_form_says_where_pictures_go(pictures: Pictures) -> None:
    notice = Notice("A", "B", "C", "D", pictures, "1 day")
    assert "ictures are" in notice.as_text() or "No picture is stored" in notice.as_text()
    assert notice.as_markdown().count("\n## ") == 5
