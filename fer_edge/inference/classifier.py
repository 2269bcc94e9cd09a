"""Classifier: a model file with its card, which maps pixels of a face to scores of the classes."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import TensorQuantization
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import find_card
from fer_edge.inference.delegation import Delegation
from fer_edge.inference.engine import Engine
from fer_edge.inference.interpreter import Interpreter, open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL
from fer_edge.picture_form import FER2013_FORM, GRAY, RGB, PictureForm
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.scores import FloatArray, ScoreKind, in_class_order, require_kind, to_probabilities

_TRIALS = 4
_RANGE_TOLERANCE = 0.1
"""Largest excess of a card's range over what an 8-bit tensor holds, as a share of the range."""
_LEAST_SHARE = 0.25
"""Least span of a card's range, as a share of what the tensor holds; with less, faces would be nearly black."""


class ScoresFaces(Protocol):
    """Scores faces: a model file on the device's interpreter, or a Keras model."""

    card: ModelCard
    runtime: str

    def classify(self, face: npt.NDArray[np.uint8]) -> FloatArray:
        """Return scores float32 (labels,) of one face, uint8 (H, W), 0..255."""

    def classify_all(self, faces: npt.NDArray[np.uint8], on_progress: OnProgress = ignore_progress) -> FloatArray:
        """Return scores float32 (N, labels) of faces uint8 (N, H, W), 0..255."""


class Classifier:
    """Scores faces, prepared as the model's card says. Each thread needs its own."""

    def __init__(self, interpreter: Interpreter, card: ModelCard, path: Path) -> None:
        """Check that a loaded model and its card fit together.

        Raises:
            ModelError: If the model's input or output is not what the card says.
        """
        require_fitting(path, card, interpreter.input_shape, interpreter.output_size)
        _require_range(path, card, interpreter.quantization.get("input"))
        self.card = card
        self.path = path
        self.runtime = interpreter.runtime
        self._interpreter = interpreter

    @staticmethod
    def load(
        path: Path = SHIPPED_MODEL,
        *,
        num_threads: int = 1,
        facts: StatedFacts = NOTHING_STATED,
        engine: Engine | None = None,
    ) -> Classifier:
        """Load a .tflite or .onnx file with its card.

        Args:
            path: The model file.
            num_threads: Threads of the interpreter.
            facts: Facts stated about a file without a card.
            engine: The library that runs it, as for `open_interpreter`.

        Raises:
            ModelError: If the file is missing, damaged or for another task, or has no card and a fact is not stated.
            MissingExtraError: If no interpreter for it is installed.
        """
        found = find_card(path)
        card = facts.card_for(path, found)
        interpreter = open_interpreter(path, num_threads, engine)
        if found is None:
            card = facts.card_for(path, None, _form_of(interpreter.input_shape))
        classifier = Classifier(interpreter, card, path)
        if found is None or card.scores is ScoreKind.LOGITS:
            classifier.try_out()
        return classifier

    @property
    def delegation(self) -> Delegation:
        """Return what runs the graph."""
        return self._interpreter.delegation

    def classify(self, face: npt.NDArray[np.uint8]) -> FloatArray:
        """Return the scores of one face.

        Args:
            face: uint8 (H, W) gray or (H, W, 3) RGB, 0..255, as the card says.

        Returns:
            float32 (number of labels,), at least 0, with a sum of 1 (an int8 output's own sum is off by up to 1 %).

        Raises:
            ModelError: If the model's scores are not what the card says.
        """
        scores = self._interpreter.run(self.card.input.scale(face))
        if scores.shape != (len(self.card.labels),):
            raise ModelError(f"{self.path}: expected {len(self.card.labels)} scores, got the shape {scores.shape}")
        return to_probabilities(scores, self.card.scores, self.path)

    def classify_all(self, faces: npt.NDArray[np.uint8], on_progress: OnProgress = ignore_progress) -> FloatArray:
        """Return scores float32 (N, labels) of faces uint8 (N, H, W), run one by one as on the device."""
        scores = np.empty((len(faces), len(self.card.labels)), np.float32)
        for i, face in enumerate(faces):
            scores[i] = self.classify(face)
            on_progress(i + 1)
        return scores

    def try_out(self) -> None:
        """Score a few random images, to find a wrong fact about the scores before the first face.

        Raises:
            ModelError: If the scores are not what the card says, or its logits are probabilities.
        """
        images = np.random.default_rng(0).integers(0, 256, (_TRIALS, *self.card.input.form.image_shape), np.uint8)
        raw = np.stack([self._interpreter.run(self.card.input.scale(image)) for image in images])
        require_kind(raw, self.card.scores, self.path)


def expression_scores(
    classifier: ScoresFaces,
    faces: npt.NDArray[np.uint8],
    on_progress: OnProgress = ignore_progress,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> FloatArray:
    """Return scores float32 (N, classes) of faces, in the order of `classes`.

    Args:
        classifier: A classifier of these classes, in any order.
        faces: Images uint8 (N, H, W) gray or (N, H, W, 3) RGB, 0..255, of the form in its card.
        on_progress: Called with the number of faces that are scored.
        classes: Names of the classes.
    """
    return in_class_order(classifier.classify_all(faces, on_progress), classifier.card.labels, classes)


def _form_of(input_shape: tuple[int, ...]) -> PictureForm:
    """Return size and colour of an input (1, H, W, 1 or 3); those of FER2013's faces for another shape."""
    if len(input_shape) != 4 or input_shape[3] not in (1, 3):
        return FER2013_FORM
    return PictureForm(input_shape[2], input_shape[1], GRAY if input_shape[3] == 1 else RGB)


def require_fitting(path: Path, card: ModelCard, input_shape: tuple[int, ...], output_size: int) -> None:
    """Check a card against the shape of its model's input and the number of its scores.

    Raises:
        ModelError: If they differ.
    """
    height, width = card.input.height, card.input.width
    expected = (1, *card.input.form.input_shape)
    # With one channel, (1, 1, H, W) holds the same numbers.
    shapes = (expected, (1, 1, height, width)) if card.input.form.channels == 1 else (expected,)
    if input_shape not in shapes or output_size != len(card.labels):
        raise ModelError(
            f"{path}: expected a classifier from {expected} to {len(card.labels)} scores, "
            f"got one from {input_shape} to {output_size}; it is for another task"
        )


def _require_range(path: Path, card: ModelCard, stored: TensorQuantization | None) -> None:
    """Raise if an 8-bit input tensor cannot hold the card's values, or holds many times their span."""
    if stored is None or stored.dtype not in ("int8", "uint8"):
        return
    limits = np.iinfo(stored.dtype)
    low, high = (stored.scale * (limit - stored.zero_point) for limit in (limits.min, limits.max))
    minimum, maximum = card.input.range
    span = maximum - minimum
    beyond = max(low - minimum, maximum - high) > _RANGE_TOLERANCE * span
    if beyond or span < _LEAST_SHARE * (high - low):
        raise ModelError(
            f"{path}: its input tensor holds {low:.3g}..{high:.3g}, not {minimum:g}..{maximum:g}; the "
            "input range in its card, or stated, must be the one that it was trained on"
        )
