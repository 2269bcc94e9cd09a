"""Search with KerasTuner: it proposes values, and each trial trains a recipe with them, on one or several machines."""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from contextlib import redirect_stdout
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import grpc
import keras
from keras_tuner import HyperParameters, Objective
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, FerEdgeError, InputError, MissingExtraError
from fer_edge.training.observer import TrainingObserver
from fer_edge.training.recipe_part import Range
from fer_edge.training.run_folder import CHECKPOINTS_NAME
from fer_edge.training.tune.folder import SUCCEEDED, TuningFolder
from fer_edge.training.tune.space import Space
from fer_edge.training.tune.study import Study, TrialResult, TunerName
from fer_edge.training.tune.trial import train_trial

_OBJECTIVE = "val_accuracy"
_PAUSE_OF_WORKERS = 0.5
"""Seconds between a worker's requests, which KerasTuner repeats at once while the chief has no trial to give."""


class Role(Enum):
    """Part of this process in a search, by KerasTuner's environment variables."""

    ALONE = "alone"
    CHIEF = "chief"
    WORKER = "worker"

    @classmethod
    def of_process(cls) -> Role:
        """Return the role of this process.

        Raises:
            InputError: If only some of the variables are set.
        """
        names = ("KERASTUNER_ORACLE_IP", "KERASTUNER_ORACLE_PORT", "KERASTUNER_TUNER_ID")
        missing = [name for name in names if not os.environ.get(name)]
        if names[0] in missing:
            return cls.ALONE
        if missing:
            raise InputError(f"{names[0]} is set, so a distributed search also needs {' and '.join(missing)}")
        return cls.CHIEF if "chief" in os.environ[names[2]] else cls.WORKER


class TuningObserver(TrainingObserver, Protocol):
    """Receiver of a search's events."""

    def on_trial(self, result: TrialResult) -> None:
        """A trial has ended."""


class RecipeTuner(BaseTuner):
    """Trains a recipe per trial: alone, as the chief that assigns trials, or as a worker that requests them."""

    def __init__(self, study: Study, dataset: Dataset, folder: TuningFolder, observer: TuningObserver) -> None:
        """Start a search in `folder`, or resume the one in it.

        Raises:
            InputError: If the environment variables of a distributed search are incomplete.
            DataError: If KerasTuner's files are damaged.
            MissingExtraError: If the tuner needs a package that is not installed.
        """
        self.role = Role.of_process()
        self._study = study
        self._dataset = study.subset(dataset)
        self._observer = observer
        oracle = _make_oracle(study)
        oracle.verbose = 0
        if self.role is Role.CHIEF:
            _report_ends(oracle, self._report)
        try:
            with redirect_stdout(io.StringIO()):  # KerasTuner prints that it resumes
                super().__init__(oracle, directory=str(folder.path), project_name=folder.trials.name)
        except (ValueError, KeyError, RuntimeError) as error:
            raise DataError(f"{folder.trials} is damaged ({error}); overwrite the search") from error
        self.save()  # or a search that is stopped in its first trial could not be resumed

    def run(self) -> KeyboardInterrupt | None:
        """Search until all trials have ended, and return the exception of Ctrl-C if it was pressed.

        Raises:
            FerEdgeError: If the chief cannot listen, or a worker loses the connection to it.
        """
        try:
            self.search(verbose=0)
        except KeyboardInterrupt as interruption:
            return interruption
        except grpc.RpcError as error:
            raise FerEdgeError(
                f"lost the connection to the chief ({error.details()}); start it again, then this worker"
            ) from error
        except RuntimeError as error:
            raise FerEdgeError(f"the search stopped: {error}") from error
        if self.role is not Role.WORKER:
            for checkpoints in Path(self.project_dir).glob(f"trial_*/{CHECKPOINTS_NAME}"):
                shutil.rmtree(checkpoints)
        return None

    def results(self) -> list[TrialResult]:
        """Return the results of the trials that have ended, in the order of their start; not for a worker."""
        ended = set(self.oracle.end_order)
        return [self._result(trial) for name, trial in sorted(self.oracle.trials.items()) if name in ended]

    def pre_create_trial(self) -> None:
        """Wait between a worker's requests, for the sake of the chief and the other workers' processors."""
        if self.role is Role.WORKER:
            time.sleep(_PAUSE_OF_WORKERS)

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Train the values that KerasTuner proposed."""
        keras.utils.clear_session()  # or every trial's graph would stay in memory
        proposed = trial.hyperparameters.values
        recipe = replace(self._study.recipe, **self._study.values(proposed))
        continued = proposed.get("tuner/trial_id")
        progress = train_trial(
            self._dataset,
            recipe,
            self._checkpoints(trial),
            epochs=proposed.get("tuner/epochs", recipe.epochs),
            continued=None if continued is None else self._checkpoints(self.oracle.get_trial(continued)),
            observer=self._observer,
        )
        best = max(row[_OBJECTIVE] for row in progress.history)
        return {_OBJECTIVE: best, "epochs": progress.epochs_done, "seconds": progress.seconds}

    def on_trial_end(self, trial: Any) -> None:
        """Report the trial; keep its weights only where another trial may continue from them."""
        super().on_trial_end(trial)
        if self._study.tuner is not TunerName.HYPERBAND:
            shutil.rmtree(self._checkpoints(trial), ignore_errors=True)
        self._report(self.oracle.get_trial(trial.trial_id))

    def _report(self, trial: Any) -> None:
        self._observer.on_trial(self._result(trial))

    def _checkpoints(self, trial: Any) -> Path:
        return Path(self.get_trial_dir(trial.trial_id)) / CHECKPOINTS_NAME

    def _result(self, trial: Any) -> TrialResult:
        values = self._study.values(trial.hyperparameters.values)
        if trial.status != SUCCEEDED:
            lines = (trial.message or "").strip().splitlines() or ["unknown"]
            # The last line of a traceback: the error's class, then its message.
            return TrialResult(trial.trial_id, values, None, fault=re.sub(r"^fer_edge\.errors\.\w+: ", "", lines[-1]))
        accuracy, epochs, seconds = (trial.metrics.get_last_value(name) for name in (_OBJECTIVE, "epochs", "seconds"))
        return TrialResult(trial.trial_id, values, float(accuracy), int(epochs), float(seconds))


def _make_oracle(study: Study) -> Any:
    common: dict[str, Any] = {
        "objective": Objective(_OBJECTIVE, "max"),
        "hyperparameters": _declare(study.space),
        "seed": study.recipe.seed + 1,  # KerasTuner takes 0 for a random seed
        "max_consecutive_failed_trials": study.trials + 1,  # never: the chief would not survive it
    }
    if study.tuner is TunerName.HYPERBAND:
        oracle = HyperbandOracle(max_epochs=study.recipe.epochs, hyperband_iterations=None, **common)
        oracle.max_trials = study.trials
        return oracle
    if study.tuner is TunerName.RANDOM:
        return RandomSearchOracle(max_trials=study.trials, **common)
    try:
        return BayesianOptimizationOracle(
            max_trials=study.trials, num_initial_points=max(study.trials // 3, 2), **common
        )
    except ImportError as error:
        raise MissingExtraError("the Bayesian tuner", "train", str(error)) from error


def _declare(space: Space) -> HyperParameters:
    declared = HyperParameters()
    for name, part in space.items():
        if isinstance(part, Range):
            declared.Float(name, part.low, part.high, sampling="log" if part.log else "linear")
        else:
            declared.Choice(name, list(part.values))
    return declared


def _report_ends(oracle: Any, report: Any) -> None:
    """Let a chief's oracle report the trials that workers end, for which KerasTuner has no hook."""
    end_trial = oracle.end_trial

    def end_and_report(trial: Any) -> None:
        end_trial(trial)
        report(oracle.get_trial(trial.trial_id))

    oracle.end_trial = end_and_report
