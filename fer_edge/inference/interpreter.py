"""One interface to the interpreters of all engines."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.delegation import Delegation
from fer_edge.inference.engine import Engine, engines_for
from fer_edge.inference.onnx import OnnxInterpreter
from fer_edge.inference.tflite import TFLiteInterpreter
from fer_edge.inference.trial import require_harmless
from fer_edge.scores import FloatArray


class Interpreter(Protocol):
    """Runs a classifier on one image at a time; not for use by two threads at once.

    Attributes:
        runtime: The library and its version.
        input_shape: (1, H, W, C) as the model was built; ONNX files take any number of images.
        output_size: Number of scores.
        quantization: Quantization of the input and output tensors that are integers, by those names.
    """

    runtime: str
    input_shape: tuple[int, ...]
    output_size: int
    quantization: dict[str, TensorQuantization]

    @property
    def delegation(self) -> Delegation:
        """Return what runs the graph."""

    def run(self, image: npt.NDArray[Any]) -> FloatArray:
        """Return scores float32 (output_size,) of an image, uint8 or float32 (H, W), in the model's range of values."""


def open_interpreter(
    path: Path, num_threads: int = 1, engine: Engine | None = None, *, tried: bool = False
) -> Interpreter:
    """Load a .tflite or .onnx file, after a child process has tried it.

    Args:
        path: The file.
        num_threads: Threads of the interpreter.
        engine: The library that runs it; `None` for the preferred one that is installed.
        tried: True if the file has been tried, so that no child process is needed.

    Raises:
        ModelError: If it is neither, is damaged, or the interpreter cannot run it.
        MissingExtraError: If no interpreter for it is installed.
        InputError: If `engine` is not installed, or is for other files.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    possible = engines_for(path)
    if not possible:
        raise ModelError(
            f"{path}: expected a .tflite or .onnx file; a .keras model is exported first: fer-edge export {path}"
        )
    if engine is not None and engine not in possible:
        names = ", ".join(each.value for each in possible)
        raise InputError(f"{path}: {engine.value} does not run such files; expected one of {names}")
    if not tried:
        require_harmless(path, engine)
    if path.suffix.lower() == ".onnx":
        return OnnxInterpreter(path, num_threads)
    return TFLiteInterpreter(path, num_threads, engine)
