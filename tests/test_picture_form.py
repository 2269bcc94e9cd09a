from __future__ import annotations

import numpy as np
import pytest

from fer_edge.picture_form import GRAY, RGB, PictureForm, parse_form, size_text


@pytest.mark.parametrize(
    ("text", "form"),
    [("64x64", PictureForm(64, 64, GRAY)), ("96x96x3", PictureForm(96, 96, RGB)), (" 48X48x1 ", PictureForm())],
)
def test_size_is_gray_unless_it_has_three_channels(text: str, form: PictureForm) -> None:
    assert parse_form(text) == form


@pytest.mark.parametrize("form", [PictureForm(), PictureForm(64, 64), PictureForm(96, 96, RGB)])
def test_size_text_is_read_as_the_same_form(form: PictureForm) -> None:
    assert parse_form(size_text(form)) == form


@pytest.mark.parametrize("text", ["", "64", "64x", "64x32", "8x8", "513x513", "64x64x2", "64x64x3x1", "-64x64", "axb"])
def test_other_sizes_are_rejected_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a square of 16 to 512 pixels a side such as 64x64"):
        parse_form(text)


def test_rgb_has_red_first() -> None:
    blue_first = np.zeros((2, 2, 3), np.uint8)
    blue_first[..., 0], blue_first[..., 2] = 10, 200
    assert PictureForm(2, 2, RGB).from_bgr(blue_first)[0, 0].tolist() == [200, 0, 10]


def test_gray_picture_has_three_equal_channels_in_rgb() -> None:
    assert PictureForm(2, 2, RGB).from_bgr(np.full((2, 2), 7, np.uint8)).tolist() == [[[7, 7, 7]] * 2] * 2


def test_form_of_images_is_read_from_their_shape() -> None:
    assert PictureForm.of_images(np.zeros((1, 20, 30), np.uint8)) == PictureForm(30, 20)
    assert PictureForm.of_images(np.zeros((1, 20, 30, 3), np.uint8)) == PictureForm(30, 20, RGB)
