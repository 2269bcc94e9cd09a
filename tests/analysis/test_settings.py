from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.analysis.settings import Settings
from fer_edge.errors import InputError
from fer_edge.models import SHIPPED_MODEL
from fer_edge.runtime.faces.engines import DetectorEngine


def test_settled_settings_mean_the_same_on_other_machines(model_file: Path, tmp_path: Path) -> None:
    model = tmp_path / "own.tflite"
    model.write_bytes(model_file.read_bytes())
    settled = Settings(model).settled()
    assert settled.detector is not DetectorEngine.AUTO
    assert settled.model == model
    assert len(settled.model_sha256) == 64
    assert settled.settled() == settled


@pytest.mark.skipif(not SHIPPED_MODEL.is_file(), reason="the shipped model is missing")
def test_shipped_model_is_known_by_its_name() -> None:
    assert Settings().settled().model == Path("compact")
    assert Settings().settled().open_recognizer().labels


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"model_sha256": "0" * 64}, "the same model file on each machine"),
        ({"version": "0.0.1"}, "fer-edge 0.0.1 on each"),
    ],
)
def test_machine_with_another_model_or_version_is_refused(
    model_file: Path, other: dict[str, str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        replace(Settings(model_file).settled(), **other).open_recognizer()  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [{"every_s": -1.0}, {"chunk_s": 0.0}])
def test_impossible_values_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected an interval"):
        Settings(**wrong)  # type: ignore[arg-type]
