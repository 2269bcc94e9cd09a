from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.training.recipe import Recipe
from fer_edge.training.tune.plot import plot_tuning
from fer_edge.training.tune.search import (
    Outcome,
    RecipeTuner,
    Role,
    Study,
    TunerName,
    TuningFolder,
    ranked,
)
from fer_edge.training.tune.space import SPACE, Choices, Range, Space, read_space

# KerasTuner's lock names its threads the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]

OVER: Space = {"learning_rate": Range(1e-3, 1e-2, log=True), "batch_size": Choices((32, 64))}


class Watching:
    """Remembers where each training began, and presses Ctrl-C in the epoch that it is told to."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.began: list[tuple[int, int]] = []
        self.outcomes: list[Outcome] = []
        self._epochs_left = interrupt_at

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self.began.append((epochs_done, epochs))

    def on_step(self, step: int, logs: dict[str, float]) -> None: ...

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        if self._epochs_left is not None:
            self._epochs_left -= 1
            if not self._epochs_left:
                raise KeyboardInterrupt

    def on_trial(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)


def study(arch: str, **changes: Any) -> Study:
    recipe = Recipe(arch=arch, epochs=3, stop_patience=0, reduce_patience=0)
    return replace(Study(recipe, OVER, trials=4, images=140), **changes)


def results(outcomes: Sequence[Outcome]) -> list[tuple[Any, ...]]:
    return [(outcome.trial, outcome.values, outcome.val_accuracy, outcome.epochs) for outcome in outcomes]


def test_a_space_is_read() -> None:
    space = read_space(["mixup", "learning-rate=1e-3:2e-3", "batch_size=16,32"], Recipe())
    assert space == {
        "mixup": SPACE["mixup"],
        "learning_rate": Range(1e-3, 2e-3, log=True),
        "batch_size": Choices((16, 32)),
    }


def test_any_recipe_can_take_the_whole_table() -> None:
    assert list(read_space(list(SPACE), Recipe(teachers=("a.keras",)))) == list(SPACE)


@pytest.mark.parametrize(
    ("over", "message"),
    [
        ("learning_rat", "did you mean 'learning_rate'"),
        ("xyz", "expected one of learning_rate, "),
        ("learning_rate=0:1", "LOW below HIGH above 0, got 0:1"),
        ("mixup=0.3:0.1", "LOW below HIGH, got 0.3:0.1"),
        ("mixup=0.3", "LOW:HIGH, got '0.3'"),
        ("shift=0:1.5", "shift must be at least 0 and below 1, got 1.5"),
        ("batch_size=a", "32,64,128,256, got 'a'"),
        ("batch_size=0", "batch-size must be at least 1, got 0"),
        ("class_balance=some", "none,sqrt,full, got 'some'"),
        ("distill_weight", "--distill"),
    ],
)
def test_what_cannot_be_searched_is_refused(over: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        read_space([over], Recipe())
    assert message in str(refused.value)


def test_hyperband_goes_on_with_the_best_from_where_they_stopped(
    tiny_architecture: str, faces: Dataset, tmp_path: Path
) -> None:
    watching = Watching()
    tuner = RecipeTuner(study(tiny_architecture), faces, TuningFolder(tmp_path), watching)
    assert tuner.run() is None
    assert watching.began == [(0, 1), (0, 1), (0, 1), (1, 3)]
    first, last = watching.outcomes[:3], watching.outcomes[3]
    assert [outcome.epochs for outcome in watching.outcomes] == [1, 1, 1, 3]
    assert ranked(first)[0].val_accuracy in [outcome.val_accuracy for outcome in first if outcome.values == last.values]
    assert results(tuner.outcomes()) == results(watching.outcomes)
    assert not list(tmp_path.rglob("checkpoints"))


@pytest.mark.parametrize(("tuner", "trials", "epoch"), [(TunerName.RANDOM, 2, 5), (TunerName.HYPERBAND, 4, 4)])
def test_an_interrupted_search_comes_to_the_same(
    tiny_architecture: str, faces: Dataset, tmp_path: Path, tuner: TunerName, trials: int, epoch: int
) -> None:
    """Interrupted before its last epoch, which belongs to the last trial."""
    asked = study(tiny_architecture, tuner=tuner, trials=trials)
    whole = RecipeTuner(asked, faces, TuningFolder(tmp_path / "whole"), Watching())
    assert whole.run() is None
    folder = TuningFolder(tmp_path / "parts")
    stopped = RecipeTuner(asked, faces, folder, Watching(interrupt_at=epoch))
    assert isinstance(stopped.run(), KeyboardInterrupt)
    assert len(stopped.outcomes()) < asked.trials
    watching = Watching()
    going_on = RecipeTuner(asked, faces, folder, watching)
    assert going_on.run() is None
    assert watching.began == [(2, 3)]
    assert results(going_on.outcomes()) == results(whole.outcomes())


def test_failed_trials_are_told_and_not_ranked(tiny_architecture: str, faces: Dataset, tmp_path: Path) -> None:
    asked = study(tiny_architecture, tuner=TunerName.RANDOM)
    asked = replace(asked, recipe=replace(asked.recipe, teachers=(str(tmp_path / "nowhere.keras"),)))
    tuner = RecipeTuner(asked, faces, TuningFolder(tmp_path), Watching())
    assert tuner.run() is None
    assert len(tuner.outcomes()) == 4
    assert all("nowhere.keras" in outcome.fault for outcome in tuner.outcomes())
    assert ranked(tuner.outcomes()) == []


@pytest.mark.parametrize("tuner", [TunerName.RANDOM, TunerName.HYPERBAND])
def test_a_trial_that_diverges_has_failed_with_its_reason(
    tiny_architecture: str, faces: Dataset, tmp_path: Path, tuner: TunerName
) -> None:
    over: Space = {"batch_size": Choices((16, 20, 28, 35)), "learning_rate": Choices((1e-3, 1e30))}
    asked = study(tiny_architecture, tuner=tuner, trials=6, space=over)
    searcher = RecipeTuner(asked, faces, TuningFolder(tmp_path), Watching())
    assert searcher.run() is None
    outcomes = searcher.outcomes()
    assert {outcome.values["learning_rate"] for outcome in outcomes} == {1e-3, 1e30}
    for outcome in outcomes:
        if outcome.values["learning_rate"] == 1e30:
            assert outcome.val_accuracy is None
            assert outcome.fault.startswith("training diverged at epoch 1, step ")
        else:
            assert outcome.val_accuracy is not None
    assert ranked(outcomes)[0].values["learning_rate"] == 1e-3


def test_a_folder_keeps_to_its_search(faces: Dataset, tmp_path: Path) -> None:
    asked, folder = study("documented"), TuningFolder(tmp_path)
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
def test_a_search_is_replaced_by_one_that_has_come_to_something(tmp_path: Path, written: str, text: str) -> None:
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


def test_damaged_files_are_told(tiny_architecture: str, faces: Dataset, tmp_path: Path) -> None:
    asked, folder = study(tiny_architecture), TuningFolder(tmp_path)
    folder.begin(asked, faces)
    RecipeTuner(asked, faces, folder, Watching())
    for path in (folder.trials / "oracle.json", folder.settings):
        path.write_text(path.read_text()[:20])
    with pytest.raises(InputError, match="--overwrite"):
        RecipeTuner(asked, faces, folder, Watching())
    with pytest.raises(InputError, match="--overwrite"):
        folder.begin(asked, faces)


@pytest.mark.parametrize(
    ("variables", "role"),
    [
        ({}, Role.ALONE),
        ({"IP": "::1", "PORT": "80", "TUNER": "chief"}, Role.CHIEF),
        ({"IP": "::1", "PORT": "80", "TUNER": "a"}, Role.WORKER),
    ],
)
def test_the_role_is_in_the_environment(variables: dict[str, str], role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, full in {"IP": "ORACLE_IP", "PORT": "ORACLE_PORT", "TUNER": "TUNER_ID"}.items():
        monkeypatch.setenv(f"KERASTUNER_{full}", variables.get(name, ""))
    assert Role.of_process() is role


def test_half_an_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(InputError, match="also needs KERASTUNER_ORACLE_PORT and KERASTUNER_TUNER_ID"):
        Role.of_process()


def test_results_are_written_and_drawn(tmp_path: Path) -> None:
    outcomes = [
        Outcome("0", {"learning_rate": 0.002, "batch_size": 32}, 0.5, 2, 3.14),
        Outcome("1", {"learning_rate": 0.003, "batch_size": 64}, None, fault="no memory"),
        Outcome("2", {"learning_rate": 0.004, "batch_size": 64}, 0.6, 3, 5),
    ]
    folder = TuningFolder(tmp_path)
    folder.write_results(outcomes, study("compact"))
    with (tmp_path / "trials.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["trial"], row["val_accuracy"], row["fault"]) for row in rows] == [
        ("0", "0.5", ""), ("1", "", "no memory"), ("2", "0.6", ""),
    ]  # fmt: skip
    best = json.loads((tmp_path / "best.json").read_text())
    assert best["trial"] == "2"
    assert (best["recipe"]["arch"], best["recipe"]["learning_rate"]) == ("compact", 0.004)
    plot_tuning(outcomes, OVER, folder.picture, title="two", images=100)
    image = cv2.imread(str(folder.picture))
    assert image is not None
    assert (image == (0x28, 0x27, 0xD6)).all(axis=2).sum() > 100  # the star
