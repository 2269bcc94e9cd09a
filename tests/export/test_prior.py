from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from export.calibration import CalibrationSet
from export.exporter import Exporter
from export.prior import fold_prior
from export.target import Format, Target
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError, ModelError
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.reweighting import for_prior
from fer_edge.precision import Precision
from fer_edge.prior import read_prior
from fer_edge.training.networks.keras_file import KerasClassifier

TFLITE, TFLITE_INT8 = Target(Format.TFLITE, Precision.FP32), Target(Format.TFLITE, Precision.INT8)
ONNX = Target(Format.ONNX, Precision.FP32)


@pytest.fixture(scope="module")
def voted(voted_model: Path) -> KerasClassifier:
    return KerasClassifier.load(voted_model)


@pytest.mark.parametrize("text", ["photos", "photos^0.5", "balanced", "neutral=0.9"])
def test_folding_gives_the_scores_of_reweighing(voted: KerasClassifier, faces: Dataset, text: str) -> None:
    before = voted.classify_all(faces.validation.images)
    folded = fold_prior(voted, text)
    expected = for_prior(voted, text, voted.path).classify_all(faces.validation.images)
    np.testing.assert_allclose(folded.classify_all(faces.validation.images), expected, atol=1e-5)
    assert voted.card.photos_prior is not None
    assert folded.card == replace(voted.card, prior=read_prior(text, voted.card.photos_prior))
    np.testing.assert_array_equal(voted.classify_all(faces.validation.images), before)


@pytest.mark.parametrize("target", [TFLITE, TFLITE_INT8, ONNX], ids=lambda target: target.file_name("m"))
def test_a_folded_file_and_a_reweighted_one_agree(
    voted: KerasClassifier,
    exported_paths: dict[str, Path],
    faces: Dataset,
    exports_calibration: CalibrationSet,
    tmp_path: Path,
    target: Target,
) -> None:
    parent, images = fold_prior(voted, "photos^0.5"), faces.validation.images
    exported = Exporter(parent, faces.validation, exports_calibration, tmp_path).export(target)
    assert exported.faults == ()
    assert exported.path is not None
    folded = Classifier.load(exported.path)
    assert folded.card.prior == parent.card.prior
    plain = Classifier.load(exported_paths[f"{target.format.value} {target.precision.value}"])
    plain.card = replace(plain.card, prior=voted.card.prior, training=voted.card.training)
    # A step of an int8 score is 1/256, and the ratio of the priors enlarges it up to threefold.
    tolerance = 1e-4 if target.precision is Precision.FP32 else 0.05
    for one, other, text in ((folded, plain, "photos^0.5"), (plain, folded, "photos")):
        scores = for_prior(other, text, other.path).classify_all(images)
        np.testing.assert_allclose(scores, one.classify_all(images), atol=tolerance)


def test_model_of_unknown_prior_is_rejected(tiny_classifier: KerasClassifier) -> None:
    with pytest.raises(ModelError, match="which prior its scores assume, got one without") as refused:
        fold_prior(tiny_classifier, "balanced")
    assert "--" not in str(refused.value)


def test_invalid_prior_is_rejected(voted: KerasClassifier) -> None:
    with pytest.raises(InputError, match="got 'smile=1'"):
        fold_prior(voted, "smile=1")


@pytest.mark.parametrize(
    "ending",
    [
        [keras.layers.Dense(7, use_bias=False, activation="softmax")],
        [keras.layers.Dense(7, activation="sigmoid")],
        [keras.layers.Dense(7), keras.layers.Softmax()],
    ],
)
def test_network_without_biased_logits_is_rejected(voted: KerasClassifier, ending: list[keras.layers.Layer]) -> None:
    model = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), *ending])
    with pytest.raises(ModelError, match="expected a dense last layer with biases and a softmax"):
        fold_prior(KerasClassifier(model, voted.card, voted.path), "balanced")
