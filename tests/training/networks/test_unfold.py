from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset
from fer_edge.errors import ModelError
from fer_edge.inference.classifier import Classifier
from fer_edge.models import shipped_models
from fer_edge.training.networks.keras_file import KerasClassifier
from fer_edge.training.networks.unfold import unfold


def differences(model: Any, path: Path, faces: Dataset) -> npt.NDArray[np.float32]:
    """Return the difference of a network's scores from its file's, for each image and expression."""
    expected = Classifier.load(path).classify_all(faces.validation.images)
    assert expected.std(axis=0).max() > 0.05, "otherwise any constant would pass"
    return np.asarray(np.abs(model.predict(faces.validation.inputs(), verbose=0) - expected))


@pytest.mark.parametrize(("precision", "mean"), [("fp32", 1e-6), ("fp16", 1e-5), ("dynamic", 0.01), ("int8", 0.01)])
def test_network_is_reconstructed_from_file(
    precision: str, mean: float, exported_paths: dict[str, Path], faces: Dataset
) -> None:
    path = exported_paths[f"tflite {precision}"]
    assert differences(unfold(path, faces.train.inputs()), path, faces).mean() < mean


@pytest.mark.parametrize("name", shipped_models())
def test_shipped_network_is_reconstructed(name: str, faces: Dataset) -> None:
    path = shipped_models()[name]
    assert differences(unfold(path, faces.train.inputs()), path, faces).mean() < 0.02


def test_file_of_other_network_is_rejected(
    exported_paths: dict[str, Path], faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(shutil.copy(exported_paths["tflite fp32"], tmp_path / "other.tflite"))
    for architecture, message in (("compact", "expected the kernels of a compact"), ("theirs", "got theirs")):
        card = replace(ModelCard("other", "tiny"), architecture=architecture)
        monkeypatch.setattr("fer_edge.training.networks.unfold.read_card", lambda _, card=card: card)
        with pytest.raises(ModelError, match=message):
            unfold(path, faces.train.inputs()[:8])


@pytest.mark.slow
def test_training_starts_from_exported_file(
    exported_paths: dict[str, Path], faces: Dataset, faces_zip: Path, command_line: Callable[..., Any], tmp_path: Path
) -> None:
    start = exported_paths["tflite int8"]
    command = ("train", "--data", faces_zip, "--epochs", 1, "--learning-rate", 1e-9, "--output", tmp_path / "run")
    command_line(*command, "--start-from", start).require_success()
    model = KerasClassifier.load(tmp_path / "run" / "model.keras").model
    assert differences(model, start, faces).mean() < 0.02
    refused = command_line(*command, "--start-from", exported_paths["onnx fp32"])
    assert refused.exit_code == 2
    assert "expected a .keras or .tflite file, got .onnx" in refused.stderr
