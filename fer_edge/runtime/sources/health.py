"""Whether a sensor's picture is one: a camera that has failed may go on giving black frames, or the last one again."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fer_edge.preprocess import Image

_BLACK_LEVEL = 8
_STEP = 4
"""Every fourth pixel of every fourth row is looked at."""


class PictureCheck:
    """Looks at one frame after another."""

    def __init__(self) -> None:
        """Begin without a frame."""
        self._last: npt.NDArray[np.uint8] | None = None

    def fault(self, image: Image) -> str | None:
        """What is wrong with a frame, uint8 (H, W, 3), in words; `None` if it is a picture, and a new one."""
        # A copy, as a camera may write its next frame to the same memory.
        sample = image[::_STEP, ::_STEP].copy()
        last, self._last = self._last, sample
        if sample.max() <= _BLACK_LEVEL:
            return "only black frames"
        # No two pictures of a sensor are alike to the last bit.
        if last is not None and np.array_equal(last, sample):
            return "the same frame again and again"
        return None
