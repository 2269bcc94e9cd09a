from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.training.recipe_part import Choices
from fer_edge.training.tune.folder import TuningFolder
from fer_edge.training.tune.space import Space
from fer_edge.training.tune.study import Study, TrialResult, TunerName, ranked
from fer_edge.training.tune.tuner import RecipeTuner, Role

# KerasTuner's lock names its threads the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]


class Watching:
    """Records the start of each training, and raises KeyboardInterrupt at the end of a given epoch."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.began: list[tuple[int, int]] = []
        self.results: list[TrialResult] = []
        self._epochs_left = interrupt_at

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self.began.append((epochs_done, epochs))

    def on_step(self, step: int, logs: dict[str, float]) -> None: ...

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        if self._epochs_left is not None:
            self._epochs_left -= 1
            if not self._epochs_left:
                raise KeyboardInterrupt

    def on_trial(self, result: TrialResult) -> None:
        self.results.append(result)


def facts(trials: Sequence[TrialResult]) -> list[tuple[Any, ...]]:
    return [(result.trial, result.values, result.val_accuracy, result.epochs) for result in trials]


@pytest.mark.slow
def test_hyperband_continues_best_trials(
    make_study: Callable[..., Study], tiny_architecture: str, faces: Dataset, tmp_path: Path
) -> None:
    watching = Watching()
    tuner = RecipeTuner(make_study(tiny_architecture), faces, TuningFolder(tmp_path), watching)
    assert tuner.run() is None
    assert watching.began == [(0, 1), (0, 1), (0, 1), (1, 3)]
    first, last = watching.results[:3], watching.results[3]
    assert [result.epochs for result in watching.results] == [1, 1, 1, 3]
    assert ranked(first)[0].val_accuracy in [result.val_accuracy for result in first if result.values == last.values]
    assert facts(tuner.results()) == facts(watching.results)
    assert not list(tmp_path.rglob("checkpoints"))


@pytest.mark.slow
@pytest.mark.parametrize(("tuner", "trials", "epoch"), [(TunerName.RANDOM, 2, 5), (TunerName.HYPERBAND, 4, 4)])
def test_resumed_search_gives_identical_results(
    make_study: Callable[..., Study],
    tiny_architecture: str,
    faces: Dataset,
    tmp_path: Path,
    tuner: TunerName,
    trials: int,
    epoch: int,
) -> None:
    """Interrupt in the last trial, before its last epoch."""
    asked = make_study(tiny_architecture, tuner=tuner, trials=trials)
    whole = RecipeTuner(asked, faces, TuningFolder(tmp_path / "whole"), Watching())
    assert whole.run() is None
    folder = TuningFolder(tmp_path / "parts")
    stopped = RecipeTuner(asked, faces, folder, Watching(interrupt_at=epoch))
    assert isinstance(stopped.run(), KeyboardInterrupt)
    assert len(stopped.results()) < asked.trials
    watching = Watching()
    resumed = RecipeTuner(asked, faces, folder, watching)
    assert resumed.run() is None
    assert watching.began == [(2, 3)]
    assert facts(resumed.results()) == facts(whole.results())


@pytest.mark.slow
def test_failed_trials_are_reported_and_not_ranked(
    make_study: Callable[..., Study], tiny_architecture: str, faces: Dataset, tmp_path: Path
) -> None:
    asked = make_study(tiny_architecture, tuner=TunerName.RANDOM)
    asked = replace(asked, recipe=replace(asked.recipe, teachers=(str(tmp_path / "nowhere.keras"),)))
    tuner = RecipeTuner(asked, faces, TuningFolder(tmp_path), Watching())
    assert tuner.run() is None
    assert len(tuner.results()) == 4
    assert all("nowhere.keras" in result.fault for result in tuner.results())
    assert ranked(tuner.results()) == []


@pytest.mark.slow
@pytest.mark.parametrize("tuner", [TunerName.RANDOM, TunerName.HYPERBAND])
def test_diverged_trial_fails_with_reason(
    make_study: Callable[..., Study], tiny_architecture: str, faces: Dataset, tmp_path: Path, tuner: TunerName
) -> None:
    over: Space = {"batch_size": Choices((16, 20, 28, 35)), "learning_rate": Choices((1e-3, 1e30))}
    asked = make_study(tiny_architecture, tuner=tuner, trials=6, space=over)
    searcher = RecipeTuner(asked, faces, TuningFolder(tmp_path), Watching())
    assert searcher.run() is None
    results = searcher.results()
    assert {result.values["learning_rate"] for result in results} == {1e-3, 1e30}
    for result in results:
        if result.values["learning_rate"] == 1e30:
            assert result.val_accuracy is None
            assert result.fault.startswith("training diverged at epoch 1, step ")
        else:
            assert result.val_accuracy is not None
    assert ranked(results)[0].values["learning_rate"] == 1e-3


def test_damaged_trials_are_a_data_error(
    make_study: Callable[..., Study], tiny_architecture: str, faces: Dataset, tmp_path: Path
) -> None:
    asked, folder = make_study(tiny_architecture), TuningFolder(tmp_path)
    RecipeTuner(asked, faces, folder, Watching())
    oracle = folder.trials / "oracle.json"
    oracle.write_text(oracle.read_text()[:20])
    with pytest.raises(DataError, match="overwrite the search"):
        RecipeTuner(asked, faces, folder, Watching())


@pytest.mark.parametrize(
    ("variables", "role"),
    [
        ({}, Role.ALONE),
        ({"IP": "::1", "PORT": "80", "TUNER": "chief"}, Role.CHIEF),
        ({"IP": "::1", "PORT": "80", "TUNER": "a"}, Role.WORKER),
    ],
)
def test_role_is_read_from_environment(variables: dict[str, str], role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, full in {"IP": "ORACLE_IP", "PORT": "ORACLE_PORT", "TUNER": "TUNER_ID"}.items():
        monkeypatch.setenv(f"KERASTUNER_{full}", variables.get(name, ""))
    assert Role.of_process() is role


def test_incomplete_environment_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUNER_ORACLE_IP", "127.0.0.1")
    with pytest.raises(InputError, match="also needs KERASTUNER_ORACLE_PORT and KERASTUNER_TUNER_ID"):
        Role.of_process()
