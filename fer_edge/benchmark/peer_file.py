"""Other projects' model files: what a user states about them, and faces in the layout that they expect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.cards.stated_facts import NOTHING_STATED, UNKNOWN, StatedFacts
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.delegation import Delegation
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import Interpreter, open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.picture_form import PictureForm
from fer_edge.scores import require_classes

Value = TypeVar("Value")


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


def state_peers(
    files: Sequence[Path],
    labels: Sequence[tuple[str, ...]],
    ranges: Sequence[tuple[float, float]],
    *,
    logits: bool = False,
    fact_names: tuple[str, str, str] = NOTHING_STATED.names,
) -> list[PeerFile]:
    """Join each file with what is stated about it; a fact that is stated once holds for all.

    Args:
        files: .tflite or .onnx files.
        labels: Names of the scores in order: none, one for all files, or one for each.
        ranges: Values of black and white: none, one for all files, or one for each.
        logits: Whether their scores have not been through a softmax.
        fact_names: Names of the three facts for errors, as `StatedFacts.names`.

    Raises:
        InputError: If the numbers of facts do not fit.
    """
    names, spans = _spread("labels", labels, files), _spread("input ranges", ranges, files)
    stated = [StatedFacts(each, span, logits, fact_names) for each, span in zip(names, spans, strict=True)]
    return [PeerFile(path, facts) for path, facts in zip(files, stated, strict=True)]


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


def _spread(what: str, values: Sequence[Value], files: Sequence[Path]) -> Sequence[Value | None]:
    if (len(values) > 1 and len(values) != len(files)) or (values and not files):
        raise InputError(f"expected the peers' {what} once, or once for each of {len(files)} peers, got {len(values)}")
    return values if len(values) == len(files) else [*values, None][:1] * len(files)
