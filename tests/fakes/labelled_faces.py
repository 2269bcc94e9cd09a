"""Folders and zips of labelled faces, as data sets come."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import Dataset, Split, SplitName

Pixels = npt.NDArray[np.uint8]


def noise(seed: int, shape: tuple[int, ...] = (48, 48)) -> Pixels:
    """Return random pixels, uint8 of `shape`, 0..255."""
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write_image(path: Path, pixels: Pixels) -> None:
    """Write an image file and the folders that it needs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), pixels)


def zip_folder(folder: Path, rename: Callable[[str], str] = str, compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Pack the files of a folder into a zip beside it, each name changed by `rename`."""
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", compression) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file():
                archive.writestr(rename(file.relative_to(folder).as_posix()), file.read_bytes())
    return path


def sizes(dataset: Dataset) -> dict[str, int]:
    """Return the number of images of each split, by its name."""
    return {name.value: len(split) for name, split in dataset.splits.items()}


def noisy_split(labels: list[int], seed: int, prefix: str) -> Split:
    """Return random images with these labels."""
    images = np.random.default_rng(seed).integers(0, 256, (len(labels), 48, 48), np.uint8)
    return Split(images, np.array(labels, np.int64), tuple(f"{prefix}{i}" for i in range(len(labels))))


def two_splits() -> dict[SplitName, Split]:
    """Return a training split of nine images and a validation split of seven, without faults."""
    return {
        SplitName.TRAIN: noisy_split([*range(7), 3, 3], 0, "train/"),
        SplitName.VALIDATION: noisy_split([*range(7)], 1, "validation/"),
    }
