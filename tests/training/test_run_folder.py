from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.errors import DataError, InputError
from fer_edge.training.data import Dataset
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder, newest_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "one")


def test_settings_survive(run: RunFolder, faces: Dataset) -> None:
    recipe = Recipe(epochs=3, learning_rate=0.1 + 0.2, bfloat16=True)
    run.begin(recipe, faces)
    assert run.resume() == (recipe, faces.source, faces.sha256())


def test_settings_of_a_later_version_are_read(run: RunFolder, faces: Dataset) -> None:
    run.begin(Recipe(), faces)
    facts = json.loads(run.settings.read_text())
    facts["recipe"]["of_a_later_version"] = 0.2
    run.settings.write_text(json.dumps(facts))
    assert run.resume()[0] == Recipe()


def test_the_data_is_found_again_from_another_folder(
    run: RunFolder, faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.data() is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces.zip").touch()
    run.begin(Recipe(), replace(faces, source="faces.zip"))
    assert run.data() == str(tmp_path / "faces.zip")
    run.begin(Recipe(), replace(faces, source="synthetic"))
    assert run.data() == "synthetic"


def test_nothing_to_resume(run: RunFolder) -> None:
    with pytest.raises(DataError, match="nothing to resume"):
        run.resume()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"recipe": {"epochs": "many"}}', '{"recipe": 3}'])
def test_damaged_settings_are_a_data_error(run: RunFolder, text: str) -> None:
    run.path.mkdir(parents=True)
    run.settings.write_text(text)
    with pytest.raises(DataError, match="is damaged"):
        run.resume()


def test_a_run_is_not_overwritten_unasked(run: RunFolder, faces: Dataset) -> None:
    run.require_empty()
    run.begin(Recipe(), faces)
    run.require_empty()  # nothing has been trained that could be lost
    run.checkpoints.mkdir()
    (run.checkpoints / "state.npz").touch()
    with pytest.raises(InputError, match="already holds a run: go on with --resume"):
        run.require_empty()
    run.clear()
    run.require_empty()
    assert not list(run.checkpoints.iterdir())
    run.model.touch()
    run.clear()
    assert run.model.exists()  # until another replaces it


@pytest.mark.parametrize(
    ("history", "text"),
    [
        ([], ""),
        (
            [{"loss": 2.0, "val_accuracy": 0.5}, {"loss": 1.5, "val_accuracy": 0.25}],
            "epoch,loss,val_accuracy\r\n1,2.0,0.5\r\n2,1.5,0.25\r\n",
        ),
    ],
)
def test_history(run: RunFolder, history: list[dict[str, float]], text: str) -> None:
    run.write_history(history)
    assert (run.path / "history.csv").read_bytes().decode() == text


def test_no_run_says_how_to_train(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train a model first: fer-edge train"):
        newest_run(tmp_path / "runs")


def test_the_newest_run_is_the_one_written_last(tmp_path: Path) -> None:
    for time, (name, file) in enumerate(
        (("b", "model.keras"), ("a", "model.keras"), ("c", "settings.json"), ("d", "notes.txt"))
    ):
        path = tmp_path / name / file
        path.parent.mkdir()
        path.touch()
        os.utime(path, (1e9 + time, 1e9 + time))
    assert newest_run(tmp_path).path.name == "a"
    assert newest_run(tmp_path, trained=False).path.name == "c"
