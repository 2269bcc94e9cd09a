"""Change of the prior that a network's scores assume: Bayes' rule, folded into the biases of its last layer."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.reweighting import assumed_and_wanted
from fer_edge.prior import prior_factors
from fer_edge.scores import FloatArray
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.nesting import with_fresh_layers


def fold_prior(classifier: KerasClassifier, text: str) -> KerasClassifier:
    """Return a copy of a classifier for the prior that a user writes as `text`.

    Multiplying probabilities by factors and normalizing them adds the factors' logarithms to the logits.

    Args:
        classifier: The classifier.
        text: The prior, as for `fer_edge.prior.read_prior`.

    Raises:
        InputError: If the text is no prior.
        ModelError: If the card does not say which prior the scores assume now, or the last layer has no logits that
            biases are added to.
    """
    assumed, wanted = assumed_and_wanted(classifier.card, text, classifier.path)
    shift = np.log(prior_factors(classifier.card.labels, assumed, wanted))
    if not _ends_in_softmax(classifier.model.layers[-1]):
        raise ModelError(
            f"{classifier.path}: expected a dense last layer with biases and a softmax, into which a prior is folded; "
            "export it without, and re-weigh the scores of its files where they run"
        )
    return KerasClassifier(_shifted(classifier.model, shift), replace(classifier.card, prior=wanted), classifier.path)


def _ends_in_softmax(last: keras.layers.Layer) -> bool:
    return isinstance(last, keras.layers.Dense) and last.use_bias and last.activation is keras.activations.softmax


def _shifted(model: keras.Model, shift: FloatArray) -> keras.Model:
    """Return a copy of `model` with `shift`, float32 (7,), added to the biases of its last layer."""
    copy = with_fresh_layers(model)
    last = copy.layers[-1]
    kernel, bias = last.get_weights()
    last.set_weights([kernel, bias + shift])
    return copy
