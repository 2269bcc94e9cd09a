from __future__ import annotations

import re

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.runtime.sinks.preview.qr import BLOCKS, qr_lines, qr_size

SHADES = {"\x1b[40m": 0, "\x1b[107m": 255}
HALVES = {" ": (255, 255), "\u2580": (0, 255), "\u2584": (255, 0), "\u2588": (0, 0)}
URL = "http://192.168.178.123:8080/?token=0123456789abcdefghijkl"


def drawn(lines: list[str], *, blocks: bool) -> npt.NDArray[np.uint8]:
    """Return the pixels that a terminal shows for the lines, a pixel for each module."""
    if blocks:
        cells = [[HALVES[each] for each in re.sub(r"\x1b\[[\d;]*m", "", line)] for line in lines]
        return np.asarray(np.array(cells, np.uint8).transpose(0, 2, 1).reshape(2 * len(lines), -1), np.uint8)
    rows = [re.findall(r"(\x1b\[\d+m)  ", line) for line in lines]
    return np.array([[SHADES[each] for each in row] for row in rows], np.uint8)


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("text", ["http://a:1/", URL])
def test_code_says_the_address(text: str, blocks: bool) -> None:
    lines = qr_lines(text, blocks=blocks)
    pixels = cv2.copyMakeBorder(drawn(lines, blocks=blocks), 4, 4, 4, 4, cv2.BORDER_CONSTANT, value=255)
    picture = cv2.resize(pixels, None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == text


@pytest.mark.parametrize("blocks", [True, False])
def test_size_is_that_of_the_lines(blocks: bool) -> None:
    lines = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in qr_lines(URL, blocks=blocks)]
    assert {len(line) for line in lines} == {qr_size(URL, blocks=blocks)[0]}
    assert len(lines) == qr_size(URL, blocks=blocks)[1]


def test_code_without_blocks_is_ascii() -> None:
    assert "".join(qr_lines(URL, blocks=False)).isascii()
    assert set("".join(qr_lines(URL, blocks=True))) - set("\x1b[0;30;107m") <= set(BLOCKS)
