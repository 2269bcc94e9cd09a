"""A model file of any format as a classifier of the data set's faces; only a .keras file needs TensorFlow."""

from __future__ import annotations

from pathlib import Path

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.errors import ModelError
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.picture_form import PictureForm
from fer_edge.scores import require_classes
from fer_edge.terminal.native_logs import importing_extra, native_stderr_muffled


def load_classifier(model: Path, num_threads: int = 1, facts: StatedFacts = NOTHING_STATED) -> ScoresFaces:
    """Load a .keras, .tflite or .onnx classifier, whatever its classes are and whatever faces it takes.

    Args:
        model: The file.
        num_threads: Threads of the interpreter.
        facts: Facts that a file without a card does not hold.

    Raises:
        ModelError: If it cannot be used.
        MissingExtraError: If TensorFlow is needed and not installed.
    """
    with native_stderr_muffled():
        return _load(model, num_threads, facts)


def require_fit_for(model: Path, card: ModelCard, classes: tuple[str, ...], form: PictureForm) -> None:
    """Check that a model scores the data's classes, in any order, and takes faces of its size and colour.

    Raises:
        ModelError: If it does not.
    """
    require_classes(card.labels, model, classes)
    if card.input.form != form:
        raise ModelError(f"{model}: expected a model of {form} faces, as the data has, got one of {card.input.form}")


def _load(model: Path, num_threads: int, facts: StatedFacts) -> ScoresFaces:
    if model.suffix.lower() != ".keras":
        return Classifier.load(model, num_threads=num_threads, facts=facts)
    with importing_extra("evaluating a .keras file", "train"):
        from fer_edge.training.networks.keras_file import KerasClassifier
    return KerasClassifier.load(model, facts)
