"""Seconds per training step: this project's, and those of a plain Keras `fit` over a folder."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
from rich.table import Table

from fer_edge.dataset.data import Split
from fer_edge.dataset.loading import load_dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.terminal.tables import make_table
from fer_edge.training.batches import ShuffledBatches
from fer_edge.training.compiling import compiled_model
from fer_edge.training.networks.architectures import documented_cnn
from fer_edge.training.recipe import Recipe

_STEPS = 6
_TURNS = 2
_BATCH = 128


class _StepClock(keras.callbacks.Callback):
    """Records the end of each step; a step includes the loading of its data."""

    def __init__(self) -> None:
        super().__init__()
        self.marks: list[float] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.marks.append(time.perf_counter())


def step_seconds(data: str) -> dict[str, float]:
    """Return the median seconds per step of each variant; they take turns, so that a change of pace affects all."""
    split = load_dataset(data).train
    split = split.take(np.random.default_rng(0).permutation(len(split))[: _BATCH * _STEPS])
    with tempfile.TemporaryDirectory() as folder:
        _write_folders(split, Path(folder))
        variants = dict(_variants(split, folder))
        samples: dict[str, list[float]] = {name: [] for name in variants}
        for turn in range(_TURNS + 1):
            for name, (model, batches) in variants.items():
                clock = _StepClock()
                model.fit(batches, epochs=1, callbacks=[clock], verbose=0)
                if turn:  # the first one traces the graph
                    samples[name] += list(np.diff(clock.marks))
    return {name: float(np.median(values)) for name, values in samples.items()}


def step_seconds_table(seconds: dict[str, float]) -> Table:
    """Return seconds per step as a table; the others are compared with the first variant."""
    table = make_table("training: median seconds per step of 128 images", ["variant"], ["seconds", "times faster"])
    reference = next(iter(seconds.values()))
    for name, value in seconds.items():
        table.add_row(name, f"{value:.3f}", f"{reference / value:.2f}")
    return table


def _variants(split: Split, folder: str) -> Iterator[tuple[str, tuple[keras.Model, Any]]]:
    plain = documented_cnn()
    plain.compile(keras.optimizers.Adam(1e-4), "categorical_crossentropy", metrics=["accuracy"])
    files = keras.utils.image_dataset_from_directory(
        folder, label_mode="categorical", color_mode="grayscale", image_size=(48, 48), batch_size=_BATCH, verbose=False
    )
    yield "plain Keras over a folder, float32", (plain, files)
    for bfloat16, name in ((False, "fer-edge, float32"), (True, "fer-edge, bfloat16")):
        recipe = Recipe(batch_size=_BATCH, bfloat16=bfloat16)
        yield name, (compiled_model(recipe, _STEPS), ShuffledBatches(split, recipe))


def _write_folders(split: Split, folder: Path) -> None:
    for i, (image, label) in enumerate(zip(split.images, split.labels, strict=True)):
        path = folder / EXPRESSIONS[label] / f"{i}.jpg"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), image)


if __name__ == "__main__":
    print(json.dumps(step_seconds(sys.argv[1])))
