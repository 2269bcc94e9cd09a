from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.sinks.lettering import drawable_names, shorten, text_size, write_text

IS_ASCII_ONLY = cv2.__version__ < "5"


@pytest.mark.parametrize("capital_px", [8, 9, 13, 20, 60])
@pytest.mark.parametrize("text", ["12 happy 96%", "Qgjpy|", "W", "a much longer label, (with) signs"])
def test_text_stays_within_the_area_that_it_measures(text: str, capital_px: int) -> None:
    width, height = text_size(text, capital_px)
    canvas = np.zeros((height + 40, width + 40, 3), np.uint8)
    write_text(canvas, text, (20, 20), capital_px, (255, 255, 255))
    rows, columns = np.nonzero(canvas.max(axis=2) > 40)
    assert 20 <= min(columns) < max(columns) < 20 + width
    assert 20 <= min(rows) < max(rows) < 20 + height
    assert np.ptp(columns) > 0.3 * width


@pytest.mark.parametrize(
    ("labels", "on_opencv_4", "on_opencv_5"),
    [
        ((), (), ()),
        (EXPRESSIONS, EXPRESSIONS, EXPRESSIONS),
        (("fröhlich", "žalost"), ("frohlich", "zalost"), ("fröhlich", "žalost")),
        (("happy", "грустный", "惊讶"), ("happy", "label 2", "label 3"), ("happy", "грустный", "惊讶")),
        (("हँसी", "\U0001f600?"), ("label 1", "label 2"), ("label 1", "label 2")),
        (("a\nb", "??"), ("a\\nb", "??"), ("a\\nb", "??")),
    ],
)
def test_label_that_the_font_lacks_has_a_readable_substitute(
    labels: tuple[str, ...], on_opencv_4: tuple[str, ...], on_opencv_5: tuple[str, ...]
) -> None:
    assert drawable_names(labels) == (on_opencv_4 if IS_ASCII_ONLY else on_opencv_5)


@pytest.mark.parametrize(
    ("text", "characters", "expected"),
    [("happy", 5, "happy"), ("happy", 4, "h...y"), ("expression number 12", 12, "expre...r 12"), ("", 3, "")],
)
def test_long_text_keeps_its_beginning_and_its_end(text: str, characters: int, expected: str) -> None:
    assert shorten(text, characters) == expected
