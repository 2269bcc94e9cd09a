"""A model file of any format as a classifier of the data set's faces; only a .keras file needs TensorFlow."""

from __future__ import annotations

from pathlib import Path

from fer_edge.dataset.data import FACE_SIZE
from fer_edge.errors import MissingExtraError, ModelError
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.native_logs import native_stderr_muffled
from fer_edge.scores import require_expressions
from fer_edge.stated_facts import NOTHING_STATED, StatedFacts


def load_classifier(model: Path, num_threads: int = 1, facts: StatedFacts = NOTHING_STATED) -> ScoresFaces:
    """Load a .keras, .tflite or .onnx classifier of the data's expressions.

    Args:
        model: The file.
        num_threads: Threads of the interpreter.
        facts: Facts that a file without a card does not hold.

    Raises:
        ModelError: If it cannot be used, has other expressions, or takes faces of another size.
        MissingExtraError: If TensorFlow is needed and not installed.
    """
    with native_stderr_muffled():
        classifier = _load(model, num_threads, facts)
    require_expressions(classifier.card.labels, model)
    width, height = classifier.card.input.size_wh
    if (width, height) != (FACE_SIZE, FACE_SIZE):
        raise ModelError(
            f"{model}: expected a model of {FACE_SIZE}x{FACE_SIZE} faces, as the data has, got one of {width}x{height}"
        )
    return classifier


def _load(model: Path, num_threads: int, facts: StatedFacts) -> ScoresFaces:
    if model.suffix.lower() != ".keras":
        return Classifier.load(model, num_threads=num_threads, facts=facts)
    try:
        from fer_edge.training.networks.keras_file import KerasClassifier
    except ImportError as error:
        raise MissingExtraError("evaluating a .keras file", "train", str(error)) from error
    return KerasClassifier.load(model, facts)
