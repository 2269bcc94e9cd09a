"""Other projects' model files, shown faces as they want them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, ModelError
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import InputSpec, ModelCard, TensorQuantization
from fer_edge.runtime.classifier import Classifier
from fer_edge.runtime.delegation import Delegation
from fer_edge.runtime.family import Family
from fer_edge.runtime.interpreter import Interpreter, open_interpreter

_SUM_TOLERANCE = 0.05
"""Seven int8 scores can be off by so much together."""


@dataclass(frozen=True)
class PeerFile:
    """Another project's .tflite or .onnx file, which does not say itself how it is used.

    The size of its input is read from the tensor; an input of three channels gets the gray face in each.

    Attributes:
        path: The file.
        labels: Of its scores in order: this project's seven names, `EXPRESSIONS`, in any order.
        minimum: Value of black in its input.
        maximum: Value of white.
        logits: Whether its scores have not been through a softmax.
    """

    path: Path
    labels: tuple[str, ...] = EXPRESSIONS
    minimum: float = 0.0
    maximum: float = 255.0
    logits: bool = False

    def __post_init__(self) -> None:
        if sorted(self.labels) != sorted(EXPRESSIONS):
            raise InputError(
                f"{self.path}: expected the labels {', '.join(EXPRESSIONS)} in the order of its scores, "
                f"got {', '.join(self.labels)}"
            )
        if self.minimum == self.maximum:
            raise InputError(f"{self.path}: expected different values of black and white, got {self.minimum:g} twice")

    def load(self, threads: int, family: Family | None = None) -> Classifier:
        """Load it with a card that says what is known of it.

        Raises:
            ModelError: If it cannot be run, is for another task, or gives no probabilities.
        """
        interpreter = _Adapted(open_interpreter(self.path, threads, family), self)
        _, height, width, _ = interpreter.input_shape
        spec = InputSpec(width=width, height=height, minimum=self.minimum, maximum=self.maximum)
        card = ModelCard(self.path.stem, self.path.stem, labels=self.labels, input=spec, precision="unknown")
        classifier = Classifier(interpreter, card, self.path)
        interpreter.require_probabilities()
        return classifier


class _Adapted:
    """An `Interpreter` that takes gray pixels, 0..255, and gives probabilities, around one of a peer's file."""

    def __init__(self, interpreter: Interpreter, peer: PeerFile) -> None:
        self._interpreter = interpreter
        self._peer = peer
        self._axis, (height, width) = _layout(interpreter.input_shape, peer.path)
        self._channels = interpreter.input_shape[self._axis + 1]
        self.input_shape: tuple[int, ...] = (1, height, width, 1)
        self.output_size = interpreter.output_size
        self.runtime = interpreter.runtime
        self.quantization: dict[str, TensorQuantization] = interpreter.quantization

    @property
    def delegation(self) -> Delegation:
        return self._interpreter.delegation

    def run(self, image: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        scores = self._interpreter.run(np.stack([self._scale(image)] * self._channels, self._axis))
        if not self._peer.logits:
            return scores
        powers = np.exp(scores - scores.max())
        return np.asarray(powers / powers.sum(), np.float32)

    def require_probabilities(self) -> None:
        _, height, width, _ = self.input_shape
        scores = self.run(np.random.default_rng(0).integers(0, 256, (height, width), np.uint8))
        if scores.min() < -_SUM_TOLERANCE or abs(float(scores.sum()) - 1) > _SUM_TOLERANCE:
            raise ModelError(
                f"{self._peer.path}: expected scores that sum to 1, got {np.round(scores, 2).tolist()}; if they have "
                "not been through a softmax, say that they are logits"
            )

    def _scale(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        minimum, maximum = self._peer.minimum, self._peer.maximum
        if (minimum, maximum) == (0.0, 255.0):
            return image
        return np.asarray(image * np.float32((maximum - minimum) / 255) + np.float32(minimum))


def _layout(shape: tuple[int, ...], path: Path) -> tuple[int, tuple[int, int]]:
    """Where the channels are in an image, and its height and width."""
    if len(shape) == 4 and shape[3] in (1, 3):
        return 2, (shape[1], shape[2])
    if len(shape) == 4 and shape[1] in (1, 3):
        return 0, (shape[2], shape[3])
    raise ModelError(f"{path}: expected an input of one image with one or three channels, got the shape {shape}")
