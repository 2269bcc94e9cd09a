"""Other projects' model files, given faces in the layout that they expect."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.cards.stated_facts import UNKNOWN, StatedFacts
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.delegation import Delegation
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import Interpreter, open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import PictureForm
from fer_edge.scores import require_classes


@dataclass(frozen=True)
class PeerFile:
    """Another project's .tflite or .onnx file.

    The input's size is read from the tensor; an input of three channels gets the gray face in each channel.

    Attributes:
        path: The file.
        facts: Facts that the file does not state.
    """

    path: Path
    facts: StatedFacts

    def load(self, threads: int, engine: Engine | None = None, *, classes: tuple[str, ...] = EXPRESSIONS) -> Classifier:
        """Load the file with a card of what is known about it.

        Args:
            threads: Number of threads of the interpreter.
            engine: Engine of the interpreter; `None` for the first that is installed.
            classes: Classes that it must score, in any order.

        Raises:
            ModelError: If it cannot be run, scores other classes, its scores are not as stated, or a fact is missing.
        """
        interpreter = _Adapted(open_interpreter(self.path, threads, engine), self.path)
        _, height, width, _ = interpreter.input_shape
        card = self.facts.card_for(self.path, find_card(self.path), PictureForm(width, height))
        require_classes(card.labels, self.path, classes)
        if card.architecture == UNKNOWN:
            card = replace(card, architecture=self.path.stem)  # the report's name of the network
        classifier = Classifier(interpreter, card, self.path)
        classifier.try_out()
        return classifier


class _Adapted:
    """Wraps an `Interpreter` that may take three channels, or channels first, into one that takes gray images."""

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
    """Return the axis of an image's channels, and its height and width."""
    if len(shape) == 4 and shape[0] == 1 and shape[3] in (1, 3):
        return 2, (shape[1], shape[2])
    if len(shape) == 4 and shape[0] == 1 and shape[1] in (1, 3):
        return 0, (shape[2], shape[3])
    raise ModelError(f"{path}: expected an input of one image with one or three channels, got the shape {shape}")
