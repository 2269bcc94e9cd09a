"""One model to one file: the fastest on this machine that passes its proof."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from export.exporter import Exported, Exporter, Target
from export.selection import Candidate, Choice, choose
from fer_edge.benchmark.frames import model_call, show_labelled
from fer_edge.benchmark.machine import Watch
from fer_edge.benchmark.results import Timing
from fer_edge.benchmark.timing import DEFAULT, Effort, measure_interleaved
from fer_edge.dataset.data import Split
from fer_edge.errors import FerEdgeError
from fer_edge.inference.classifier import Classifier

FAR = 10
"""A file that takes more than so many times as long as one that has passed is not proved: it cannot be chosen, and may
take minutes. int16x8, which has no fast kernels, takes a hundred times as long as int8."""

_LOOK = Effort("look", rounds=10)
_PERCENT = 100


@dataclass(frozen=True)
class Tried:
    """What came of one file.

    Attributes:
        name: Of the file.
        refusal: Why it cannot be made, or run here; `None` if it can.
        bytes: Its size, with its card once it is proved; `None` if it cannot be run.
        look_ms: The median of a few calls, by which it is decided what to prove; `None` if it cannot be run.
        exported: Its proof; `None` if it cannot be run, or is too slow to be proved.
        timing: Of its calls in turn with the others'; `None` if it has not passed the proof.
    """

    name: str
    refusal: str | None = None
    bytes: int | None = None
    look_ms: float | None = None
    exported: Exported | None = None
    timing: Timing | None = None


@dataclass(frozen=True)
class Trial:
    """What came of all files.

    Attributes:
        tried: One by one, as they were asked for.
        kept: The one that was put in place; `None` if none passed its proof.
        choice: Why it was.
        machine_faults: What speaks against the times, in words.
    """

    tried: tuple[Tried, ...]
    kept: Exported | None = None
    choice: Choice | None = None
    machine_faults: tuple[str, ...] = ()


@dataclass(frozen=True)
class Progress:
    """Who is told how far it is.

    Attributes:
        on_stage: What is done next, and in how many steps.
        on_step: How many of them are done.
    """

    on_stage: Callable[[str, int], None]
    on_step: Callable[[int], None]


def export_fastest(exporter: Exporter, wanted: Sequence[Target], faces: Split, progress: Progress) -> Trial:
    """Make every file, prove them, time those that pass in turn on one thread, and put the chosen one in place.

    Args:
        exporter: Makes, proves and places.
        wanted: The files to try.
        faces: The images of the proof, some of which are shown while timing.
        progress: Told how far it is.
    """
    with tempfile.TemporaryDirectory() as folder:
        search = _Search(exporter, faces, progress)
        search.convert(wanted, Path(folder))
        search.look()
        search.prove()
        return search.choose()


class _Search:
    """The files that are tried, by name, and those that can be run, open."""

    def __init__(self, exporter: Exporter, faces: Split, progress: Progress) -> None:
        self._exporter = exporter
        self._images = len(faces)
        self._shown = show_labelled(faces)
        self._progress = progress
        self._tried: dict[str, Tried] = {}
        self._opened: dict[str, tuple[Target, Classifier]] = {}

    def convert(self, wanted: Sequence[Target], folder: Path) -> None:
        """Make what can be made."""
        self._progress.on_stage("conversion", len(wanted))
        for done, target in enumerate(wanted, 1):
            name = self._exporter.name_of(target)
            try:
                classifier = self._exporter.convert(target, folder)
            except FerEdgeError as error:
                self._tried[name] = Tried(name, refusal=str(error))
            else:
                self._opened[name] = target, classifier
                self._tried[name] = Tried(name, bytes=classifier.path.stat().st_size)
            self._progress.on_step(done)

    def look(self) -> None:
        """Time each for a moment."""
        for name, timing in self._measure(list(self._opened), _LOOK, "a first look at the times").items():
            self._tried[name] = replace(self._tried[name], look_ms=timing.p50)

    def prove(self) -> None:
        """Prove one after another, the fastest first, as long as it may be the fastest that passes."""
        limit_ms = float("inf")
        for look_ms, name in sorted((one.look_ms, one.name) for one in self._tried.values() if one.look_ms is not None):
            if look_ms > limit_ms:
                break
            self._progress.on_stage(name, self._images)
            exported = self._exporter.prove(*self._opened[name])
            self._tried[name] = replace(self._tried[name], exported=exported, bytes=exported.bytes)
            if not exported.faults:
                limit_ms = min(limit_ms, FAR * look_ms)

    def choose(self) -> Trial:
        """Time those that have passed, and put one in place."""
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
        """How long a face takes each, faces in turn."""
        if not names:
            return {}
        self._progress.on_stage(stage, _PERCENT)
        calls = {name: model_call(self._opened[name][1], self._shown) for name in names}
        return measure_interleaved(calls, effort, lambda share: self._progress.on_step(round(_PERCENT * share)))
