from __future__ import annotations

import numpy as np

from fer_edge.dataset.conversion import convert_images
from fer_edge.picture_form import RGB, PictureForm
from fer_edge.preprocess import to_gray
from tests.fakes.labelled_faces import noise


def test_same_form_returns_the_images_themselves() -> None:
    images = noise(0, (2, 48, 48))
    assert convert_images(images, PictureForm()) is images


def test_gray_becomes_three_equal_channels_of_the_new_size() -> None:
    colour = convert_images(noise(0, (2, 48, 48)), PictureForm(64, 64, RGB))
    assert colour.shape == (2, 64, 64, 3)
    assert (colour == colour[..., :1]).all()


def test_rgb_becomes_the_luma_that_a_frame_gets() -> None:
    rgb = noise(1, (1, 48, 48, 3))
    assert np.array_equal(convert_images(rgb, PictureForm())[0], to_gray(np.ascontiguousarray(rgb[0, ..., ::-1])))
