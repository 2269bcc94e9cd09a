"""Subjects of a benchmark: this project's files and other projects', each in every engine that runs it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.engines import check_engines
from fer_edge.benchmark.fresh import fresh_command
from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.errors import InputError, ModelError
from fer_edge.files import sha256_file
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.inference.delegation import UNKNOWN_DELEGATION, Delegation
from fer_edge.inference.engine import Engine, engines_for
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.labels import EXPRESSIONS
from fer_edge.notes import OnNote, ignore_note
from fer_edge.picture_form import PictureForm
from fer_edge.precision import Precision
from fer_edge.scores import require_classes

Load = Callable[[int, Engine], Classifier]
"""Loads a file with a number of threads, in an engine."""


_TOLERANCE = {Precision.FP32.value: 1e-3, Precision.FP16.value: 1e-2}
_INTEGER_TOLERANCE = 0.1
"""Largest difference of two engines' scores, 0..1. Kernels round differently; wrong ones are far off."""


class Role(str, Enum):
    """Origin of a subject: full model, file exported by this project, or another project's file."""

    FULL = "full"
    FILE = "file"
    PEER = "peer"


@dataclass(frozen=True, eq=False)
class Subject:
    """A loaded model.

    Attributes:
        name: Unique name in a report.
        path: Model file.
        role: Origin of the file.
        classifier: Loaded classifier; its card states labels, input size and crop.
        precision: Precision of weights and activations, as read from the file.
        threads: Number of threads of the interpreter.
        delegation: Delegate of the graph.
        reopen: Loads the subject again with a number of threads; `None` if it cannot be chosen.
        fresh_command: Command that measures it in a fresh process, as `fer_edge.benchmark.fresh` does; `None` if there
            is none.
    """

    name: str
    path: Path
    role: Role
    classifier: ScoresFaces
    precision: str
    threads: int = 1
    delegation: Delegation = UNKNOWN_DELEGATION
    reopen: Callable[[int], ScoresFaces] | None = None
    fresh_command: tuple[str, ...] | None = None


def load_subjects(
    files: Sequence[Path],
    peers: Sequence[PeerFile] = (),
    *,
    threads: int = 1,
    engines: Sequence[Engine] | None = None,
    on_note: OnNote = ignore_note,
    classes: tuple[str, ...] | None = None,
) -> list[Subject]:
    """Load files, each in every engine that runs it.

    An engine counts if its scores are those of the file's preferred engine.

    Args:
        files: This project's files, with cards; files with equal content are loaded once.
        peers: Other projects' files.
        threads: Number of threads of each interpreter.
        engines: Engines to use; `None` for all installed ones.
        on_note: Called with a line for each installed engine that is left out for a file, with the reason.
        classes: Classes that each file must score; None for those of the first file.

    Raises:
        ModelError: If a file cannot be used, or scores other classes.
        InputError: If no file is left to measure.
    """
    distinct = distinct_files(files)
    for path in dict.fromkeys(files):
        if path not in distinct:
            on_note(f"{path.name}: left out, as another file with the same content is measured")
    first = partial(_classes_of, distinct, classes)
    own: dict[Path, Load] = {path: partial(_load_own, path, first) for path in distinct}
    others: dict[Path, Load] = {peer.path: partial(_load_peer, peer, first) for peer in peers}
    loads = {**own, **others}
    chosen = _choose_engines(list(loads), engines, on_note)
    subjects: list[Subject] = []
    for name, (path, load) in zip(unique_names(list(loads)), loads.items(), strict=True):
        file = _File(name, path, Role.PEER if path in others else Role.FILE, load, threads)
        opened = _open(file, chosen[path], on_note)
        subjects += [_subject(file, engine, opened) for engine in opened]
    if not subjects:
        raise InputError("expected a model file that one of the engines asked for can run, got none")
    return subjects


def distinct_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files without those that repeat an earlier one's content.

    Raises:
        ModelError: If one is missing.
    """
    for path in paths:
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
    return list({sha256_file(path): path for path in reversed(paths)}.values())[::-1]


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Return the files' names; files that share one get the name of their run (`RUN/FILE`)."""
    names = [path.name for path in paths]
    found = [
        name if names.count(name) == 1 else f"{path.resolve().parents[1].name}/{name}"
        for path, name in zip(paths, names, strict=True)
    ]
    return [name if found.count(name) == 1 else str(path) for path, name in zip(paths, found, strict=True)]


def _choose_engines(
    paths: Sequence[Path], wanted: Sequence[Engine] | None, on_note: OnNote
) -> dict[Path, list[Engine]]:
    """Return the engines that run each file; raise `ModelError` for a file that none runs."""
    chosen: dict[Path, list[Engine]] = {}
    for path, faults in check_engines(paths, wanted or tuple(Engine)).items():
        if not engines_for(path):
            raise ModelError(f"{path}: expected a .tflite or .onnx file")
        if not faults and wanted:
            names = ", ".join(each.value for each in wanted)
            on_note(f"{path.name}: left out, as none of {names} is installed and runs such files")
        elif not faults:
            open_interpreter(path)  # raises an error that names what to install
        chosen[path] = [engine for engine, fault in faults.items() if not fault]
        if faults and not chosen[path]:
            raise ModelError(next(iter(faults.values())))
        for engine, fault in faults.items():
            if fault:
                on_note(f"{path.name}: left out in {engine.value}: {fault}")
    return chosen


@dataclass(frozen=True)
class _File:
    """A file to load."""

    name: str
    path: Path
    role: Role
    load: Load
    threads: int


def _open(file: _File, engines: Sequence[Engine], on_note: OnNote) -> dict[Engine, Classifier]:
    """Load a file in each engine; keep the engines whose scores agree with the first one's."""
    opened: dict[Engine, Classifier] = {}
    expected = None
    for engine in engines:
        try:
            classifier = file.load(file.threads, engine)
            scores = classifier.classify_all(_patterns(classifier.card.input.form))
        except ModelError as error:
            if expected is None:
                raise
            on_note(f"{file.name}: left out in {engine.value}: {error}")
            continue
        expected = scores if expected is None else expected
        gap = float(np.abs(scores - expected).max())
        if gap <= _TOLERANCE.get(_precision(file.path, classifier), _INTEGER_TOLERANCE):
            opened[engine] = classifier
        else:
            on_note(f"{file.name}: left out in {classifier.runtime}: its scores differ by up to {gap:.2f}")
    return opened


def _subject(file: _File, engine: Engine, opened: Mapping[Engine, Classifier]) -> Subject:
    classifier = opened[engine]
    library = classifier.runtime.rsplit(" ", 1)[0]
    return Subject(
        name=file.name if len(opened) == 1 else f"{file.name} ({library})",
        path=file.path,
        role=file.role,
        classifier=classifier,
        precision=_precision(file.path, classifier),
        threads=file.threads,
        delegation=classifier.delegation,
        reopen=partial(_reopen, file.load, engine),
        fresh_command=fresh_command(file.path, engine, file.threads),
    )


def _reopen(load: Load, engine: Engine, threads: int) -> Classifier:
    return load(threads, engine)


def _classes_of(files: Sequence[Path], classes: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return `classes`, or else those of the first file; the seven expressions without a file."""
    return classes or (read_card(files[0]).labels if files else EXPRESSIONS)


def _load_own(path: Path, expected: Callable[[], tuple[str, ...]], threads: int, engine: Engine) -> Classifier:
    require_classes(read_card(path).labels, path, expected())
    return Classifier.load(path, num_threads=threads, engine=engine)


def _load_peer(peer: PeerFile, expected: Callable[[], tuple[str, ...]], threads: int, engine: Engine) -> Classifier:
    return peer.load(threads, engine, classes=expected())


def _precision(path: Path, classifier: Classifier) -> str:
    return inspect_tflite(path).precision.value if path.suffix.lower() == ".tflite" else classifier.card.precision


def _patterns(form: PictureForm) -> npt.NDArray[np.uint8]:
    """Return sixteen images of soft blobs, uint8 (16, H, W) or (16, H, W, 3), which get diverse scores."""
    coarse = np.random.default_rng(0).integers(0, 256, (16, *PictureForm(6, 6, form.colour).image_shape), np.uint8)
    return np.stack([np.asarray(cv2.resize(each, form.size_wh), np.uint8) for each in coarse])
