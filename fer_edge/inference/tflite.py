"""TFLite files, run by LiteRT, tflite-runtime or the interpreter inside TensorFlow."""

from __future__ import annotations

import importlib
import importlib.metadata
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.errors import InputError, ModelError, extra_advice, first_line
from fer_edge.inference.delegation import Delegation, read_delegation
from fer_edge.inference.engine import TFLITE_ENGINES, Engine
from fer_edge.inference.trial import require_harmless
from fer_edge.interruption import interruptions_deferred
from fer_edge.native_paths import native_path
from fer_edge.scores import FloatArray
from fer_edge.terminal.native_logs import chatter_held_back

_NAMES = {
    Engine.LITERT: ("LiteRT", "ai-edge-litert"),
    Engine.TFLITE_RUNTIME: ("tflite-runtime", "tflite-runtime"),
    Engine.TENSORFLOW: ("TensorFlow Lite", "tensorflow"),
}
"""Name for messages, and name of the distribution."""


class TFLiteInterpreter:
    """A TFLite model with the quantization of its edges. Threads may share one; they wait for each other."""

    def __init__(self, path: Path, num_threads: int = 1, engine: Engine | None = None) -> None:
        """Load `path`; XNNPACK takes the number of threads only now."""
        self._path = path
        self._lock = threading.Lock()
        self.runtime, self._interpreter = _load(path, num_threads, _choice(engine))
        with graph_faults_named(path):
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(f"{path}: expected one input and one output, got {len(inputs)} and {len(outputs)}")
        self._input, self._output = inputs[0], outputs[0]
        self.input_shape, scores = (tuple(int(n) for n in edge["shape"]) for edge in (self._input, self._output))
        if len(scores) != 2:
            raise ModelError(f"{path}: expected scores of shape (1, labels), got {scores}")
        self.output_size = scores[1]
        self.quantization = {
            name: quantization
            for name, details in (("input", self._input), ("output", self._output))
            if (quantization := _tensor_quantization(details)) is not None
        }
        self._encode = _encoder(self._input["dtype"], self.quantization.get("input"))

    @property
    def delegation(self) -> Delegation:
        """Return what runs the graph."""
        with graph_faults_named(self._path):
            return read_delegation(operators_of(self._interpreter))

    def run(self, image: npt.NDArray[Any]) -> FloatArray:
        """Return scores float32 (output_size,) of one image, of the input's size and range of values."""
        try:
            encoded = self._encode(image).reshape(self.input_shape)
            with self._lock:
                self._interpreter.set_tensor(self._input["index"], encoded)
                self._interpreter.invoke()
                stored = self._interpreter.get_tensor(self._output["index"])[0]
        except (ValueError, RuntimeError, IndexError) as error:
            raise ModelError(f"{self._path}: {self.runtime} cannot run it: {first_line(error)}") from error
        return _decode(stored, self.quantization.get("output"))


def load_tflite(path: Path) -> tuple[str, Any]:
    """Return name and version of the runtime, and its interpreter with a file loaded that is known to be harmless.

    Raises:
        ModelError: If the file is missing or damaged.
        InputError: If no interpreter works here.
    """
    return _load(path, 1, TFLITE_ENGINES)


def tflite_graph(path: Path, *, tried: bool = False) -> Any:
    """Return a TFLite interpreter that shows the graph as it is stored, without a delegate.

    Args:
        path: The file.
        tried: True if the file has been tried, as for `open_interpreter`.

    Raises:
        ModelError: If the file is missing or damaged.
    """
    if not tried and path.is_file():
        require_harmless(path)
    return _load(path, 1, TFLITE_ENGINES, delegates=False)[1]


def operators_of(interpreter: Any) -> list[dict[str, Any]]:
    """Return a TFLite interpreter's operators in order of execution: names, and indices of their tensors."""
    return list(interpreter._get_ops_details())  # no runtime has a public call that lists them


@contextmanager
def graph_faults_named(path: Path) -> Iterator[None]:
    """Turn an error of reading a damaged graph in the block into a `ModelError`.

    Interpreters load names that are no UTF-8, and operators whose tensors do not exist.
    """
    try:
        yield
    except (ValueError, RuntimeError, LookupError, ArithmeticError) as error:
        raise ModelError(f"{path}: its graph cannot be read ({first_line(error)}); copy or export it again") from error


def first_that_works(engines: Sequence[Engine]) -> tuple[str, Any]:
    """Return name and module of the first interpreter that works: with numpy 2, tflite-runtime imports and does not.

    Raises:
        InputError: If none does.
    """
    failures = []
    for engine in engines:
        name, distribution = _NAMES[engine]
        try:
            with chatter_held_back():
                module = importlib.import_module(engine.module)
            version = importlib.metadata.version(distribution)
        except (ImportError, importlib.metadata.PackageNotFoundError) as error:
            failures.append(f"{distribution}: {first_line(error)}")
            continue
        if engine is Engine.TFLITE_RUNTIME and int(np.__version__.split(".")[0]) >= 2:
            failures.append(f"tflite-runtime: needs numpy<2, not {np.__version__}")
            continue
        return f"{name} {version}", module
    if len(engines) == 1:
        raise InputError(f"{failures[0]}; pip install {_NAMES[engines[0]][1]}, or choose another interpreter")
    raise InputError(
        f"running a .tflite file needs an interpreter, and none works here ({'; '.join(failures)}): pip install "
        f"ai-edge-litert, or use an .onnx model: {extra_advice('onnx')}"
    )


@interruptions_deferred()  # interpreters import numpy from C++, and raise ImportError and SystemError then
def _load(path: Path, num_threads: int, engines: Sequence[Engine], delegates: bool = True) -> tuple[str, Any]:
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    with path.open("rb") as file:
        if file.read(8)[4:] != b"TFL3":
            raise ModelError(f"{path}: expected a TFLite flatbuffer, got something else")
    runtime, module = first_that_works(engines)
    resolvers = module.OpResolverType
    resolver = resolvers.AUTO if delegates else resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    try:
        with native_path(path) as name, chatter_held_back(), warnings.catch_warnings():
            # TensorFlow's interpreter warns so (until 2.18 in the second way), which is why it is the last choice.
            warnings.filterwarnings(
                "ignore", r"\s*Warning: (tf\.lite\.Interpreter is deprecated|Please use the LiteRT)"
            )
            interpreter = module.Interpreter(
                model_path=name, num_threads=num_threads, experimental_op_resolver_type=resolver
            )
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{path}: {runtime} cannot load it: {first_line(error)}") from error
    return runtime, interpreter


def _choice(engine: Engine | None) -> tuple[Engine, ...]:
    return TFLITE_ENGINES if engine is None else (engine,)


def _tensor_quantization(details: dict[str, Any]) -> TensorQuantization | None:
    dtype = np.dtype(details["dtype"])
    scale, zero_point = details["quantization"]
    if dtype.kind not in "iu" or not scale:
        return None  # integers of scale 0 are plain numbers
    return TensorQuantization(dtype.name, float(scale), int(zero_point))


def _encoder(dtype: Any, quantization: TensorQuantization | None) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
    """Return a function from an image, in the model's range of values, to the input tensor's numbers."""
    if np.dtype(dtype).kind not in "iu":
        return lambda image: image.astype(dtype)
    scale, zero_point = (quantization.scale, quantization.zero_point) if quantization else (1.0, 0)
    limits = np.iinfo(dtype)

    def quantize(image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(np.clip(np.rint(image / scale) + zero_point, limits.min, limits.max).astype(dtype))

    if (np.dtype(dtype).name, scale, zero_point) != ("int8", 1.0, -128):
        return quantize
    # Pixel - 128 in two's complement is the same byte with its top bit flipped.
    return lambda image: (image ^ np.uint8(0x80)).view(np.int8) if image.dtype == np.uint8 else quantize(image)


def _decode(stored: npt.NDArray[Any], quantization: TensorQuantization | None) -> FloatArray:
    if quantization is None:
        return stored.astype(np.float32)
    return np.asarray((stored.astype(np.float32) - quantization.zero_point) * quantization.scale, np.float32)
