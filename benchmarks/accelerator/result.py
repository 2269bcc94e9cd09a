"""File of what an accelerator trained: weights, recipe and history."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fer_edge.errors import InputError
from fer_edge.files import DAMAGED_ZIP_ERRORS, atomic_path
from fer_edge.scores import FloatArray
from fer_edge.training.recipe import Recipe


@dataclass(frozen=True)
class Result:
    """A trained network.

    Attributes:
        recipe: Recipe that it was trained by; its teachers are files of this kind.
        weights: Weights in the order of `keras.Model.get_weights`.
        history: A row per epoch, as `fer_edge.training.checkpoint.TrainingProgress` has them.
        seconds: Duration of training.
    """

    recipe: Recipe
    weights: list[FloatArray]
    history: list[dict[str, float]]
    seconds: float

    def save(self, path: Path) -> None:
        """Write the file."""
        facts = {"recipe": asdict(self.recipe), "history": self.history, "seconds": self.seconds}
        arrays: dict[str, Any] = {f"weights{index}": each for index, each in enumerate(self.weights)}
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, facts=np.array(json.dumps(facts)), **arrays)

    @staticmethod
    def load(path: Path) -> Result:
        """Read a file.

        Raises:
            InputError: If it is none of this kind.
        """
        try:
            # numpy leaves a file that it opened itself open if the zip in it is damaged.
            with path.open("rb") as file, np.load(file) as stored:
                facts = json.loads(str(stored["facts"]))
                weights = [stored[f"weights{index}"] for index in range(len(stored.files) - 1)]
            return Result(Recipe(**facts["recipe"]), weights, facts["history"], facts["seconds"])
        except (*DAMAGED_ZIP_ERRORS, KeyError, TypeError) as error:
            raise InputError(f"{path}: expected a file of benchmarks.accelerator train: {error}") from error
