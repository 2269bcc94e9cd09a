"""YuNet in a TFLite interpreter: a scaled picture in, rows of faces out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.cards.detector_card import OUTPUTS, DetectorCard, read_detector_card
from fer_edge.errors import ModelError
from fer_edge.inference.tflite import graph_faults_named, load_tflite
from fer_edge.preprocess import Image
from fer_edge.runtime.faces.decoding import STRIDES, decode, least_logit, place_anchors
from fer_edge.scores import FloatArray

_TOP_BIT = np.uint8(0x80)
"""Turned over in a pixel's byte, it makes the int8 number of pixel - 128."""


class TFLiteYuNet:
    """A detector's file, loaded; it takes pictures of any size. One thread's own.

    Attributes:
        runtime: Name and version of the interpreter.
    """

    def __init__(self, path: Path, confidence: float) -> None:
        """Load a file that ships with this package.

        Args:
            path: The .tflite file.
            confidence: Faces below it are left out, 0..1.

        Raises:
            ModelError: If the file is missing, damaged or no such detector.
        """
        card = read_detector_card(path)
        self._path = path
        self._confidence = confidence
        self.runtime, self._interpreter = load_tflite(path)
        with graph_faults_named(path):
            self._input, self._outputs = _edges(self._interpreter)
            self._scale, self._offset = _dequantization(card, self._outputs)
        self._least = (least_logit(confidence) - self._offset[:2]) / self._scale[:2]
        self._size_wh = (0, 0)
        self._anchors: FloatArray = place_anchors(self._size_wh)

    def find(self, picture: Image) -> FloatArray:
        """Return a row for each face, surest first, as `decode` does.

        Args:
            picture: uint8 (H, W) gray or (H, W, 3) BGR.
        """
        stored = self._compute(picture)
        # Few anchors reach the least logits, and only they are decoded.
        candidates = np.flatnonzero((stored[:, 1] >= self._least[1]) & (stored[:, 0] >= self._least[0]))
        if not candidates.size:
            return np.empty((0, 15), np.float32)
        values = stored[candidates] * self._scale + self._offset
        return decode(values, self._anchors[candidates], self._confidence)

    def values(self, picture: Image) -> FloatArray:
        """Return the network's own numbers for each anchor, float32 (N, 16), for a picture as `find` takes it."""
        return np.asarray(self._compute(picture) * self._scale + self._offset, np.float32)

    def _compute(self, picture: Image) -> npt.NDArray[Any]:
        """Return the outputs as they are stored, (N, 16)."""
        height, width = picture.shape[:2]
        try:
            self._fit((-(-width // STRIDES[-1]) * STRIDES[-1], -(-height // STRIDES[-1]) * STRIDES[-1]))
            self._show(picture)
            self._interpreter.invoke()
            levels = [self._interpreter.get_tensor(output["index"]) for output in self._outputs]
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"{self._path}: {self.runtime} cannot run it: {error}") from error
        return np.concatenate([level.reshape(-1, OUTPUTS) for level in levels])

    def _fit(self, size_wh: tuple[int, int]) -> None:
        """Resize the input to pictures of this size, with the row and the column of padding before them."""
        if size_wh == self._size_wh:
            return
        width, height = size_wh
        self._size_wh = 0, 0  # until the memory is there
        self._interpreter.resize_tensor_input(self._input["index"], (1, height + 1, width + 1, 3))
        self._interpreter.allocate_tensors()
        self._size_wh, self._anchors = size_wh, place_anchors(size_wh)

    def _show(self, picture: Image) -> None:
        """Write a picture into the input tensor, black around it."""
        height, width = picture.shape[:2]
        # Scaling a gray frame before it gets three channels is a third of the work.
        pixels = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR) if picture.ndim == 2 else picture
        tensor = self._interpreter.tensor(self._input["index"])()[0]
        place = tensor[1 : height + 1, 1 : width + 1]
        is_int8 = self._input["dtype"] is np.int8
        # Without a delegate, the interpreter keeps other tensors in this memory between two pictures.
        for border in (tensor[0], tensor[:, 0], tensor[height + 1 :], tensor[:, width + 1 :]):
            border.fill(-128 if is_int8 else 0)
        if is_int8:
            np.bitwise_xor(pixels, _TOP_BIT, out=place.view(np.uint8))
        else:
            place[:] = pixels


def _edges(interpreter: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the input and the outputs, finest level first."""
    (image,) = interpreter.get_input_details()
    outputs = sorted(interpreter.get_output_details(), key=lambda output: -int(output["shape"][1]))
    if len(outputs) != len(STRIDES) or any(output["shape"][-1] != OUTPUTS for output in outputs):
        raise ValueError(f"expected {len(STRIDES)} outputs of {OUTPUTS} numbers an anchor")
    return image, outputs


def _dequantization(card: DetectorCard, outputs: list[dict[str, Any]]) -> tuple[FloatArray, FloatArray]:
    """Return scale and offset (16,) from stored numbers to the network's."""
    (scale, zero_point), *others = {tuple(output["quantization"]) for output in outputs}
    if others:
        raise ValueError("expected one quantization for all levels")
    scales, offsets = (np.array(each, np.float32) for each in (card.output_scale, card.output_offset))
    if not scale:
        return scales, offsets
    return scales * np.float32(scale), offsets - scales * np.float32(scale * zero_point)
