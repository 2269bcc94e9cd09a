"""The files of a training run: settings, checkpoints, model, results and exports."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.cards.facts import known_members
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.files import require_regular_file, write_atomic
from fer_edge.picture_form import FER2013_FORM, PictureForm
from fer_edge.precision import EXPORTABLE
from fer_edge.training.recipe import Recipe
from fer_edge.training.replacement import Replacement

RUNS = Path("runs")
"""Default folder of runs, relative to the working folder."""

CHECKPOINTS_NAME = "checkpoints"
STATE_NAME = "state.npz"
"""File among a run's checkpoints: the state after the last complete epoch."""


@dataclass(frozen=True)
class RunFolder:
    """The files of one run."""

    path: Path

    @property
    def model(self) -> Path:
        """Trained model with its card."""
        return self.path / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """Folder of the state that training resumes from."""
        return self.path / CHECKPOINTS_NAME

    @property
    def settings(self) -> Path:
        """Recipe and data that the run was started with."""
        return self.path / "settings.json"

    @property
    def left_out(self) -> Path:
        """List of the training images that the run leaves out; missing if there are none."""
        return self.path / "leave-out.txt"

    @property
    def export_folder(self) -> Path:
        """Folder of the model's exports."""
        return self.path / "export"

    def exports(self) -> list[Path]:
        """Return the verified exports: TFLite before ONNX, float before integers."""
        found = [*self.export_folder.glob("*.tflite"), *self.export_folder.glob("*.onnx")]
        return sorted((path for path in found if ".failed." not in path.name), key=_export_order)

    @property
    def replacement(self) -> Replacement:
        """Way to replace the run: its files go once the new run has saved its first epoch."""
        settings = (self.settings, self.left_out)
        outputs = tuple(path for path in self.files if path not in settings)
        return Replacement(self.checkpoints, lambda: self._has_epoch, settings, outputs)

    @property
    def _has_epoch(self) -> bool:
        return (self.checkpoints / STATE_NAME).exists()

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a run writes, apart from checkpoints and exports."""
        pictures = (self.path / f"{name}.png" for name in ("curves", "confusion", "samples"))
        texts = (self.path / name for name in ("card.json", "history.csv", "summary.txt"))
        return (self.model, self.settings, self.left_out, *pictures, *texts)

    def require_empty(self) -> None:
        """Raise `InputError` if the folder holds a model or a saved epoch."""
        if self.model.exists() or self._has_epoch:
            raise InputError(f"{self.path} already holds a run: resume it, overwrite it, or choose another folder")

    def begin(self, recipe: Recipe, dataset: Dataset) -> None:
        """Write the settings file."""
        source = Path(dataset.source)
        data = str(source.absolute()) if source.exists() else dataset.source
        facts = {
            "recipe": asdict(recipe),
            "data": data,
            "data_sha256": dataset.sha256(),
            "votes_sha256": dataset.votes_sha256() if recipe.votes_weight else None,
            **({"classes": asdict(dataset.choice)} if dataset.choice else {}),
            **({"input": asdict(dataset.train.form)} if dataset.train.form != FER2013_FORM else {}),
        }
        write_atomic(self.settings, json.dumps(facts, indent=2) + "\n")

    def resume(self) -> tuple[Recipe, str | None, str]:
        """Read the settings file.

        Returns:
            Recipe, data source and SHA-256 of the data that the run was started with.

        Raises:
            DataError: If there is no settings file, or it is damaged.
        """
        return _read_settings(self.settings)

    def faces(self) -> tuple[ClassChoice, PictureForm]:
        """Read from the settings file by which choice of classes, and in which form, the faces were read.

        Raises:
            DataError: If there is no settings file, or it is damaged.
        """
        facts = _read_facts(self.settings)
        try:
            chosen = facts.get("classes", {})
            merge = tuple((str(new), tuple(map(str, parts))) for new, parts in chosen.get("merge", ()))
            choice = ClassChoice(merge, tuple(chosen.get("drop", ())), tuple(chosen.get("classes", ())))
            return choice, PictureForm(**facts.get("input", {}))
        except (ValueError, TypeError, AttributeError) as error:
            raise _damaged(self.settings, error) from error

    def require_same_votes(self, dataset: Dataset) -> None:
        """Check that the images have the votes that the run was started with.

        Raises:
            DataError: If they have other votes.
        """
        known = json.loads(self.settings.read_text(encoding="utf-8")).get("votes_sha256")
        if known is not None and known != dataset.votes_sha256():
            raise DataError(f"{self.path} was trained with other votes on the images; resume it with the same votes")

    def data(self) -> str | None:
        """Return the data source that the run was started with; None without a settings file."""
        kept = self.replacement.aside / self.settings.name  # while a new run trains, the model is still the earlier one
        settings = kept if kept.exists() else self.settings
        return _read_settings(settings)[1] if settings.exists() else None

    def write_history(self, history: list[dict[str, float]]) -> None:
        """Write history.csv, one row per epoch."""
        text = io.StringIO()
        if history:
            writer = csv.DictWriter(text, ["epoch", *history[0]])
            writer.writeheader()
            writer.writerows({"epoch": epoch, **row} for epoch, row in enumerate(history, start=1))
        write_atomic(self.path / "history.csv", text.getvalue())


def _read_facts(path: Path) -> dict[str, Any]:
    try:
        if path.exists():
            require_regular_file(path, "the settings of a run")
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(f"nothing to resume: {path.parent} holds no run") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(path, error) from error
    return facts


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} is damaged ({error}); overwrite the run")


def _read_settings(path: Path) -> tuple[Recipe, str | None, str]:
    facts = _read_facts(path)
    try:
        recipe = Recipe(**known_members(Recipe, facts["recipe"]))
        require_types(recipe)
        data = facts["data"]
        if data is not None and not isinstance(data, str):
            raise TypeError(f"data is {data!r}")
        return recipe, data, str(facts["data_sha256"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise _damaged(path, error) from error


def require_types(recipe: Recipe) -> None:
    """Check the types of a recipe's parts, which were read from a file.

    Raises:
        TypeError: If a part has another type than the default recipe's.
    """
    for name, default in vars(Recipe()).items():
        value = getattr(recipe, name)
        if not isinstance(value, (float, int) if isinstance(default, float) else type(default)):
            raise TypeError(f"{name} is {value!r}")
    if not all(isinstance(path, str) for path in recipe.teachers):
        raise TypeError(f"teachers is {recipe.teachers!r}")


def newest_run(runs: Path = RUNS, *, trained: bool = True) -> RunFolder:
    """Return the run under `runs` that was written to last.

    Args:
        runs: Folder of runs.
        trained: Require a model; otherwise settings are enough.

    Raises:
        InputError: If there is none.
    """
    name = "model.keras" if trained else "settings.json"
    found = sorted(runs.glob(f"*/{name}"), key=lambda path: path.stat().st_mtime)
    if not found:
        raise InputError(f"no run in {runs.absolute()}; train a model first: fer-edge train")
    return RunFolder(found[-1].parent)


def all_exports() -> list[Path]:
    """Return the verified exports of every run under `RUNS`, in the order of the runs' names."""
    return [file for folder in sorted(RUNS.glob("*")) for file in RunFolder(folder).exports()]


def _export_order(path: Path) -> tuple[bool, int, str]:
    known = [precision.value for precision in EXPORTABLE]
    precision = path.stem.rpartition("_")[2]
    return path.suffix == ".onnx", known.index(precision) if precision in known else len(known), path.name
