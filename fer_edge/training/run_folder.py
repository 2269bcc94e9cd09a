"""A run folder: what a training run was asked, what it came to, and where each file lies."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.files import require_regular_file, write_atomic
from fer_edge.training.recipe import Recipe
from fer_edge.training.replacement import Replacement

RUNS = Path("runs")
"""Where runs lie by default, under the folder that the command is given in."""

CHECKPOINTS_NAME = "checkpoints"
STATE_NAME = "state.npz"
"""Among a run's checkpoints: the last whole epoch's."""


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def model(self) -> Path:
        """The trained model."""
        return self.path / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """What `--resume` goes on from."""
        return self.path / CHECKPOINTS_NAME

    @property
    def settings(self) -> Path:
        """The recipe and the data that the run began with."""
        return self.path / "settings.json"

    @property
    def left_out(self) -> Path:
        """The names of the training images that the run leaves out, if any."""
        return self.path / "leave-out.txt"

    @property
    def replacement(self) -> Replacement:
        """The run as one that another run replaces, once that has a whole epoch."""
        settings = (self.settings, self.left_out)
        outputs = tuple(path for path in self.files if path not in settings)
        return Replacement(self.checkpoints, lambda: self._has_epoch, settings, outputs)

    @property
    def _has_epoch(self) -> bool:
        return (self.checkpoints / STATE_NAME).exists()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a run writes, except its checkpoints."""
        pictures = (self.path / f"{name}.png" for name in ("curves", "confusion", "samples"))
        texts = (self.path / name for name in ("card.json", "history.csv", "summary.txt"))
        return (self.model, self.settings, self.left_out, *pictures, *texts)

    def require_empty(self) -> None:
        """Raise `InputError` if the folder already holds a model, or an epoch to go on from."""
        if self.model.exists() or self._has_epoch:
            raise InputError(
                f"{self.path} already holds a run: go on with --resume, choose another --output, or --overwrite it"
            )

    def begin(self, recipe: Recipe, dataset: Dataset) -> None:
        """Write down what the run is about to do."""
        source = Path(dataset.source)
        data = str(source.absolute()) if source.exists() else dataset.source
        facts = {
            "recipe": asdict(recipe),
            "data": data,
            "data_sha256": dataset.sha256(),
            "votes_sha256": dataset.votes_sha256() if recipe.votes_weight else None,
        }
        write_atomic(self.settings, json.dumps(facts, indent=2) + "\n")

    def resume(self) -> tuple[Recipe, str | None, str]:
        """The recipe, the data and its digest that the run began with.

        Raises:
            DataError: If no run began here, or its settings are damaged.
        """
        return _read_settings(self.settings)

    def require_same_votes(self, dataset: Dataset) -> None:
        """Check that the votes on the images are those that the run began with.

        Raises:
            DataError: If they are others.
        """
        known = json.loads(self.settings.read_text(encoding="utf-8")).get("votes_sha256")
        if known is not None and known != dataset.votes_sha256():
            raise DataError(f"{self.path} was trained on other people's votes; give the same --votes, or none as then")

    def data(self) -> str | None:
        """The labelled faces that the run began with, or `None` if no run began here."""
        kept = self.replacement.aside / self.settings.name  # those of the model, which is still the earlier run's
        settings = kept if kept.exists() else self.settings
        return _read_settings(settings)[1] if settings.exists() else None

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Write history.csv, a row per epoch."""
        text = io.StringIO()
        if history:
            writer = csv.DictWriter(text, ["epoch", *history[0]])
            writer.writeheader()
            writer.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history, start=1))
        write_atomic(self.path / "history.csv", text.getvalue())


def _read_settings(path: Path) -> tuple[Recipe, str | None, str]:
    try:
        if path.exists():
            require_regular_file(path, "the settings of a run")
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known = {field.name for field in fields(Recipe)}
        recipe = Recipe(**{name: value for name, value in facts["recipe"].items() if name in known})
        data = facts["data"]
        if data is not None and not isinstance(data, str):
            raise TypeError(f"data is {data!r}")
        return recipe, data, str(facts["data_sha256"])
    except FileNotFoundError as error:
        raise DataError(f"nothing to resume: {path.parent} holds no run") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise DataError(f"{path} is damaged ({error}); train again with --overwrite") from error


def newest_run(runs: Path = RUNS, *, trained: bool = True) -> RunFolder:
    """The run under `runs` that was written to last.

    Args:
        runs: Folder of runs.
        trained: Only runs with a model; otherwise any that has begun.

    Raises:
        InputError: If there is none.
    """
    name = "model.keras" if trained else "settings.json"
    found = sorted(runs.glob(f"*/{name}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise InputError(f"no run in {runs.absolute()}; train a model first: fer-edge train --data ...")
    return RunFolder(found[-1].parent)
