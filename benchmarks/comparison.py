"""`make bench-peers`: this project's files and other projects', timed in turns and scored on the same faces."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from benchmarks.entry import run_command
from benchmarks.peers import PEERS, Peer, Prepare, fetch
from fer_edge.benchmark.cost import count_cost
from fer_edge.benchmark.machine import machine_facts, take_look
from fer_edge.benchmark.results import Timing
from fer_edge.benchmark.subjects import distinct_files
from fer_edge.benchmark.timing import Effort, calls_needed, measure_interleaved
from fer_edge.cli.options import data_option, make_progress, read_data, yes_option
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.errors import InputError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.labels import EXPRESSIONS
from fer_edge.metrics import Evaluation, evaluate_scores
from fer_edge.model_card import ModelCard
from fer_edge.runtime.classifier import SHIPPED_MODEL, Classifier
from fer_edge.runtime.inspection import inspect_tflite
from fer_edge.runtime.interpreter import open_interpreter
from fer_edge.tables import make_table
from fer_edge.training.data import Split
from fer_edge.training.run_folder import RUNS

SCHEMA_VERSION = 1
REFERENCE = "fer"
"""The network that the others' latencies are divided by."""

_WHOLE = " with its preprocessing"


@dataclass(frozen=True)
class Network:
    """One row of peers.json.

    Attributes:
        name: The file's or, for a peer, its package's.
        package: Where a peer comes from, `name version`; `None` for this project's own.
        about: The architecture.
        precision: As read from the tensors.
        runtime: What it ran in.
        sha256: Of the file.
        bytes: Its size.
        parameters: Its weights and biases.
        macs: Multiply-accumulates of one image.
        p50_ms: Median latency of the network alone, its input prepared.
        p90_ms: The time that nine in ten calls did not exceed.
        whole_p50_ms: The same from a 48x48 gray face, with the network's own preprocessing.
        whole_p90_ms: Likewise.
        latency_over_fer: `p50_ms` over that of `fer` in this run.
        evaluation: On the validation images, as `Evaluation.as_dict` gives it.
        parent_sha256: Of the float model that it was exported from, for this project's own.
        agreement: With that model, as its card has it.
        accuracy_drop: From that model, as its card has it.
    """

    name: str
    package: str | None
    about: str
    precision: str
    runtime: str
    sha256: str
    bytes: int
    parameters: int
    macs: int
    p50_ms: float
    p90_ms: float
    whole_p50_ms: float
    whole_p90_ms: float
    latency_over_fer: float
    evaluation: dict[str, Any]
    parent_sha256: str | None = None
    agreement: float | None = None
    accuracy_drop: float | None = None

    @property
    def accuracy(self) -> float:
        """Share of the validation images, 0..1."""
        return float(self.evaluation["accuracy"])

    @property
    def calibration_error(self) -> float:
        """Expected calibration error, 0..1."""
        return float(self.evaluation["expected_calibration_error"])

    def per_class(self, measure: str) -> list[float]:
        """Precision, recall or f1 of each of `EXPRESSIONS`."""
        return [float(self.evaluation["per_class"][name][measure]) for name in EXPRESSIONS]


@dataclass(frozen=True)
class Comparison:
    """One run of the benchmark: peers.json."""

    data: str
    images: int
    rounds: int
    machine: dict[str, Any]
    networks: tuple[Network, ...]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        facts = {"schema_version": SCHEMA_VERSION, "threads": 1, **asdict(self)}
        write_atomic(path, json.dumps(facts, indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> Comparison:
        """Read what `write` wrote.

        Raises:
            InputError: If it is not there, or not of this schema.
        """
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts.pop("schema_version") != SCHEMA_VERSION:
                raise InputError(f"{path}: it is of another version; measure again: make bench-peers")
            facts.pop("threads")
            return Comparison(**{**facts, "networks": tuple(Network(**row) for row in facts["networks"])})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}: expected the peers' benchmark ({error}); measure first: make bench-peers"
            ) from error


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
    exported = [*RUNS.glob("*/export/*_int8.tflite"), *RUNS.glob("*/export/*_fp32.tflite")]
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


def compare(contenders: Sequence[Contender], faces: Split, data: str, rounds: int) -> Comparison:
    """Time every network, alone and with its preprocessing, in turns; then score each on all faces."""
    machine = {**machine_facts(), "load_average": take_look().as_dict()["load_average"]}
    with make_progress() as progress:
        task = progress.add_task("timing", total=rounds)
        timings = measure_interleaved(
            _calls(contenders, faces.images),
            Effort("peers", rounds),
            lambda done: progress.update(task, completed=round(done * rounds)),
        )
        evaluations = []
        for contender in contenders:
            progress.reset(task, description=f"scoring {contender.name}", total=len(faces))
            scores = []
            for face in faces.images:
                scores.append(contender.classify(face))
                progress.advance(task)
            evaluations.append(evaluate_scores(np.array(scores), faces.labels))
    rows = [_network(*each, timings) for each in zip(contenders, evaluations, strict=True)]
    return Comparison(data, len(faces), rounds, machine, tuple(rows))


def comparison_table(comparison: Comparison) -> Table:
    """The table for the terminal."""
    numbers = (
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
    return table


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


def _network(contender: Contender, evaluation: Evaluation, timings: dict[str, Timing]) -> Network:
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
        evaluation=evaluation.as_dict(),
        parent_sha256=card.parent_sha256 if card else None,
        agreement=card.parity.get("agreement") if card else None,
        accuracy_drop=card.parity.get("accuracy_drop") if card else None,
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
    models: tuple[Path, ...], data: str | None, rounds: int, images: int | None, output: Path, yes: bool
) -> None:
    """Compare this project's networks with those that a user could install instead; write peers.json."""
    dataset = read_data(data, yes=yes)
    faces = dataset.validation
    # In any order, so that the faces that are timed are of all expressions.
    faces = faces.take(np.random.default_rng(0).permutation(len(faces))[:images])
    with native_stderr_muffled():
        contenders = [*load_own(models or own_files()), *load_peers(output / "cache")]
    comparison = compare(contenders, faces, dataset.name, rounds)
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
