"""A .keras file with its card: saving, loading and scoring."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import NOTHING_STATED, StatedFacts
from fer_edge.cards.storage import add_card_to_keras
from fer_edge.dataset.data import as_inputs
from fer_edge.errors import ModelError
from fer_edge.files import atomic_path
from fer_edge.inference.card_reader import find_card
from fer_edge.progress import OnProgress, ignore_progress
from fer_edge.scores import ScoreKind, to_probabilities
from fer_edge.training.networks.architectures import ARCHITECTURES
from fer_edge.training.networks.keras_network import form_of, from_raw_pixels, load_network, require_fitting, try_out
from fer_edge.training.networks.other_formats import is_other_format

_BATCH = 256


class KerasClassifier:
    """A Keras model and its card, with the interface of `fer_edge.inference.classifier.Classifier`.

    Attributes:
        model: Network from raw pixels to probabilities, with layers added where the file's network differs.
        card: Card of that network.
    """

    def __init__(self, model: keras.Model, card: ModelCard, path: Path) -> None:
        """Join a loaded model and its card."""
        self.model = model
        self.card = card
        self.path = path
        self.runtime = f"Keras {keras.__version__}"

    @property
    def known(self) -> bool:
        """True if the network is one of `ARCHITECTURES`."""
        return self.card.architecture in ARCHITECTURES

    @staticmethod
    def load(path: Path, facts: StatedFacts = NOTHING_STATED) -> KerasClassifier:
        """Load a .keras file, or another tool's .h5 file or SavedModel.

        Args:
            path: The file.
            facts: Facts that a file without a card does not state, and whether its user trusts it.

        Raises:
            ModelError: If the file is missing or damaged, has another network and is not trusted, is no classifier of
                faces, or has no card and a fact is not stated.
        """
        if not path.exists():
            raise ModelError(f"{path}: no such model file; train one: fer-edge train")
        found = None if is_other_format(path) else find_card(path)
        if path.suffix.lower() != ".keras" and not is_other_format(path):
            raise ModelError(f"{path}: expected a .keras or .h5 file, or the folder of a SavedModel")
        card = facts.card_for(path, found)
        network = load_network(path, found, trusted=facts.trusted)
        if found is None:
            card = facts.card_for(path, None, form_of(network))
        require_fitting(network, card, path)
        if found is None:
            try_out(network, card, path)
        form = card.input.form
        raw_input = InputSpec(form.width, form.height, form.colour)
        raw = replace(card, input=raw_input, scores=ScoreKind.PROBABILITIES)
        return KerasClassifier(from_raw_pixels(network, card), raw, path)

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the scores, float32 (classes,), of one face, uint8 (H, W) or (H, W, 3), 0..255."""
        return np.asarray(self.classify_all(face[np.newaxis])[0])

    def classify_all(
        self, faces: npt.NDArray[np.uint8], on_progress: OnProgress = ignore_progress
    ) -> npt.NDArray[np.float32]:
        """Return the scores, float32 (N, classes), of faces, uint8 (N, H, W) or (N, H, W, 3), 0..255."""
        scores = np.empty((len(faces), len(self.card.labels)), np.float32)
        for start in range(0, len(faces), _BATCH):
            batch = as_inputs(faces[start : start + _BATCH])
            raw = np.asarray(self.model.predict_on_batch(batch))
            scores[start : start + len(batch)] = to_probabilities(raw, self.card.scores, self.path)
            on_progress(start + len(batch))
        return scores


def save_keras(model: keras.Model, card: ModelCard, path: Path) -> None:
    """Write a model with its card inside, atomically."""
    with atomic_path(path) as temporary:
        model.save(temporary)
        add_card_to_keras(temporary, card)
