"""Conversion of a data set's images to another size or colour. No TensorFlow."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Dataset
from fer_edge.picture_form import GRAY, RGB, PictureForm
from fer_edge.preprocess import resize


def convert_images(images: npt.NDArray[np.uint8], form: PictureForm) -> npt.NDArray[np.uint8]:
    """Return images, uint8 (N, H, W) gray or (N, H, W, 3) RGB, in another size or colour."""
    own = PictureForm.of_images(images)
    if own == form:
        return images
    codes = {(GRAY, RGB): cv2.COLOR_GRAY2RGB, (RGB, GRAY): cv2.COLOR_RGB2GRAY}
    code = codes.get((own.colour, form.colour))
    recoloured = images if code is None else [np.asarray(cv2.cvtColor(image, code), np.uint8) for image in images]
    return np.stack([resize(image, form.size_wh) for image in recoloured])


def in_form(dataset: Dataset, form: PictureForm) -> Dataset:
    """Return the data set with its images in another size or colour."""
    splits = {name: replace(split, images=convert_images(split.images, form)) for name, split in dataset.splits.items()}
    return replace(dataset, splits=splits)
