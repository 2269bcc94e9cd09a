"""Export of one model to one file: the fastest on this machine that passes verification."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from export.exporter import Converted, Exported, Exporter
from export.selection import Candidate, Choice, choose
from export.target import Target
from fer_edge.benchmark.frames import model_call, show_labelled
from fer_edge.benchmark.machine import Watch
from fer_edge.benchmark.results import Timing
from fer_edge.benchmark.timing import DEFAULT, Effort, measure_interleaved
from fer_edge.dataset.data import Split
from fer_edge.errors import FerEdgeError
from fer_edge.progress import OnStage
from fer_edge.temporary import temporary_folder

FAR = 10
"""A file that takes over 10 times as long as one that passed is not verified: it cannot be chosen, and takes minutes.
int16x8, which has no fast kernels, takes a hundred times as long as int8."""

_LOOK = Effort("look", rounds=10)


@dataclass(frozen=True)
class Tried:
    """Outcome of one file.

    Attributes:
        name: Name of the file.
        refusal: Reason why it cannot be converted, or run here; `None` if it can.
        bytes: Its size, with the card once it is verified; `None` if it cannot be run.
        look_ms: Median of a few calls, by which the files to verify are chosen; `None` if it cannot be run.
        exported: The verified file; `None` if it cannot be run, or is too slow to be verified.
        timing: Timing of its calls, in turn with the others'; `None` if it has not passed verification.
    """

    name: str
    refusal: str | None = None
    bytes: int | None = None
    look_ms: float | None = None
    exported: Exported | None = None
    timing: Timing | None = None


@dataclass(frozen=True)
class Trial:
    """Outcome of all files.

    Attributes:
        tried: Outcome of each file, in the order given.
        kept: The file that was put in place; `None` if none passed verification.
        choice: The reason for it.
        machine_faults: Faults of the machine that make the times doubtful, in words.
    """

    tried: tuple[Tried, ...]
    kept: Exported | None = None
    choice: Choice | None = None
    machine_faults: tuple[str, ...] = ()


def export_fastest(exporter: Exporter, wanted: Sequence[Target], faces: Split, on_stage: OnStage) -> Trial:
    """Convert and verify the files, time those that pass in turn on one thread, and put the chosen one in place.

    Args:
        exporter: Converts, verifies and places files.
        wanted: The files to try.
        faces: Images to verify on, some of which are shown while timing.
        on_stage: Called with the name of each stage but those of the exporter, and the share of it that is done.
    """
    with temporary_folder() as folder:
        search = _Search(exporter, faces, on_stage)
        search.convert(wanted, folder)
        search.look()
        search.verify()
        return search.choose()


class _Search:
    """The files that are tried, by name; those that can be run are open."""

    def __init__(self, exporter: Exporter, faces: Split, on_stage: OnStage) -> None:
        self._exporter = exporter
        self._shown = show_labelled(faces)
        self._on_stage = on_stage
        self._tried: dict[str, Tried] = {}
        self._converted: dict[str, Converted] = {}

    def convert(self, wanted: Sequence[Target], folder: Path) -> None:
        """Convert the model to each file that can be converted and run here."""
        for done, target in enumerate(wanted, 1):
            name = self._exporter.name_of(target)
            try:
                converted = self._exporter.convert(target, folder)
            except FerEdgeError as error:
                self._tried[name] = Tried(name, refusal=str(error))
            else:
                self._converted[name] = converted
                self._tried[name] = Tried(name, bytes=converted.classifier.path.stat().st_size)
            self._on_stage("conversion", done / len(wanted))

    def look(self) -> None:
        """Time a few calls of each file."""
        for name, timing in self._measure(list(self._converted), _LOOK, "a first look at the times").items():
            self._tried[name] = replace(self._tried[name], look_ms=timing.p50)

    def verify(self) -> None:
        """Verify the files, the fastest first, until the rest are far slower than one that passed."""
        limit_ms = float("inf")
        for look_ms, name in sorted((one.look_ms, one.name) for one in self._tried.values() if one.look_ms is not None):
            if look_ms > limit_ms:
                break
            exported = self._exporter.verify(self._converted[name])
            self._tried[name] = replace(self._tried[name], exported=exported, bytes=exported.bytes)
            if not exported.faults:
                limit_ms = min(limit_ms, FAR * look_ms)

    def choose(self) -> Trial:
        """Time the files that passed, and put one in place."""
        passed = {name: one.exported for name, one in self._tried.items() if one.exported and not one.exported.faults}
        if not passed:
            return Trial(tuple(self._tried.values()))
        with Watch() as watch:
            timings = self._measure(list(passed), DEFAULT, "the times")
        for name, timing in timings.items():
            self._tried[name] = replace(self._tried[name], timing=timing)
        choice = choose([Candidate(name, exported.bytes, timings[name]) for name, exported in passed.items()])
        kept = self._exporter.place(passed[choice.name])
        return Trial(tuple(self._tried.values()), kept, choice, watch.board().faults)

    def _measure(self, names: Sequence[str], effort: Effort, stage: str) -> dict[str, Timing]:
        """Return the time that each file takes for a face, measured in turn."""
        if not names:
            return {}
        calls = {name: model_call(self._converted[name].classifier, self._shown) for name in names}
        return measure_interleaved(calls, effort, partial(self._on_stage, stage))
