"""`make steadiness`: effect of smoothing, threshold and margin on each model's labels; tables in runs/steadiness."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.entry import data_option, read_voted_dataset, run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.stream.steadiness.clips import CLIP_S, record_clips
from benchmarks.stream.steadiness.labels import Faces, Steadiness, measure_labels, score_faces
from fer_edge.dataset.data import Split
from fer_edge.errors import InputError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.inference.classifier import Classifier
from fer_edge.models import SHIPPED_MODEL, shipped_models
from fer_edge.runtime.faces.smoothing import RAW, Smoothing
from fer_edge.terminal.consoles import make_progress, stdout
from fer_edge.terminal.tables import make_table
from fer_edge.training.run_folder import RUNS

SCHEMA_VERSION = 1
SECONDS = (0.15, 0.25, 0.4)
THRESHOLDS = (0.35, 0.4, 0.45, 0.5)
MARGINS = (0.1, 0.15, 0.2)

_LEFT = ["smoothing s", "threshold", "margin"]
_RIGHT = ["changes a second", "delay, median s", "delay, 90 % s", "never shown", "uncertain", "people in doubt, too"]
_RIGHT += ["doubts found", "wrong"]

Results = dict[Smoothing, Steadiness]


def grid() -> list[Smoothing]:
    """Return no smoothing, the default, and every combination of the values that are tried."""
    tried = [Smoothing(*values) for values in product(SECONDS, THRESHOLDS, MARGINS)]
    return list(dict.fromkeys([RAW, Smoothing(), *tried]))


def near_default(results: Results) -> Results:
    """Return no smoothing, the default, and what differs from it in one value."""
    default = asdict(Smoothing())
    return {
        one: steadiness
        for one, steadiness in results.items()
        if one == RAW or sum(value != default[name] for name, value in asdict(one).items()) <= 1
    }


@click.command()
@click.argument("models", nargs=-1)
@data_option
@click.option(
    "--faces",
    type=click.IntRange(2),
    default=300,
    show_default=True,
    help="Number of faces before the simulated camera.",
)
@click.option("--seed", default=0, show_default=True, help="Seed of the choice of faces, their noise and motion.")
@click.option("--page", type=click.Path(path_type=Path), help="Fill in this page's section `figures: steadiness`.")
@click.option(
    "--output", type=click.Path(path_type=Path), default=RUNS / "steadiness", show_default=True, help="Output folder."
)
def command(models: tuple[str, ...], data: str | None, faces: int, seed: int, page: Path | None, output: Path) -> None:
    """Measure the labels of MODELS (files, or names of shipped ones) for each smoothing, threshold and margin."""
    shipped = shipped_models()
    paths = [Path(name) if Path(name).exists() else shipped.get(name, Path(name)) for name in models]
    classifiers = [Classifier.load(path) for path in paths or [SHIPPED_MODEL]]
    _require_same_crop(classifiers)
    split = read_voted_dataset(data).validation
    if split.votes is None or not split.votes.voters.any():
        raise InputError("expected images with people's votes, such as FER2013's, found none")
    found = _measure(classifiers, split, faces, seed)
    write_atomic(output / "steadiness.json", json.dumps(_facts(found), indent=1) + "\n")
    write_atomic(output / "steadiness.md", markdown_section(found, all_rows=True) + "\n")
    _print(found)
    if page is not None:
        fill_page(page, {"steadiness": markdown_section(found)})
    stdout().print(f"written: {output}/steadiness.json, .md" + (f", {page}" if page else ""), markup=False)


def _require_same_crop(classifiers: Sequence[Classifier]) -> None:
    first = classifiers[0]
    for one in classifiers[1:]:
        if (one.card.crop, one.card.input.size_wh) != (first.card.crop, first.card.input.size_wh):
            raise InputError(
                f"{one.path}: expected a model with the crop and input size of {first.path}, as all are given the same "
                "crops; measure it alone"
            )


def _measure(
    classifiers: Sequence[Classifier], split: Split, count: int, seed: int
) -> list[tuple[Classifier, Faces, Results]]:
    chosen = np.random.default_rng(seed).choice(len(split), min(count, len(split)), replace=False)
    with make_progress() as progress:
        task = progress.add_task("faces before a camera", total=len(chosen))
        seen, crops = record_clips(
            split.images[chosen], model=classifiers[0].path, seed=seed, on_done=lambda: progress.advance(task)
        )
        task = progress.add_task("labels", total=len(classifiers) * len(grid()))
        found = []
        for classifier in classifiers:
            faces = score_faces(classifier, split, chosen[seen], crops, seed)
            results = {}
            for smoothing in grid():
                results[smoothing] = measure_labels(faces, smoothing)
                progress.advance(task)
            found.append((classifier, faces, results))
    return found


def _print(found: Sequence[tuple[Classifier, Faces, Results]]) -> None:
    for classifier, faces, results in found:
        table = make_table(_title(classifier, faces), _LEFT, _RIGHT)
        for smoothing, one in near_default(results).items():
            table.add_row(*_cells(smoothing, one))
        stdout().print(table)


def markdown_section(found: Sequence[tuple[Classifier, Faces, Results]], *, all_rows: bool = False) -> str:
    """Return a Markdown table for each model, the default in bold; only what is near it unless `all_rows`."""
    parts = []
    for classifier, faces, results in found:
        shown = results if all_rows else near_default(results)
        rows = [_cells(smoothing, one) for smoothing, one in shown.items()]
        default = list(shown).index(Smoothing())
        rows[default][: len(_LEFT)] = [f"**{value}**" for value in rows[default][: len(_LEFT)]]
        parts += [f"{_title(classifier, faces)}:", markdown_table([*_LEFT, *_RIGHT], rows, left=0)]
    return "\n\n".join(parts)


def _title(classifier: Classifier, faces: Faces) -> str:
    taught = "people's votes" if classifier.card.training.get("votes") else "labels"
    return (
        f"`{classifier.card.name}`, which learned {taught}: {len(faces.clips)} faces for {CLIP_S} s, "
        f"{len(faces.changes)} changes, {faces.asked.sum():,} images, "
        f"{100 * faces.doubtful.sum() / faces.asked.sum():.1f} % of them without a majority"
    )


def _cells(smoothing: Smoothing, one: Steadiness) -> list[str]:
    return [
        *(f"{value:g}" for value in (smoothing.seconds, smoothing.threshold, smoothing.margin)),
        f"{one.changes_a_second:.3f}",
        *(f"{delay:.2f}" if np.isfinite(delay) else "-" for delay in (one.delay_s(50), one.delay_s(90))),
        *(
            f"{100 * share:.1f} %" if np.isfinite(share) else "-"
            for share in (one.never_shown, one.uncertain, one.doubted, one.doubts_found, one.wrong)
        ),
    ]


def _facts(found: Sequence[tuple[Classifier, Faces, Results]]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "models": [
            {
                "name": classifier.card.name,
                "sha256": sha256_file(classifier.path),
                "learned_votes": bool(classifier.card.training.get("votes")),
                "clips": len(faces.clips),
                "changes": len(faces.changes),
                "images": int(faces.asked.sum()),
                "images_without_majority": int(faces.doubtful.sum()),
                "results": [{**asdict(smoothing), **one.as_dict()} for smoothing, one in results.items()],
            }
            for classifier, faces, results in found
        ],
    }


if __name__ == "__main__":
    run_command(command)
