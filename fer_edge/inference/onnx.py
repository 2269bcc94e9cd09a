"""ONNX files, run by onnxruntime."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.errors import MissingExtraError, ModelError, first_line
from fer_edge.inference.delegation import OWN_KERNELS, Delegation
from fer_edge.native_paths import native_path
from fer_edge.scores import FloatArray
from fer_edge.terminal.native_logs import chatter_held_back


class OnnxInterpreter:
    """An ONNX model in onnxruntime, on the CPU."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        """Load `path`."""
        self._path = path
        self.runtime, self._session, inputs, outputs = _load(path, num_threads)
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
            found = ", ".join(each.type for each in inputs)
            raise ModelError(f"{path}: expected one float32 input and one output, got {found} and {len(outputs)}")
        self._input_name = inputs[0].name
        self.input_shape, self.output_size = one_image(path, inputs[0].shape, outputs[0].shape)
        self.quantization: dict[str, TensorQuantization] = {}

    @property
    def delegation(self) -> Delegation:
        """Return onnxruntime's CPU kernels, as it is given no other execution provider."""
        return OWN_KERNELS

    def run(self, image: npt.NDArray[Any]) -> FloatArray:
        """Return scores float32 (output_size,) of one image, of the input's size and range of values."""
        try:
            batch = image.astype(np.float32).reshape(self.input_shape)
            return np.asarray(self._session.run(None, {self._input_name: batch})[0][0], np.float32)
        except Exception as error:  # as in _load
            raise ModelError(f"{self._path}: {self.runtime} cannot run it: {first_line(error)}") from error


def one_image(path: Path, image: list[Any], scores: list[Any]) -> tuple[tuple[int, ...], int]:
    """Return the input's shape for one image and the number of scores, from an ONNX model's declared shapes.

    Args:
        path: The model's file, for an error.
        image: Lengths of the input's dimensions; one that is not fixed is a name or `None`.
        scores: Lengths of the output's dimensions.

    Raises:
        ModelError: If another length than the number of images is not fixed, or it is not one image in and scores out.
    """
    if any(not shape or not all(isinstance(length, int) for length in shape[1:]) for shape in (image, scores)):
        raise ModelError(f"{path}: expected one input and one output, of fixed sizes but for the number of images")
    if (isinstance(image[0], int) and image[0] not in (0, 1)) or len(scores) != 2:
        raise ModelError(f"{path}: expected one image in and scores (1, labels) out, got {image} and {scores}")
    return (1, *(length or 1 for length in image[1:])), scores[1] or 1


def _load(path: Path, num_threads: int) -> tuple[str, Any, list[Any], list[Any]]:
    """Return the library's name and version, the session, its inputs and its outputs."""
    try:
        with chatter_held_back():
            onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingExtraError("running an .onnx file", "onnx", str(error)) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 3
    try:
        with native_path(path) as name, chatter_held_back():
            session = onnxruntime.InferenceSession(name, options, providers=["CPUExecutionProvider"])
        inputs, outputs = session.get_inputs(), session.get_outputs()
    except Exception as error:  # onnxruntime's own exception classes share no public base
        raise ModelError(f"{path}: onnxruntime cannot load it: {first_line(error)}") from error
    return f"onnxruntime {onnxruntime.__version__}", session, inputs, outputs
