"""Store of augmented images and their targets, so that slow teachers need not score every epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import FACE_SIZE
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.scores import FloatArray

_FILES = {"images": "views_images.npy", "targets": "views_targets.npy", "stored": "views_stored.npy"}


class Views:
    """Augmented images and targets of a run's first epochs, on disk; later epochs reuse them in turn."""

    def __init__(self, folder: Path, views: int, images: int, *, resume: bool = False) -> None:
        """Open the files, 2.3 kB for each view of an image.

        Args:
            folder: Folder of the run's state.
            views: Number of epochs to store.
            images: Number of training images.
            resume: Reuse existing files of these sizes.
        """
        self._views = views
        self._paths = {name: folder / file for name, file in _FILES.items()}
        self._images = self._open("images", (views, images, FACE_SIZE, FACE_SIZE), np.uint8, resume)
        self._targets = self._open("targets", (views, images, NUM_EXPRESSIONS), np.float32, resume)
        self._stored = self._open("stored", (views, images), np.bool_, resume)

    def load(self, epoch: int, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], FloatArray] | None:
        """Return images, uint8 (N, 48, 48), and targets, float32 (N, 7), of an epoch; None unless all are stored."""
        view = epoch % self._views
        if not self._stored[view, rows].all():
            return None
        return self._images[view, rows], self._targets[view, rows]

    def store(
        self, epoch: int, rows: npt.NDArray[np.int64], images: npt.NDArray[np.uint8], targets: FloatArray
    ) -> None:
        """Store the images and targets that `load` is to return."""
        view = epoch % self._views
        self._images[view, rows] = images
        self._targets[view, rows] = targets
        self._stored[view, rows] = True

    def remove(self) -> None:
        """Delete the files."""
        for path in self._paths.values():
            path.unlink(missing_ok=True)

    def _open(self, name: str, shape: tuple[int, ...], dtype: npt.DTypeLike, resume: bool) -> npt.NDArray[np.generic]:
        path = self._paths[name]
        if resume and path.is_file():
            kept = np.load(path, mmap_mode="r+")
            if kept.shape == shape:
                return np.asanyarray(kept)
        path.parent.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
