"""One model file, one way to run it: TFLite through LiteRT or tflite-runtime, ONNX through onnxruntime."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, MissingExtraError, ModelError
from fer_edge.model_card import ONNX_CARD_KEY, ModelCard, TensorQuantization

_TFLITE_PACKAGES = (
    ("LiteRT", "ai_edge_litert.interpreter", "ai-edge-litert"),
    ("tflite-runtime", "tflite_runtime.interpreter", "tflite-runtime"),
    ("TensorFlow Lite", "tensorflow.lite", "tensorflow"),
)


class Interpreter(Protocol):
    """Runs a classifier on one image at a time; not for use by two threads at once.

    Attributes:
        runtime: The library and its version.
        input_shape: (1, H, W, C) as the model was built; ONNX files take any number of images.
        output_size: How many scores.
        quantization: Of the edge tensors that are integers.
    """

    runtime: str
    input_shape: tuple[int, ...]
    output_size: int
    quantization: dict[str, TensorQuantization]

    def run(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores float32 (output_size,) for one image, uint8 (H, W), 0..255."""


def open_interpreter(path: Path, num_threads: int = 1) -> Interpreter:
    """Load a .tflite or .onnx file.

    Raises:
        ModelError: If it is neither, is damaged, or the interpreter here cannot run it.
        MissingExtraError: If no interpreter for it is installed.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    suffix = path.suffix.lower()
    if suffix == ".tflite":
        return TFLiteInterpreter(path, num_threads)
    if suffix == ".onnx":
        return OnnxInterpreter(path, num_threads)
    raise ModelError(
        f"{path}: expected a .tflite or .onnx file; a .keras model is exported first: fer-edge export {path}"
    )


class TFLiteInterpreter:
    """A TFLite model with the quantization of its edges."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        """Load `path`; the threads are fixed here, since XNNPACK takes them when the model is loaded."""
        self.runtime, self._interpreter = _load_tflite(path, num_threads)
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(f"{path}: expected one input and one output, got {len(inputs)} and {len(outputs)}")
        self._input, self._output = inputs[0], outputs[0]
        self.input_shape = tuple(int(n) for n in self._input["shape"])
        self.output_size = int(self._output["shape"][-1])
        self.quantization = {
            name: quantization
            for name, details in (("input", self._input), ("output", self._output))
            if (quantization := _tensor_quantization(details)) is not None
        }
        self._encode = _encoder(self._input["dtype"], self.quantization.get("input"))

    def run(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores float32 (output_size,) for one image, uint8 (H, W), 0..255."""
        self._interpreter.set_tensor(self._input["index"], self._encode(image).reshape(self.input_shape))
        self._interpreter.invoke()
        stored = self._interpreter.get_tensor(self._output["index"])[0]
        return _decode(stored, self.quantization.get("output"))


class OnnxInterpreter:
    """An ONNX model in onnxruntime, on the CPU."""

    def __init__(self, path: Path, num_threads: int = 1) -> None:
        """Load `path`."""
        self.runtime, self._session = _load_onnx(path, num_threads)
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"{path}: expected one float32 input and one output")
        self._input_name = inputs[0].name
        self.input_shape = (1, *(int(n) for n in inputs[0].shape[1:]))
        self.output_size = int(outputs[0].shape[-1])
        self.quantization: dict[str, TensorQuantization] = {}

    def run(self, image: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores float32 (output_size,) for one image, uint8 (H, W), 0..255."""
        batch = image.astype(np.float32).reshape(self.input_shape)
        return np.asarray(self._session.run(None, {self._input_name: batch})[0][0], np.float32)


def read_onnx_card(path: Path) -> ModelCard | None:
    """The card in an ONNX file's metadata, or `None`."""
    _, session = _load_onnx(path, num_threads=1)
    text = session.get_modelmeta().custom_metadata_map.get(ONNX_CARD_KEY)
    return None if text is None else ModelCard.from_json(text, str(path))


def tflite_graph(path: Path) -> Any:
    """A TFLite interpreter that shows the graph as it is stored, with no delegate in its place.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    return _load_tflite(path, num_threads=1, delegates=False)[1]


def _load_tflite(path: Path, num_threads: int, delegates: bool = True) -> tuple[str, Any]:
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    with path.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ModelError(f"{path}: expected a TFLite flatbuffer, got something else")
    runtime, module = _tflite_module()
    resolvers = getattr(module, "OpResolverType", None) or module.experimental.OpResolverType
    resolver = resolvers.AUTO if delegates else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        interpreter = module.Interpreter(
            model_path=str(path), num_threads=num_threads, experimental_op_resolver_type=resolver
        )
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: {runtime} cannot load it: {_first_line(error)}") from error
    return runtime, interpreter


def _load_onnx(path: Path, num_threads: int) -> tuple[str, Any]:
    try:
        onnxruntime = importlib.import_module("onnxruntime")
    except ImportError as error:
        raise MissingExtraError("running an .onnx file", "onnx", str(error)) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's own exception classes share no public base
        raise ModelError(f"{path}: onnxruntime cannot load it: {_first_line(error)}") from error
    return f"onnxruntime {onnxruntime.__version__}", session


def _tflite_module() -> tuple[str, Any]:
    """The first TFLite interpreter that is installed and works: with numpy 2, tflite-runtime only imports."""
    failures = []
    for name, module_name, distribution in _TFLITE_PACKAGES:
        try:
            module = importlib.import_module(module_name)
            version = importlib.metadata.version(distribution)
        except (ImportError, importlib.metadata.PackageNotFoundError) as error:
            failures.append(f"{distribution}: {_first_line(error)}")
            continue
        if distribution == "tflite-runtime" and int(np.__version__.split(".")[0]) >= 2:
            failures.append(f"tflite-runtime: needs numpy<2, not {np.__version__}")
            continue
        return f"{name} {version}", module
    raise InputError(
        f"running a .tflite file needs an interpreter, and none works here ({'; '.join(failures)}): pip install "
        "ai-edge-litert, or use an .onnx model: pip install 'fer-edge[onnx]'"
    )


def _tensor_quantization(details: dict[str, Any]) -> TensorQuantization | None:
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    if dtype.kind not in "iu":
        return None
    return TensorQuantization(dtype.name, float(scale), int(zero_point))


def _encoder(
    dtype: Any, quantization: TensorQuantization | None
) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[Any]]:
    """How pixels become the input tensor's numbers."""
    if quantization is None:
        return lambda image: image.astype(dtype)
    scale, zero_point = quantization.scale, quantization.zero_point
    if (quantization.dtype, scale, zero_point) == ("int8", 1.0, -128):
        # Pixel - 128 in two's complement is the same byte with its top bit turned over.
        return lambda image: (image ^ np.uint8(0x80)).view(np.int8)
    limits = np.iinfo(dtype)
    return lambda image: np.clip(np.rint(image / scale) + zero_point, limits.min, limits.max).astype(dtype)


def _decode(stored: npt.NDArray[Any], quantization: TensorQuantization | None) -> npt.NDArray[np.float32]:
    if quantization is None:
        return stored.astype(np.float32)
    return np.asarray((stored.astype(np.float32) - quantization.zero_point) * quantization.scale, np.float32)


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
