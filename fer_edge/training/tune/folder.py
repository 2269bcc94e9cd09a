"""Files of a search: settings, trials, results."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.files import write_atomic
from fer_edge.training.replacement import Replacement
from fer_edge.training.run_folder import CHECKPOINTS_NAME, STATE_NAME
from fer_edge.training.tune.study import Study, TrialResult, ranked

SUCCEEDED = "COMPLETED"
"""KerasTuner's status of a trial that ended without a fault."""


@dataclass(frozen=True)
class TuningFolder:
    """Folder of a search."""

    path: Path

    @property
    def settings(self) -> Path:
        """Definition that the search was started with."""
        return self.path / "search.json"

    @property
    def trials(self) -> Path:
        """Folder of KerasTuner's own files and of the checkpoints of unfinished trials."""
        return self.path / "trials"

    @property
    def picture(self) -> Path:
        """Chart of the values tried against validation accuracy."""
        return self.path / "tuning.png"

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a search writes, apart from its trials."""
        return (self.settings, self.picture, self.path / "trials.csv", self.path / "best.json")

    def begin(self, study: Study, dataset: Dataset) -> None:
        """Write the settings of a new search, or check them against the search in the folder.

        Raises:
            InputError: If the folder holds a search with other settings; only the number of trials may differ.
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
            raise DataError(f"{self.settings} is damaged ({error}); overwrite the search") from error
        differing = [name for name in facts if known.get(name) != facts[name]]
        if differing:
            raise InputError(
                f"{self.path} holds a search with another {', '.join(differing)}: repeat its command to resume it, "
                "overwrite it, or choose another folder"
            )

    @property
    def replacement(self) -> Replacement:
        """Way to replace the search: its files go once the new one has a saved epoch or a trial that succeeded."""
        outputs = tuple(path for path in self.files if path != self.settings)
        return Replacement(self.trials, self._has_result, (self.settings,), outputs)

    def _has_result(self) -> bool:
        """Return whether a trial has a saved epoch, or succeeded: workers may save their epochs on other machines."""
        if any(self.trials.glob(f"trial_*/{CHECKPOINTS_NAME}/{STATE_NAME}")):
            return True
        return any(f'"{SUCCEEDED}"' in path.read_text() for path in self.trials.glob("trial_*/trial.json"))

    def write_results(self, results: Sequence[TrialResult], study: Study) -> None:
        """Write trials.csv, and best.json with the recipe of the best trial; at least one trial must have succeeded."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["trial", "val_accuracy", "epochs", "seconds", *study.space, "fault"])
        for result in results:
            facts = (result.trial, result.val_accuracy, result.epochs, round(result.seconds, 1))
            writer.writerow([*facts, *result.values.values(), result.fault])
        write_atomic(self.path / "trials.csv", text.getvalue())
        best = ranked(results)[0]
        facts_of_best = asdict(best) | {"recipe": asdict(replace(study.recipe, **best.values))}
        write_atomic(self.path / "best.json", json.dumps(facts_of_best, indent=2) + "\n")
