"""Examination of one userland: install, checks, scores and counts, in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.progress import Progress

from benchmarks.pi import checks, counts
from benchmarks.pi.agreement import check_other_engine, check_same_engine
from benchmarks.pi.boards import BOARDS
from benchmarks.pi.elf import check_pages
from benchmarks.pi.host import Host
from benchmarks.pi.install import VENV, Installation, install
from benchmarks.pi.models import (
    Model,
    Scores,
    install_other_engine,
    put_models,
    scores_there,
)
from benchmarks.pi.processes import Processes
from benchmarks.pi.result import Check, Count, StageCount, UserlandResult
from benchmarks.pi.userland import Suite, Userland, make_userland
from fer_edge.precision import Precision

_STEPS = 6
_OTHER_ENGINES_PYTHON = "3.11."
"""Last version of Python that tflite-runtime has a wheel for."""

_COUNTED_THERE = (Precision.FP32, Precision.INT8)
"""Precisions counted in tflite-runtime, for comparison; a device has LiteRT."""


@dataclass(frozen=True)
class Places:
    """Folders of an examination.

    Attributes:
        work: Temporary files.
        cache: Downloads.
        output: Results and logs.
    """

    work: Path
    cache: Path
    output: Path


@dataclass(frozen=True)
class Work:
    """Inputs of an examination.

    Attributes:
        host: This machine.
        wheel: The project's wheel.
        models: Model files to run in the userland.
        peers: Other projects' files, of which only the instructions are counted.
        faces: Faces to run them on, uint8 (N, 48, 48), 0..255.
        here: Scores on this machine, by the files' digest.
        places: Folders.
        processes: Starts programs.
        counted_on: Userland in which LiteRT's instructions are counted.
        unhurried: Userland in which all files are run on every face.
    """

    host: Host
    wheel: Path
    models: Sequence[Model]
    peers: Sequence[Model]
    faces: npt.NDArray[np.uint8]
    here: Scores
    places: Places
    processes: Processes
    counted_on: Suite
    unhurried: Suite


@dataclass(frozen=True)
class Examined:
    """Results of a userland."""

    userland: UserlandResult
    counts: list[Count]
    stages: list[StageCount]


class Steps:
    """Shows the current step in a userland, and the duration of each."""

    def __init__(self, progress: Progress, name: str) -> None:
        self._progress = progress
        self._name = name
        self._task = progress.add_task(name, total=_STEPS)
        self._title = ""
        self._began = 0.0

    def begin(self, title: str) -> None:
        """End the current step, and begin the next."""
        self.end()
        self._title, self._began = title, time.monotonic()
        self._progress.update(self._task, description=f"{self._name}: {title}")

    def end(self) -> None:
        """End the current step."""
        if self._title:
            self._progress.advance(self._task)
            self._progress.console.print(f"{self._name}: {self._title}, {time.monotonic() - self._began:.0f} s")
        self._title = ""


def examine(work: Work, suite: Suite, steps: Steps) -> Examined:
    """Make a userland, install the project as on a Raspberry Pi, check it and count its instructions.

    Raises:
        HostUnfitError: If the mirror cannot be reached.
        FerEdgeError: If anything but a check fails.
    """
    steps.begin("Debian's packages")
    userland = _make(work, suite)
    steps.begin("the device install")
    installation = install(userland, work.wheel)
    steps.begin("doctor and the demo stream")
    doctor_check, doctor = checks.check_doctor(userland)
    found = [check_pages(userland.path(VENV)), doctor_check, checks.check_demo(userland)]
    steps.begin(f"{len(work.models)} models on {len(work.faces)} faces")
    put_models(userland, [*work.models, *work.peers], work.faces)
    there = scores_there(userland, work.models, save_time=suite != work.unhurried)
    found += check_same_engine(work.models, there, work.here)
    counts.compile_counter(userland)
    counted: list[Count] = []
    stages: list[StageCount] = []
    if suite == work.counted_on:
        steps.begin("counting")
        counted, stages, repeated = _count(userland, [*work.models, *work.peers])
        found.append(repeated)
    if installation.python.startswith(_OTHER_ENGINES_PYTHON):
        steps.begin("tflite-runtime")
        check, more = _look_at_other_engine(work, userland)
        found.append(check)
        counted += more
    steps.begin("tests")
    found.append(checks.check_tests(userland))
    steps.end()
    return Examined(_result(suite, installation, doctor, found), counted, stages)


def _make(work: Work, suite: Suite) -> Userland:
    places = work.places
    log = places.output / f"{suite.name}.log"
    with _one_at_a_time:  # both download the emulator
        return make_userland(work.host, suite, places.work / suite.name, places.cache, log, work.processes)


def _count(userland: Userland, models: Sequence[Model]) -> tuple[list[Count], list[StageCount], Check]:
    counted: list[Count] = []
    stages: list[StageCount] = []
    spreads = []
    for board in BOARDS:
        of_board, spread = counts.count_models(userland, board, models)
        counted += of_board
        stages += counts.count_stages(userland, board)
        spreads.append(spread)
    again, spread = counts.count_models(userland, BOARDS[-1], models[:1])
    return counted, stages, counts.check_repeatable(counted, again, max(*spreads, spread))


def _look_at_other_engine(work: Work, userland: Userland) -> tuple[Check, list[Count]]:
    site = install_other_engine(userland, work.wheel)
    there = scores_there(userland, work.models, save_time=True, site=site)
    check = check_other_engine(work.models, there, work.here)
    models = [model for model in work.models if model.precision in _COUNTED_THERE]
    counted = [counts.count_models(userland, board, models, site)[0] for board in BOARDS]
    return check, [count for of_board in counted for count in of_board]


def _result(suite: Suite, installation: Installation, doctor: dict[str, Any], found: list[Check]) -> UserlandResult:
    return UserlandResult(
        name=suite.name,
        python=installation.python,
        board=suite.board.name,
        packages=installation.packages,
        installed_bytes=installation.bytes,
        installed_files=installation.files,
        fetched_bytes=sum(size for *_, size in installation.fetched),
        fetched=installation.fetched,
        doctor=doctor,
        checks=tuple(found),
    )


_one_at_a_time = threading.Lock()
