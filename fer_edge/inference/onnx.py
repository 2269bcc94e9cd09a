"""ONNX files, run by onnxruntime or by OpenCV's dnn module."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import MissingExtraError, ModelError, first_line
from fer_edge.inference.delegation import OWN_KERNELS, UNTOLD, Delegation
from fer_edge.inference.onnx_file import read_onnx_file
from fer_edge.model_card import TensorQuantization
from fer_edge.native_logs import chatter_held_back
from fer_edge.native_paths import native_path
from fer_edge.scores import FloatArray


class OnnxInterpreter:
    """An ONNX model in onnxruntime, on the CPU."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        """Load `path`."""
        self._path = path
        self.runtime, self._session, inputs, outputs = _load(path, num_threads)
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"{path}: expected one float32 input and one output")
        self._input_name = inputs[0].name
        self.input_shape, self.output_size = one_image(path)
        self.quantization: dict[str, TensorQuantization] = {}

    @property
    def delegation(self) -> Delegation:
        """What runs the graph: onnxruntime was given its CPU kernels and nothing else."""
        return OWN_KERNELS

    def run(self, image: npt.NDArray[Any]) -> FloatArray:
        """Scores float32 (output_size,) for one image, of the input's size and range of values."""
        try:
            batch = image.astype(np.float32).reshape(self.input_shape)
            return np.asarray(self._session.run(None, {self._input_name: batch})[0][0], np.float32)
        except Exception as error:  # as in _load
            raise ModelError(f"{self._path}: {self.runtime} cannot run it: {first_line(error)}") from error


class OpenCvInterpreter:
    """A float ONNX model in OpenCV's dnn module."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        """Load `path`; the threads are those of all of OpenCV, in this whole process."""
        self._path = path
        self.input_shape, self.output_size = one_image(path)
        try:
            with native_path(path) as name, chatter_held_back():
                self._net = cv2.dnn.readNetFromONNX(name)
                self._net.setInput(np.zeros(self.input_shape, np.float32))
                self._net.forward()
        except (cv2.error, ValueError) as error:
            raise ModelError(f"{path}: OpenCV's dnn cannot run it: {first_line(error)}") from error
        cv2.setNumThreads(num_threads)
        self.runtime = f"OpenCV {cv2.__version__}"
        self.quantization: dict[str, TensorQuantization] = {}

    @property
    def delegation(self) -> Delegation:
        """What runs the graph; OpenCV does not say."""
        return UNTOLD

    def run(self, image: npt.NDArray[Any]) -> FloatArray:
        """Scores float32 (output_size,) for one image, of the input's size and range of values."""
        try:
            self._net.setInput(image.astype(np.float32).reshape(self.input_shape))
            return np.array(self._net.forward()[0], np.float32)
        except (cv2.error, ValueError, IndexError) as error:
            raise ModelError(f"{self._path}: OpenCV's dnn cannot run it: {first_line(error)}") from error


def one_image(path: Path) -> tuple[tuple[int, ...], int]:
    """The input's shape for one image, and the number of scores."""
    file = read_onnx_file(path)
    shapes = [*file.inputs.values(), *file.outputs.values()]
    if len(file.inputs) != 1 or len(file.outputs) != 1 or any(None in shape[1:] or not shape for shape in shapes):
        raise ModelError(f"{path}: expected one input and one output, of fixed sizes but for the number of images")
    if shapes[0][0] not in (None, 0, 1) or len(shapes[1]) != 2:
        raise ModelError(f"{path}: expected one image in and scores (1, labels) out, got {shapes[0]} and {shapes[1]}")
    image, scores = ([length or 1 for length in shape[1:]] for shape in shapes)
    return (1, *image), scores[-1]


def _load(path: Path, num_threads: int) -> tuple[str, Any, list[Any], list[Any]]:
    """The library's name and version, the session, its inputs and its outputs."""
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
