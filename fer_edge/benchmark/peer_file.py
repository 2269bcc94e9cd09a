"""Other projects' model files, shown faces as they want them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, ModelError
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.delegation import Delegation
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import Interpreter, open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import TensorQuantization
from fer_edge.scores import require_expressions
from fer_edge.stated_facts import UNKNOWN, StatedFacts


@dataclass(frozen=True)
class PeerFile:
    """Another project's .tflite or .onnx file.

    The size of its input is read from the tensor; an input of three channels gets the gray face in each.

    Attributes:
        path: The file.
        facts: What it does not say itself; its labels are this project's seven names, in any order.
    """

    path: Path
    facts: StatedFacts

    def __post_init__(self) -> None:
        labels = self.facts.labels
        if labels is not None and sorted(labels) != sorted(EXPRESSIONS):
            raise InputError(
                f"{self.path}: expected the labels {', '.join(EXPRESSIONS)} in the order of its scores, "
                f"got {', '.join(labels)}"
            )

    def load(self, threads: int, family: Engine | None = None) -> Classifier:
        """Load it with a card that says what is known of it.

        Raises:
            ModelError: If it cannot be run, is for another task, or its scores are not what was stated, or if a fact
                is not stated.
        """
        interpreter = _Adapted(open_interpreter(self.path, threads, family), self.path)
        _, height, width, _ = interpreter.input_shape
        card = self.facts.card_for(self.path, find_card(self.path), (width, height))
        require_expressions(card.labels, self.path)
        if card.architecture == UNKNOWN:
            card = replace(card, architecture=self.path.stem)  # what reports call its network
        classifier = Classifier(interpreter, card, self.path)
        classifier.try_out()
        return classifier


class _Adapted:
    """An `Interpreter` that takes gray images, around one that may take three channels, or channels first."""

    def __init__(self, interpreter: Interpreter, path: Path) -> None:
        self._interpreter = interpreter
        self._axis, (height, width) = _layout(interpreter.input_shape, path)
        self._channels = interpreter.input_shape[self._axis + 1]
        self.input_shape: tuple[int, ...] = (1, height, width, 1)
        self.output_size = interpreter.output_size
        self.runtime = interpreter.runtime
        self.quantization: dict[str, TensorQuantization] = interpreter.quantization

    @property
    def delegation(self) -> Delegation:
        return self._interpreter.delegation

    def run(self, image: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        return self._interpreter.run(np.stack([image] * self._channels, self._axis))


def _layout(shape: tuple[int, ...], path: Path) -> tuple[int, tuple[int, int]]:
    """Where the channels are in an image, and its height and width."""
    if len(shape) == 4 and shape[0] == 1 and shape[3] in (1, 3):
        return 2, (shape[1], shape[2])
    if len(shape) == 4 and shape[0] == 1 and shape[1] in (1, 3):
        return 0, (shape[2], shape[3])
    raise ModelError(f"{path}: expected an input of one image with one or three channels, got the shape {shape}")
