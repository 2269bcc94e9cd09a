"""Worth of each part of the modern recipe: the same short training without it, and a table of the results.

`python -m benchmarks.training.ablation --data faces.zip` takes hours; after an interruption, the same command resumes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import click

from fer_edge.files import write_atomic
from fer_edge.training.run_folder import STATE_NAME, RunFolder

ROWS: dict[str, tuple[str, ...]] = {
    "all parts": (),
    "without flip": ("--no-flip",),
    "without shift, scale, rotation": ("--shift", "0", "--scale", "0", "--rotate", "0"),
    "without brightness, contrast": ("--brightness", "0", "--contrast", "0"),
    "without erasing": ("--erase", "0"),
    "without mixup": ("--mixup", "0"),
    "without label smoothing": ("--label-smoothing", "0"),
    "without weight decay": ("--weight-decay", "0"),
    "without warm-up": ("--warmup-epochs", "0"),
    "without cosine decay and warm-up": ("--no-cosine",),
    "without averaging (EMA)": ("--ema", "0"),
    "without class balance": ("--class-balance", "none"),
    "without the temperature": ("--held-back", "0"),
}
"""Options of each row of the table that differ from the modern recipe, by the row's name."""

TAUGHT = "with a teacher"
"""Name of the row with a teacher, if one is given."""


@click.command()
@click.option("--data", required=True, help="Labelled faces.")
@click.option("--arch", default="compact-s", show_default=True)
@click.option("--epochs", default=15, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--teacher", type=click.Path(exists=True, path_type=Path), help="Add a row with this teacher.")
@click.option("--output", type=click.Path(path_type=Path), default=Path("runs/ablation"), show_default=True)
@click.option("--table", type=click.Path(path_type=Path), default=Path("docs/ablation.json"), show_default=True)
def main(data: str, arch: str, epochs: int, seed: int, teacher: Path | None, output: Path, table: Path) -> None:
    """Train once for every row, and write the table as JSON after each."""
    rows = dict(ROWS)
    if teacher is not None:
        rows[TAUGHT] = ("--distill", str(teacher), "--label-smoothing", "0")
    results = []
    for name, changes in rows.items():
        run = RunFolder(output / name.replace(" ", "-").replace(",", "").replace("(", "").replace(")", ""))
        # Depthwise convolutions are slower in bfloat16.
        numbers = ("--mixed-precision", "off") if "compact" in arch else ()
        settings = (
            "--recipe",
            "modern",
            "--votes-weight",
            "0",
            "--arch",
            arch,
            "--epochs",
            str(epochs),
            "--seed",
            str(seed),
            *numbers,
        )
        _train(run, epochs, ("--data", data, *settings, *changes))
        results.append({"name": name, **_result(run)})
        setup = f"`fer-edge train {' '.join(settings)}` and what the row's name says; validation split, float32"
        write_atomic(table, json.dumps({"setup": setup, "rows": results}, indent=1) + "\n")


def _train(run: RunFolder, epochs: int, arguments: tuple[str, ...]) -> None:
    """Train into `run`, or resume; an interrupted run has a model, too, with fewer epochs."""
    if run.model.exists() and _result(run)["epochs"] >= epochs:
        return
    begun = (run.checkpoints / STATE_NAME).exists()
    command = [sys.executable, "-m", "fer_edge", "train", "--output", str(run.path)]
    done = subprocess.run([*command, *(("--resume",) if begun else arguments)], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def _result(run: RunFolder) -> dict[str, Any]:
    card = json.loads((run.path / "card.json").read_text())
    evaluation = card["evaluation"]
    return {
        "val_accuracy": evaluation["accuracy"],
        "macro_f1": evaluation["macro_f1"],
        "fear_recall": evaluation["per_class"]["fear"]["recall"],
        "ece": evaluation["expected_calibration_error"],
        "epochs": card["training"]["epochs_trained"],
    }


if __name__ == "__main__":
    main()
