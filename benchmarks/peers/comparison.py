"""`make bench-peers`: this project's files and other projects', timed in turns and scored on the same faces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.entry import run_command
from benchmarks.peers.compared import Comparison, Network
from benchmarks.peers.peers import PEERS, Peer, Prepare, fetch
from fer_edge.benchmark.answers import People
from fer_edge.benchmark.cost import count_cost
from fer_edge.benchmark.machine import machine_facts, take_look
from fer_edge.benchmark.quality import BoolArray, judge_faces
from fer_edge.benchmark.results import Quality, Timing
from fer_edge.benchmark.subjects import distinct_files
from fer_edge.benchmark.timing import Effort, calls_needed, measure_interleaved
from fer_edge.cli.options import data_option, make_progress, yes_option
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.cli.votes_options import read_voted_data, votes_option
from fer_edge.dataset.copies import exact_copies
from fer_edge.dataset.data import Split
from fer_edge.dataset.peoples_answer import measure_one_person
from fer_edge.errors import InputError
from fer_edge.files import sha256_file
from fer_edge.inference.classifier import Classifier
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.model_card import ModelCard
from fer_edge.models import SHIPPED_MODEL
from fer_edge.tables import make_table
from fer_edge.training.run_folder import RUNS, all_exports

REFERENCE = "fer"
"""The network that the others' latencies are divided by."""

_WHOLE = " with its preprocessing"


@dataclass(frozen=True)
class Contender:
    """A network that has been loaded with one thread.

    Attributes:
        name: Unique.
        path: Its file.
        labels: The scores' expressions in order.
        prepare: From a face, uint8 (48, 48), to its input; `None` if that is the face itself.
        run: From its input to scores, float32 (7,), in the order of `labels`.
        runtime: What it runs in.
        peer: Whose it is, unless this project's.
        card: What a file of this project says about itself.
    """

    name: str
    path: Path
    labels: tuple[str, ...]
    prepare: Prepare | None
    run: Callable[[npt.NDArray[Any]], npt.NDArray[np.float32]]
    runtime: str
    peer: Peer | None = None
    card: ModelCard | None = None

    def classify(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Scores of a face, uint8 (48, 48), in the order of `EXPRESSIONS`."""
        scores = self.run(face if self.prepare is None else self.prepare(face))
        return np.asarray(scores[[self.labels.index(expression) for expression in EXPRESSIONS]])


def own_files() -> list[Path]:
    """The files that ship with the package, then every run's float32 and int8 file."""
    exported = [path for path in all_exports() if path.name.endswith(("_int8.tflite", "_fp32.tflite"))]
    return [*sorted(SHIPPED_MODEL.parent.glob("*.tflite")), *sorted(exported)]


def load_own(paths: Sequence[Path]) -> list[Contender]:
    """Load this project's files, each content once.

    Raises:
        ModelError: If one cannot be used.
        InputError: If one tells other expressions apart.
    """
    distinct = distinct_files(paths)
    stems = [path.stem for path in distinct]
    contenders = []
    for path in distinct:
        classifier = Classifier.load(path)
        if sorted(classifier.card.labels) != sorted(EXPRESSIONS):
            raise InputError(
                f"{path}: expected scores of {', '.join(EXPRESSIONS)}, got {', '.join(classifier.card.labels)}"
            )
        name = path.stem if stems.count(path.stem) == 1 else f"{path.resolve().parents[1].name}/{path.stem}"
        contenders.append(
            Contender(
                name, path, classifier.card.labels, None, classifier.classify, classifier.runtime, card=classifier.card
            )
        )
    return contenders


def load_peers(cache: Path) -> list[Contender]:
    """Fetch and load the peers' files.

    Raises:
        FerEdgeError: If one cannot be downloaded, or is not what it was.
    """
    contenders = []
    for peer in PEERS:
        path = fetch(peer, cache)
        interpreter = open_interpreter(path)
        contenders.append(
            Contender(peer.name, path, peer.labels, peer.prepare, interpreter.run, interpreter.runtime, peer=peer)
        )
    return contenders


def compare(contenders: Sequence[Contender], faces: Split, copied: BoolArray, data: str, rounds: int) -> Comparison:
    """Time every network, alone and with its preprocessing, in turns; then score each on all faces.

    Args:
        contenders: The networks.
        faces: N labelled faces, with votes or without.
        copied: (N,), whether each has an exact copy in the training split.
        data: Name of the data set.
        rounds: Timed calls of each network.
    """
    machine = {**machine_facts(), "load_average": take_look().as_dict()["load_average"]}
    with make_progress() as progress:
        task = progress.add_task("timing", total=rounds)
        timings = measure_interleaved(
            _calls(contenders, faces.images),
            Effort("peers", rounds),
            lambda done: progress.update(task, completed=round(done * rounds)),
        )
        qualities = []
        for contender in contenders:
            progress.reset(task, description=f"scoring {contender.name}", total=len(faces))
            scores = []
            for face in faces.images:
                scores.append(contender.classify(face))
                progress.advance(task)
            qualities.append(judge_faces(np.array(scores), faces, copied, contender.card))
    rows = [_network(*each, timings) for each in zip(contenders, qualities, strict=True)]
    has_people = any(row.people is not None for row in rows)
    person = measure_one_person(faces.votes).as_dict() if has_people and faces.votes is not None else None
    return Comparison(data, len(faces), rounds, machine, tuple(rows), person)


def comparison_table(comparison: Comparison) -> Table:
    """The table for the terminal."""
    has_people = comparison.one_person is not None
    numbers = (
        *(("people's answer", "mean recall") if has_people else ()),
        "bytes",
        "parameters",
        "MMAC",
        "accuracy",
        "macro-F1",
        "fear",
        "ECE",
        "p50 ms",
        "p90 ms",
        "whole p50",
        "x fer",
    )
    table = make_table("this project's networks and other projects'", ["network", "precision"], numbers)
    for row in comparison.networks:
        table.add_row(
            row.package or row.name,
            row.precision,
            *(_people_cells(row.people) if has_people else ()),
            f"{row.bytes:,}",
            f"{row.parameters:,}",
            f"{row.macs / 1e6:.1f}",
            f"{row.accuracy:.2%}",
            f"{row.evaluation['macro_f1']:.4f}",
            f"{row.per_class('recall')[EXPRESSIONS.index('fear')]:.1%}",
            f"{row.calibration_error:.4f}",
            f"{row.p50_ms:.3f}",
            f"{row.p90_ms:.3f}",
            f"{row.whole_p50_ms:.3f}",
            f"{row.latency_over_fer:.2f}",
        )
    person = comparison.one_person
    if person is not None:
        recall = sum(person["recall"].values()) / len(EXPRESSIONS)
        table.add_row("one person", "", f"{person['accuracy']:.2%}", f"{recall:.3f}")
    return table


def _people_cells(people: People | None) -> tuple[str, str]:
    return ("-", "-") if people is None else (f"{people.accuracy:.2%}", f"{people.mean_recall:.3f}")


def _calls(contenders: Sequence[Contender], faces: npt.NDArray[np.uint8]) -> dict[str, Callable[[int], object]]:
    calls: dict[str, Callable[[int], object]] = {}
    for contender in contenders:
        calls[contender.name] = _alone(contender, faces)
        if contender.prepare is not None:
            calls[contender.name + _WHOLE] = _whole(contender, faces)
    return calls


def _alone(contender: Contender, faces: npt.NDArray[np.uint8]) -> Callable[[int], object]:
    """Some faces prepared beforehand, in turn: what is timed begins at the network's input."""
    prepared = [face if contender.prepare is None else contender.prepare(face) for face in faces[:50]]
    return lambda i: contender.run(prepared[i % len(prepared)])


def _whole(contender: Contender, faces: npt.NDArray[np.uint8]) -> Callable[[int], object]:
    return lambda i: contender.classify(faces[i % min(50, len(faces))])


def _network(contender: Contender, quality: Quality, timings: dict[str, Timing]) -> Network:
    alone = timings[contender.name]
    whole = timings.get(contender.name + _WHOLE, alone)
    cost = count_cost(contender.path)
    card, peer = contender.card, contender.peer
    return Network(
        name=contender.name,
        package=f"{peer.name} {peer.version}" if peer else None,
        about=peer.about if peer else card.architecture if card else "",
        precision=inspect_tflite(contender.path).precision.value,
        runtime=contender.runtime,
        sha256=sha256_file(contender.path),
        bytes=contender.path.stat().st_size,
        parameters=cost.parameters,
        macs=cost.macs,
        p50_ms=alone.p50,
        p90_ms=_p90(alone),
        whole_p50_ms=whole.p50,
        whole_p90_ms=_p90(whole),
        latency_over_fer=alone.p50 / timings[REFERENCE].p50,
        evaluation=quality.evaluation,
        parent_sha256=card.parent_sha256 if card else None,
        agreement=card.parity.get("agreement") if card else None,
        accuracy_drop=card.parity.get("accuracy_drop") if card else None,
        people=quality.people,
        without_copies=quality.without_copies,
    )


def _p90(timing: Timing) -> float:
    if timing.p90 is None:
        raise ValueError(f"expected at least {calls_needed(0.9)} rounds, got {timing.calls}")
    return timing.p90


@click.command()
@click.option(
    "--model",
    "models",
    type=click.Path(path_type=Path),
    multiple=True,
    help="A .tflite file of this project; may be given again.  [default: the shipped ones and every run's]",
)
@data_option
@votes_option
@click.option(
    "--rounds",
    type=click.IntRange(calls_needed(0.9)),
    default=300,
    show_default=True,
    help="Timed calls of each network.",
)
@click.option("--images", type=click.IntRange(1), help="Of the validation split, for accuracy.  [default: all]")
@click.option("--output", type=click.Path(path_type=Path), default=RUNS / "peers", show_default=True, help="Folder.")
@yes_option
def command(
    models: tuple[Path, ...],
    data: str | None,
    votes_file: Path | None,
    rounds: int,
    images: int | None,
    output: Path,
    yes: bool,
) -> None:
    """Compare this project's networks with those that a user could install instead; write peers.json."""
    dataset = read_voted_data(data, votes_file, yes=yes)
    faces = dataset.validation
    # In any order, so that the faces that are timed are of all expressions.
    faces = faces.take(np.random.default_rng(0).permutation(len(faces))[:images])
    with native_stderr_muffled():
        contenders = [*load_own(models or own_files()), *load_peers(output / "cache")]
    copied = exact_copies(faces.images, dataset.train.images)
    comparison = compare(contenders, faces, copied, dataset.name, rounds)
    comparison.write(output / "peers.json")
    console = Console(width=150, highlight=False)
    console.print(comparison_table(comparison))
    console.print(
        f"{len(faces):,} validation images of {dataset.name}; {rounds} interleaved rounds, batch 1, one thread, "
        f"{comparison.machine['processor']}, load {comparison.machine['load_average']}"
    )
    console.print(f"written: {output / 'peers.json'}")


if __name__ == "__main__":
    run_command(command)
