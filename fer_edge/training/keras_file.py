"""A .keras file with its card: written, read, and scored like any other model file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.files import DAMAGED_ZIP_ERRORS, atomic_path
from fer_edge.labels import NUM_EXPRESSIONS
from fer_edge.model_card import ModelCard, add_card_to_keras, read_zipped_card
from fer_edge.native_logs import chatter_held_back
from fer_edge.training.architectures import ARCHITECTURES, build

_BATCH = 256


class KerasClassifier:
    """A Keras model and its card, with the surface of `fer_edge.runtime.classifier.Classifier`."""

    def __init__(self, model: keras.Model, card: ModelCard, path: Path) -> None:
        """Join a loaded model and its card."""
        self.model = model
        self.card = card
        self.path = path
        self.runtime = f"Keras {keras.__version__}"

    @property
    def known(self) -> bool:
        """Whether the network is one of this project's, which can be built from its code."""
        return self.card.architecture in ARCHITECTURES

    @staticmethod
    def load(path: Path) -> KerasClassifier:
        """Load a .keras file.

        A network of this project is built from its code and takes only the weights from the file, since a whole
        .keras file of one Keras version often does not load in another.

        Raises:
            ModelError: If the file is missing, damaged, or no classifier of seven expressions.
        """
        if not path.is_file():
            raise ModelError(f"{path}: no such model file; train one: fer-edge train --data ...")
        card = read_zipped_card(path)
        _require_undamaged(path)
        try:
            with chatter_held_back():  # TensorFlow's, as it looks for a GPU
                if card is not None and card.architecture in ARCHITECTURES:
                    model = build(card.architecture)
                    model.load_weights(path)
                else:
                    model = keras.models.load_model(path, compile=False)
        except (ValueError, OSError, KeyError, TypeError) as error:
            raise ModelError(f"{path}: Keras cannot load it: {str(error).strip().splitlines()[0]}") from error
        if tuple(model.output_shape) != (None, NUM_EXPRESSIONS):
            raise ModelError(f"{path}: expected {NUM_EXPRESSIONS} scores, got output shape {model.output_shape}")
        return KerasClassifier(model, card or ModelCard(path.stem, "unknown"), path)

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores float32 (7,) of one face, uint8 (48, 48), 0..255."""
        return np.asarray(self.classify_all(face[np.newaxis])[0])

    def classify_all(
        self, faces: npt.NDArray[np.uint8], on_progress: Callable[[int], None] | None = None
    ) -> npt.NDArray[np.float32]:
        """Scores float32 (N, 7) of faces uint8 (N, 48, 48), 0..255."""
        scores = np.empty((len(faces), NUM_EXPRESSIONS), np.float32)
        for start in range(0, len(faces), _BATCH):
            batch = faces[start : start + _BATCH, ..., np.newaxis].astype(np.float32)
            scores[start : start + len(batch)] = self.model.predict_on_batch(batch)
            if on_progress is not None:
                on_progress(start + len(batch))
        return scores


def _require_undamaged(path: Path) -> None:
    """Check every member's checksum: Keras meets damaged weights with a warning, and leaves a layer untrained."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except DAMAGED_ZIP_ERRORS as error:
        raise ModelError(f"{path}: expected a .keras file, got something else or a damaged one ({error})") from error
    if damaged is not None:
        raise ModelError(f"{path}: {damaged} in it is damaged; copy the file again")


def save_keras(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Write a model with its card inside, wholly or not at all."""
    with atomic_path(path) as temporary:
        model.save(temporary)
        add_card_to_keras(temporary, card)
