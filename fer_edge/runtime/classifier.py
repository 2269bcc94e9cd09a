"""A model file and its card as one thing: pixels of a face in, scores of the expressions out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.model_card import InputSpec, ModelCard, read_zipped_card
from fer_edge.runtime.delegation import Delegation
from fer_edge.runtime.family import Family
from fer_edge.runtime.interpreter import Interpreter, open_interpreter
from fer_edge.runtime.onnx import read_onnx_card

_MODELS = Path(__file__).parent.parent / "models"

SHIPPED_MODEL = _MODELS / "compact_int8.tflite"
"""The model that is used when none is named."""


def shipped_models() -> dict[str, Path]:
    """The models that come with this package, by the name of their network."""
    return {path.name.removesuffix("_int8.tflite"): path for path in sorted(_MODELS.glob("*_int8.tflite"))}


class ScoresFaces(Protocol):
    """Anything that scores faces: a model file on the device's interpreter, or a Keras model."""

    card: ModelCard
    runtime: str

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores float32 (labels,) of one face, uint8 (H, W), 0..255."""

    def classify_all(
        self, faces: npt.NDArray[np.uint8], on_progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Scores float32 (N, labels) of faces uint8 (N, H, W), 0..255."""


class Classifier:
    """Scores faces as the model's card says they must be shown to it. One thread's own."""

    def __init__(self, interpreter: Interpreter, card: ModelCard, path: Path) -> None:
        """Join a loaded model and its card.

        Raises:
            ModelError: If the model does not take or give what the card says.
        """
        height, width = card.input.height, card.input.width
        expected, got = (1, height, width, 1), interpreter.input_shape
        if got != expected or interpreter.output_size != len(card.labels):
            raise ModelError(
                f"{path}: expected a classifier from {expected} to {len(card.labels)} scores, "
                f"got one from {got} to {interpreter.output_size}; it is for another task"
            )
        self.card = card
        self.path = path
        self.runtime = interpreter.runtime
        self._interpreter = interpreter

    @staticmethod
    def load(
        path: Path = SHIPPED_MODEL,
        *,
        num_threads: int = 1,
        labels: tuple[str, ...] | None = None,
        family: Family | None = None,
    ) -> Classifier:
        """Load a .tflite or .onnx file with its card.

        Args:
            path: The model file.
            num_threads: Threads of the interpreter.
            labels: The scores' names in order, for a file without a card.
            family: What to run it in, as for `open_interpreter`.

        Raises:
            ModelError: If the file is missing, damaged, without a card and `labels`, or for another task.
            MissingExtraError: If no interpreter for it is installed.
        """
        if labels is None:
            card = read_card(path)
            return Classifier(open_interpreter(path, num_threads, family), card, path)
        interpreter = open_interpreter(path, num_threads, family)
        _, height, width, *_ = (*interpreter.input_shape, 0, 0, 0)
        card = ModelCard(path.stem, "unknown", labels=labels, input=InputSpec(width=width, height=height))
        return Classifier(interpreter, card, path)

    @property
    def delegation(self) -> Delegation:
        """What runs the graph."""
        return self._interpreter.delegation

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores of one face.

        Args:
            face: uint8 (H, W) gray, 0..255, of the size in the card.

        Returns:
            float32 (number of labels,), at least 0, with a sum of 1 (an int8 output's own sum is off by up to 1 %).
        """
        scores = np.maximum(self._interpreter.run(face), 0)
        total = scores.sum()
        return scores / total if total > 0 else np.full_like(scores, 1 / len(scores))

    def classify_all(
        self, faces: npt.NDArray[np.uint8], on_progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Scores float32 (N, labels) of faces uint8 (N, H, W), one by one as on the device."""
        scores = np.empty((len(faces), len(self.card.labels)), np.float32)
        for i, face in enumerate(faces):
            scores[i] = self.classify(face)
            if on_progress is not None:
                on_progress(i + 1)
        return scores


def read_card(path: Path) -> ModelCard:
    """The card inside a .tflite, .keras or .onnx file.

    Raises:
        ModelError: If the file is missing or damaged, or has no card.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such model file")
    if path.suffix.lower() not in (".tflite", ".onnx", ".keras"):
        raise ModelError(f"{path}: expected a .tflite, .onnx or .keras file")
    card = read_onnx_card(path) if path.suffix.lower() == ".onnx" else read_zipped_card(path)
    if card is None:
        raise ModelError(
            f"{path}: it has no model card, or is truncated; a whole file of another tool needs its classes in order: "
            "--labels angry,disgust,fear,happy,neutral,sad,surprise"
        )
    return card
