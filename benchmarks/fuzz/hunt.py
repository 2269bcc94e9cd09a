"""The hunt: which kinds of input there are, and how worker processes try them in batches."""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from hashlib import sha256

from benchmarks.fuzz import archives, binaries, structured, training
from benchmarks.fuzz.attempt import Fault, FuzzInput, Outcome, attempt
from fer_edge.pictures.size import limit_opencv
from fer_edge.terminal.native_logs import native_stderr_muffled, quiet_ffmpeg

_BATCH = 5
_COMMANDS = ("run", "info", "samples", "evaluate", "benchmark", "doctor", "service", "notice", "data")
_COMMANDS_OF_FILES = ("predict", "analyze")
_LIBRARIES = ("ai_edge_litert.interpreter", "onnxruntime", "export.onnx_graph", "matplotlib.pyplot")

Make = Callable[[int, int], list[FuzzInput]]
Batch = tuple[str, int, int]
"""A kind, a seed, and how many inputs."""


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes:
        make: Makes inputs from a seed and a count.
        share: Of all inputs, in thousandths.
        modules: Imported before its first input, as that takes seconds.
    """

    make: Make
    share: int
    modules: tuple[str, ...] = ()


_TRAIN = ("fer_edge.cli.commands.train", "fer_edge.training.train", "fer_edge.training.report")

KINDS = {
    "option values": Kind(structured.options, 120),
    "new options": Kind(structured.new_options, 80),
    "TOML": Kind(structured.configs, 90),
    "CSV": Kind(structured.tables, 70),
    "groups": Kind(structured.groups, 60),
    "names in a zip": Kind(structured.zip_names, 50),
    "class folders": Kind(structured.class_folders, 50),
    "model cards": Kind(structured.cards, 80),
    "TFLite": Kind(binaries.tflite, 60),
    "ONNX": Kind(binaries.onnx, 60),
    "models signed again": Kind(binaries.signed_again, 20),
    "pictures": Kind(binaries.pictures, 40),
    "pictures to predict": Kind(archives.predicted, 60),
    "videos": Kind(binaries.videos, 40),
    "files to analyze": Kind(archives.analyzed, 40),
    "logs": Kind(archives.logs, 40),
    "analysis folders": Kind(archives.analysis_folders, 40),
    "zips": Kind(binaries.zips, 40),
    "class options": Kind(training.class_options, 20, _TRAIN),
    "run folders": Kind(structured.run_folders, 10, _TRAIN),
    "training states": Kind(training.training_states, 20, _TRAIN),
    ".keras": Kind(binaries.keras, 10, ("fer_edge.training.networks.keras_file",)),
}


@dataclass
class Tally:
    """Counts of one kind's inputs."""

    exits: Counter[int] = field(default_factory=Counter)
    faults: Counter[Fault] = field(default_factory=Counter)
    most_processor_s: float = 0.0
    most_memory_bytes: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.exits[outcome.exit_code] += 1
        self.most_processor_s = max(self.most_processor_s, outcome.processor_s)
        self.most_memory_bytes = max(self.most_memory_bytes, outcome.memory_bytes)
        if outcome.fault:
            self.faults[outcome.fault] += 1


def plan(inputs: int, seed: int, kinds: Sequence[str]) -> list[Batch]:
    """Return batches of all kinds, of which each share of the list holds about the same share of each kind."""
    whole = sum(KINDS[kind].share for kind in kinds)
    placed = []
    for kind in kinds:
        count = max(1, round(inputs * KINDS[kind].share / whole))
        for number, done in enumerate(range(0, count, _BATCH)):
            digest = sha256(f"{seed} {kind} {number}".encode()).digest()
            batch = (kind, int.from_bytes(digest[:6], "big"), min(_BATCH, count - done))
            placed.append((done / count, batch))
    return [batch for _, batch in sorted(placed, key=lambda one: one[0])]


def hunt(batches: Sequence[Batch], workers: int) -> Iterator[tuple[str, FuzzInput | None, Outcome]]:
    """Try batches in worker processes, and those that need TensorFlow in one more, as it then forks more slowly.

    Yields:
        The kind, the input if it found a fault, and the outcome of each input.
    """
    spawn = multiprocessing.get_context("spawn")
    pools = {False: ProcessPoolExecutor(workers, spawn, prepare), True: ProcessPoolExecutor(1, spawn, prepare)}
    try:
        pending = {pools[bool(_modules(batch[0]))].submit(_try_batch, *batch): batch for batch in batches}
        for done in as_completed(pending):
            kind, _, _ = pending[done]
            for one, outcome in done.result():
                yield kind, one, outcome
    finally:
        for pool in pools.values():
            pool.shutdown(cancel_futures=True)


def prepare(kind: str = "") -> None:
    """Import what the commands import, so that a forked child has it already; and what `kind` needs."""
    os.environ.pop("FER_EDGE_DATA", None)
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", MPLBACKEND="Agg")
    limit_opencv(None)
    quiet_ffmpeg()
    _import(
        (*(f"fer_edge.cli.commands.{name}" for name in (*_COMMANDS, *_COMMANDS_OF_FILES)), *_LIBRARIES, *_modules(kind))
    )


def _try_batch(kind: str, seed: int, count: int) -> list[tuple[FuzzInput | None, Outcome]]:
    """Try a batch of inputs; those that found nothing are not returned."""
    _import(_modules(kind))
    tried = [(one, attempt(one)) for one in KINDS[kind].make(seed, count)]
    return [(one if outcome.fault else None, outcome) for one, outcome in tried]


def _modules(kind: str) -> tuple[str, ...]:
    return KINDS[kind].modules if kind in KINDS else ()


def _import(modules: Iterable[str]) -> None:
    with native_stderr_muffled():  # TensorFlow's hints
        for module in modules:
            importlib.import_module(module)
