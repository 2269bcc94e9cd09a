from __future__ import annotations

import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.training.tune.folder import TuningFolder
from fer_edge.training.tune.study import Study, TrialResult, TunerName


def test_folder_rejects_search_with_other_settings(
    make_study: Callable[..., Study], faces: Dataset, tmp_path: Path
) -> None:
    asked, folder = make_study("documented"), TuningFolder(tmp_path)
    folder.begin(asked, faces)
    folder.begin(replace(asked, trials=50), faces)
    other = replace(asked, tuner=TunerName.RANDOM, recipe=replace(asked.recipe, mixup=0.1))
    with pytest.raises(InputError, match="with another mixup, tuner: "):
        folder.begin(other, faces)
    with folder.replacement.replacing():
        folder.begin(other, faces)
    folder.begin(asked, faces)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("trial_0/checkpoints/state.npz", "a whole epoch"),
        ("trial_3/trial.json", '{"trial_id": "3", "status": "COMPLETED"}'),
    ],
)
def test_search_is_replaced_once_new_one_has_result(tmp_path: Path, written: str, text: str) -> None:
    folder = TuningFolder(tmp_path)
    folder.trials.mkdir()
    for path in (*folder.files, folder.trials / "oracle.json"):
        path.write_text("earlier")
    for text_of_trial in ('{"status": "FAILED"}', text):
        with folder.replacement.replacing():
            assert not folder.settings.exists()
            folder.settings.write_text("new")
            path = folder.trials / written
            path.parent.mkdir(parents=True)
            if text_of_trial == text:
                path.write_text(text)
            else:
                (path.parent / "trial.json").write_text(text_of_trial)
        assert folder.settings.read_text() == ("new" if text_of_trial == text else "earlier")
    assert {path.name for path in tmp_path.iterdir()} == {folder.settings.name, folder.trials.name}


def test_damaged_settings_are_a_data_error(make_study: Callable[..., Study], faces: Dataset, tmp_path: Path) -> None:
    asked, folder = make_study("documented"), TuningFolder(tmp_path)
    folder.begin(asked, faces)
    folder.settings.write_text(folder.settings.read_text()[:20])
    with pytest.raises(DataError, match="overwrite the search"):
        folder.begin(asked, faces)


def test_trials_and_best_recipe_are_written(make_study: Callable[..., Study], tmp_path: Path) -> None:
    results = [
        TrialResult("0", {"learning_rate": 0.002, "batch_size": 32}, 0.5, 2, 3.14),
        TrialResult("1", {"learning_rate": 0.003, "batch_size": 64}, None, fault="no memory"),
        TrialResult("2", {"learning_rate": 0.004, "batch_size": 64}, 0.6, 3, 5),
    ]
    folder = TuningFolder(tmp_path)
    folder.write_results(results, make_study("compact"))
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["trial"], row["val_accuracy"], row["fault"]) for row in rows] == [
        ("0", "0.5", ""), ("1", "", "no memory"), ("2", "0.6", ""),
    ]  # fmt: skip
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["trial"] == "2"
    assert (best["recipe"]["arch"], best["recipe"]["learning_rate"]) == ("compact", 0.004)
