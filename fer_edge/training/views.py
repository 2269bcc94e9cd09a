"""Store of augmented images and their targets, so that slow teachers need not score every epoch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.picture_form import FER2013_FORM
from fer_edge.scores import FloatArray

_FILES = {"images": "views_images.npy", "targets": "views_targets.npy", "stored": "views_stored.npy"}


class Views:
    """Augmented images and targets of a run's first epochs, on disk; later epochs reuse them in turn."""

    def __init__(
        self,
        folder: Path,
        views: int,
        images: int,
        *,
        resume: bool = False,
        image_shape: tuple[int, ...] = FER2013_FORM.image_shape,
        classes: int = NUM_EXPRESSIONS,
    ) -> None:
        """Open the files, 2.3 kB for each view of a 48x48 gray image.

        Args:
            folder: Folder of the run's state.
            views: Number of epochs to store.
            images: Number of training images.
            resume: Reuse existing files of these sizes.
            image_shape: Shape of an image, (H, W) or (H, W, 3).
            classes: Number of classes.
        """
        self._views = views
        self._paths = {name: folder / file for name, file in _FILES.items()}
        self._images = self._open("images", (views, images, *image_shape), np.uint8, resume)
        self._targets = self._open("targets", (views, images, classes), np.float32, resume)
        self._stored = self._open("stored", (views, images), np.bool_, resume)

    def load(self, epoch: int, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint8], FloatArray] | None:
        """Return images, uint8 (N, *image_shape), and targets, float32 (N, classes), of an epoch if all are stored."""
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
