"""Search for the parts of a recipe that come to the best validation accuracy, with KerasTuner."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import grpc
import keras
import numpy as np
from keras_tuner import HyperParameters, Objective
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle

from fer_edge.dataset.data import Dataset, SplitName
from fer_edge.errors import DataError, FerEdgeError, InputError, MissingExtraError
from fer_edge.files import atomic_path, write_atomic
from fer_edge.training.recipe import Recipe
from fer_edge.training.replacement import Replacement
from fer_edge.training.run_folder import CHECKPOINTS_NAME, STATE_NAME
from fer_edge.training.train import TrainingObserver, train
from fer_edge.training.tune.space import Space

_OBJECTIVE = "val_accuracy"
_SUCCEEDED = "COMPLETED"
"""KerasTuner's word for a trial that ended without a fault."""
_PAUSE_OF_WORKERS = 0.5
"""Seconds between a worker's requests, which KerasTuner repeats at once while the chief has no trial to give."""


class TunerName(str, Enum):
    """Who proposes what to try next."""

    HYPERBAND = "hyperband"
    RANDOM = "random"
    BAYESIAN = "bayesian"


class Role(Enum):
    """What this process does in a search, by KerasTuner's environment variables."""

    ALONE = "alone"
    CHIEF = "chief"
    WORKER = "worker"

    @classmethod
    def of_process(cls) -> Role:
        """The role of this process.

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


@dataclass(frozen=True)
class Study:
    """What is searched, and how.

    Attributes:
        recipe: What every trial trains, but for the parts in `space`.
        space: The parts that differ from trial to trial.
        tuner: Who proposes them.
        trials: How many at most.
        images: Train on so many, drawn at random; `None` for all.
    """

    recipe: Recipe
    space: Space
    tuner: TunerName = TunerName.HYPERBAND
    trials: int = 20
    images: int | None = None

    def values(self, drawn: dict[str, Any]) -> dict[str, Any]:
        """The parts' values in what KerasTuner drew."""
        return {name: part.value(drawn[name]) for name, part in self.space.items()}

    def subset(self, dataset: Dataset) -> Dataset:
        """The data set with as many training images as are asked for, and all others."""
        count = len(dataset.train)
        rows = np.random.default_rng(self.recipe.seed).permutation(count)[: self.images or count]
        return replace(dataset, splits=dataset.splits | {SplitName.TRAIN: dataset.train.take(np.sort(rows))})


@dataclass(frozen=True)
class Outcome:
    """What a trial came to.

    Attributes:
        trial: Its number, as in its folder's name.
        values: Of the parts searched over.
        val_accuracy: Of its best epoch; `None` if it failed.
        epochs: Trained, with those of the trial that it went on from.
        seconds: Spent training them.
        fault: Why it failed.
    """

    trial: str
    values: dict[str, Any]
    val_accuracy: float | None
    epochs: int = 0
    seconds: float = 0.0
    fault: str = ""


class TuningObserver(TrainingObserver, Protocol):
    """What is told how the search goes, to show it."""

    def on_trial(self, outcome: Outcome) -> None:
        """A trial has ended."""


@dataclass(frozen=True)
class TuningFolder:
    """The files of one search."""

    path: Path

    @property
    def settings(self) -> Path:
        """What the search began with."""
        return self.path / "search.json"

    @property
    def trials(self) -> Path:
        """KerasTuner's own files, and the checkpoints of trials under way."""
        return self.path / "trials"

    @property
    def picture(self) -> Path:
        """The values that were tried against what they came to."""
        return self.path / "tuning.png"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a search writes, except its trials."""
        return (self.settings, self.picture, self.path / "trials.csv", self.path / "best.json")

    def begin(self, study: Study, dataset: Dataset) -> None:
        """Write down what is searched, or make sure that it is what was.

        Raises:
            InputError: If the folder holds a search with other settings, the number of trials apart.
            DataError: If its settings are damaged.
        """
        facts = asdict(study.recipe) | {
            "over": {name: asdict(part) for name, part in study.space.items()},
            "tuner": study.tuner,
            "images": study.images,
            "data_sha256": dataset.sha256(),
            "votes_sha256": dataset.votes_sha256() if study.recipe.votes_weight else None,
        }
        text = json.dumps(facts, indent=2) + "\n"
        if self.settings.exists():
            self._require_same(json.loads(text))
        else:
            write_atomic(self.settings, text)

    def _require_same(self, facts: dict[str, Any]) -> None:
        try:
            known: dict[str, Any] = dict(json.loads(self.settings.read_text()))
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(f"{self.settings} is damaged ({error}); search again with --overwrite") from error
        differing = [name for name in facts if known.get(name) != facts[name]]
        if differing:
            raise InputError(
                f"{self.path} holds a search with another {', '.join(differing)}: "
                "repeat its command to go on, choose another --output, or --overwrite it"
            )

    @property
    def replacement(self) -> Replacement:
        """The search as one that another search replaces, once that has a whole epoch or a trial that succeeded."""
        outputs = tuple(path for path in self.files if path != self.settings)
        return Replacement(self.trials, self._is_begun, (self.settings,), outputs)

    def _is_begun(self) -> bool:
        """Workers may keep their epochs elsewhere; of theirs the chief has the trials that ended."""
        if any(self.trials.glob(f"trial_*/{CHECKPOINTS_NAME}/{STATE_NAME}")):
            return True
        return any(f'"{_SUCCEEDED}"' in path.read_text() for path in self.trials.glob("trial_*/trial.json"))

    def write_results(self, outcomes: Sequence[Outcome], study: Study) -> None:
        """Write trials.csv, and best.json with the whole recipe of the best trial; at least one must have succeeded."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["trial", "val_accuracy", "epochs", "seconds", *study.space, "fault"])
        for outcome in outcomes:
            facts = (outcome.trial, outcome.val_accuracy, outcome.epochs, round(outcome.seconds, 1))
            writer.writerow([*facts, *outcome.values.values(), outcome.fault])
        write_atomic(self.path / "trials.csv", text.getvalue())
        best = ranked(outcomes)[0]
        facts_of_best = asdict(best) | {"recipe": asdict(replace(study.recipe, **best.values))}
        write_atomic(self.path / "best.json", json.dumps(facts_of_best, indent=2) + "\n")


def ranked(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that did not fail, the best first; of equals, the one that was cheaper."""
    done = [outcome for outcome in outcomes if outcome.val_accuracy is not None]
    return sorted(done, key=lambda outcome: (-(outcome.val_accuracy or 0), outcome.epochs, outcome.seconds))


class RecipeTuner(BaseTuner):
    """Trains a recipe per trial; alone, as the chief that hands trials out, or as a worker that asks for them."""

    def __init__(self, study: Study, dataset: Dataset, folder: TuningFolder, observer: TuningObserver) -> None:
        """Begin a search in `folder`, or go on with the one in it.

        Raises:
            InputError: If the environment variables of a distributed search are not complete.
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
            _announce_ends(oracle, self._announce)
        try:
            with redirect_stdout(io.StringIO()):  # KerasTuner prints that it goes on
                super().__init__(oracle, directory=str(folder.path), project_name=folder.trials.name)
        except (ValueError, KeyError, RuntimeError) as error:
            raise DataError(f"{folder.trials} is damaged ({error}); search again with --overwrite") from error
        self.save()  # or a search that is stopped in its first trial would not be known

    def run(self) -> KeyboardInterrupt | None:
        """Search until all trials are done, and return what interrupted it, if anything did.

        Raises:
            FerEdgeError: If the chief cannot listen, or a worker loses it.
        """
        try:
            self.search(verbose=0)
        except KeyboardInterrupt as interruption:
            return interruption
        except grpc.RpcError as error:
            raise FerEdgeError(f"lost the chief ({error.details()}); start it again, then this worker") from error
        except RuntimeError as error:
            raise FerEdgeError(f"the search stopped: {error}") from error
        if self.role is not Role.WORKER:
            for checkpoints in Path(self.project_dir).glob(f"trial_*/{CHECKPOINTS_NAME}"):
                shutil.rmtree(checkpoints)
        return None

    def outcomes(self) -> list[Outcome]:
        """What the trials that have ended came to, in the order in which they began; not for a worker."""
        ended = set(self.oracle.end_order)
        return [self._outcome(trial) for name, trial in sorted(self.oracle.trials.items()) if name in ended]

    def pre_create_trial(self) -> None:
        """Leave the chief, and the other workers' processors, in peace for a moment."""
        if self.role is Role.WORKER:
            time.sleep(_PAUSE_OF_WORKERS)

    def run_trial(self, trial: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Train what KerasTuner drew, from the last whole epoch of this trial or of the one that it goes on from."""
        keras.utils.clear_session()  # or every trial's graph would stay in memory
        drawn = trial.hyperparameters.values
        recipe = replace(self._study.recipe, **self._study.values(drawn))
        checkpoints = self._checkpoints(trial)
        if "tuner/trial_id" in drawn:
            _copy_state(self._checkpoints(self.oracle.get_trial(drawn["tuner/trial_id"])), checkpoints)
        watch = _UpTo(drawn.get("tuner/epochs", recipe.epochs), self._observer)
        trained = train(self._dataset, recipe, checkpoints, observer=watch, resume=_has_state(checkpoints))
        if trained.interruption is not None and not isinstance(trained.interruption, _EnoughEpochs):
            raise trained.interruption
        progress = trained.progress
        best = max(row[_OBJECTIVE] for row in progress.history)
        return {_OBJECTIVE: best, "epochs": progress.epochs_done, "seconds": progress.seconds}

    def on_trial_end(self, trial: Any) -> None:
        """Report the trial; keep its weights only where another may go on from them."""
        super().on_trial_end(trial)
        if self._study.tuner is not TunerName.HYPERBAND:
            shutil.rmtree(self._checkpoints(trial), ignore_errors=True)
        self._announce(self.oracle.get_trial(trial.trial_id))

    def _announce(self, trial: Any) -> None:
        self._observer.on_trial(self._outcome(trial))

    def _checkpoints(self, trial: Any) -> Path:
        return Path(self.get_trial_dir(trial.trial_id)) / CHECKPOINTS_NAME

    def _outcome(self, trial: Any) -> Outcome:
        values = self._study.values(trial.hyperparameters.values)
        if trial.status != _SUCCEEDED:
            lines = (trial.message or "").strip().splitlines() or ["unknown"]
            # The end of a traceback: the error's class stands before its message.
            return Outcome(trial.trial_id, values, None, fault=re.sub(r"^fer_edge\.errors\.\w+: ", "", lines[-1]))
        accuracy, epochs, seconds = (trial.metrics.get_last_value(name) for name in (_OBJECTIVE, "epochs", "seconds"))
        return Outcome(trial.trial_id, values, float(accuracy), int(epochs), float(seconds))


def _make_oracle(study: Study) -> Any:
    space = HyperParameters()
    for name, part in study.space.items():
        part.declare(name, space)
    common: dict[str, Any] = {
        "objective": Objective(_OBJECTIVE, "max"),
        "hyperparameters": space,
        "seed": study.recipe.seed + 1,  # 0 would be drawn anew each time
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
        raise MissingExtraError("--tuner bayesian", "train", str(error)) from error


def _announce_ends(oracle: Any, announce: Any) -> None:
    """Have a chief's oracle tell of the trials that workers end, for which KerasTuner has no hook."""
    end_trial = oracle.end_trial

    def end_and_announce(trial: Any) -> None:
        end_trial(trial)
        announce(oracle.get_trial(trial.trial_id))

    oracle.end_trial = end_and_announce


def _has_state(checkpoints: Path) -> bool:
    return (checkpoints / STATE_NAME).exists()


def _copy_state(source: Path, target: Path) -> None:
    if _has_state(source) and not target.exists():
        with atomic_path(target) as temporary:
            shutil.copytree(source, temporary)


class _EnoughEpochs(KeyboardInterrupt):
    """A trial has the epochs that Hyperband gives it: it is stopped like a run by Ctrl-C, so that it can go on."""


class _UpTo:
    """Passes events on to an observer, and stops training after so many epochs of those in the recipe."""

    def __init__(self, epochs: int, observer: TrainingObserver) -> None:
        self._limit, self._epochs, self._done = epochs, epochs, 0
        self._observer = observer

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        self._done, self._epochs = epochs_done, epochs
        self._observer.on_start(epochs_done, self._limit, steps)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        self._stop_if_done()  # as when it was killed between its last epoch and its report
        self._observer.on_step(step, logs)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        self._done = epoch
        self._observer.on_epoch(epoch, logs)
        self._stop_if_done()

    def _stop_if_done(self) -> None:
        if self._limit <= self._done < self._epochs:
            raise _EnoughEpochs
