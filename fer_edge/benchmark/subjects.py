"""What is measured: the project's files, other projects', and models that somebody else has loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.benchmark.families import check_families
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
from fer_edge.precision import Precision
from fer_edge.scores import require_expressions

__all__ = ["PeerFile", "Role", "Subject", "distinct_files", "load_subjects", "unique_names"]

Load = Callable[[int, Engine], Classifier]
"""From a number of threads and an interpreter."""

OnNote = Callable[[str], None]

_TOLERANCE = {Precision.FP32.value: 1e-3, Precision.FP16.value: 1e-2}
_INTEGER_TOLERANCE = 0.1
"""How far the scores of two interpreters may lie apart. Kernels round differently; those that are wrong are far off."""


class Role(str, Enum):
    """Whose a subject is: the model that the others came from, this project's file, or another project's."""

    FULL = "full"
    FILE = "file"
    PEER = "peer"


@dataclass(frozen=True, eq=False)
class Subject:
    """A model in an interpreter, loaded.

    Attributes:
        name: Unique among those that are measured together.
        path: Its file.
        role: Whose it is.
        classifier: Scores faces; its card tells the labels, the input's size and how faces are cut out for it.
        precision: Of its weights and activations, as read from the file.
        threads: Of the interpreter.
        delegation: What runs the graph.
        reopen: Loads it again with so many threads; `None` if that cannot be chosen for it alone.
        fresh_command: Measures it in a fresh process, as `fer_edge.benchmark.fresh` does; `None` if nothing can.
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
    families: Sequence[Engine] | None = None,
    on_note: OnNote | None = None,
) -> list[Subject]:
    """Load files, each in every interpreter that runs it.

    An interpreter counts as running a file if it gives the scores of the file's preferred interpreter.

    Args:
        files: This project's, with cards; those of equal content are loaded once.
        peers: Other projects'.
        threads: Of each interpreter.
        families: Only these; `None` for all that are installed here.
        on_note: Told in a line of each installed interpreter that is left out for a file, and why.

    Raises:
        ModelError: If a file cannot be used, or gives scores of other expressions.
        InputError: If no file is left to measure.
    """
    tell = on_note or _ignore
    distinct = distinct_files(files)
    for path in dict.fromkeys(files):
        if path not in distinct:
            tell(f"{path.name}: left out, since another file of the same content is measured")
    own: dict[Path, Load] = {path: partial(_load_own, path) for path in distinct}
    others: dict[Path, Load] = {peer.path: peer.load for peer in peers}
    loads = {**own, **others}
    chosen = _choose_families(list(loads), families, tell)
    subjects: list[Subject] = []
    for name, (path, load) in zip(unique_names(list(loads)), loads.items(), strict=True):
        file = _File(name, path, Role.PEER if path in others else Role.FILE, load, threads)
        opened = _open(file, chosen[path], tell)
        subjects += [_subject(file, family, opened) for family in opened]
    if not subjects:
        raise InputError("expected a model file that one of the interpreters asked for can run, got none")
    return subjects


def distinct_files(paths: Sequence[Path]) -> list[Path]:
    """The files without those whose content came before.

    Raises:
        ModelError: If one is missing.
    """
    for path in paths:
        if not path.is_file():
            raise ModelError(f"{path}: no such model file")
    return list({sha256_file(path): path for path in reversed(paths)}.values())[::-1]


def unique_names(paths: Sequence[Path]) -> list[str]:
    """The files' names; for those that share one, with the folder of their run (`RUN/export/FILE`)."""
    names = [path.name for path in paths]
    found = [
        name if names.count(name) == 1 else f"{path.resolve().parents[1].name}/{name}"
        for path, name in zip(paths, names, strict=True)
    ]
    return [name if found.count(name) == 1 else str(path) for path, name in zip(paths, found, strict=True)]


def _choose_families(
    paths: Sequence[Path], wanted: Sequence[Engine] | None, on_note: OnNote
) -> dict[Path, list[Engine]]:
    """Those that run each file; one that nothing here runs is an error."""
    chosen: dict[Path, list[Engine]] = {}
    for path, faults in check_families(paths, wanted or tuple(Engine)).items():
        if not engines_for(path):
            raise ModelError(f"{path}: expected a .tflite or .onnx file")
        if not faults and wanted:
            names = ", ".join(each.value for each in wanted)
            on_note(f"{path.name}: left out, since none of {names} is here and runs such files")
        elif not faults:
            open_interpreter(path)  # says what to install
        chosen[path] = [family for family, fault in faults.items() if not fault]
        if faults and not chosen[path]:
            raise ModelError(next(iter(faults.values())))
        for family, fault in faults.items():
            if fault:
                on_note(f"{path.name}: left out in {family.value}: {fault}")
    return chosen


@dataclass(frozen=True)
class _File:
    """One to be loaded."""

    name: str
    path: Path
    role: Role
    load: Load
    threads: int


def _open(file: _File, families: Sequence[Engine], on_note: OnNote) -> dict[Engine, Classifier]:
    """Load a file in each interpreter, and keep those that agree with the first."""
    opened: dict[Engine, Classifier] = {}
    expected = None
    for family in families:
        try:
            classifier = file.load(file.threads, family)
            scores = classifier.classify_all(_patterns(classifier.card.input.size_wh))
        except ModelError as error:
            if expected is None:
                raise
            on_note(f"{file.name}: left out in {family.value}: {error}")
            continue
        expected = scores if expected is None else expected
        apart = float(np.abs(scores - expected).max())
        if apart <= _TOLERANCE.get(_precision(file.path, classifier), _INTEGER_TOLERANCE):
            opened[family] = classifier
        else:
            on_note(f"{file.name}: left out in {classifier.runtime}: its scores are off by up to {apart:.2f}")
    return opened


def _subject(file: _File, family: Engine, opened: Mapping[Engine, Classifier]) -> Subject:
    classifier = opened[family]
    library = classifier.runtime.rsplit(" ", 1)[0]
    return Subject(
        name=file.name if len(opened) == 1 else f"{file.name} ({library})",
        path=file.path,
        role=file.role,
        classifier=classifier,
        precision=_precision(file.path, classifier),
        threads=file.threads,
        delegation=classifier.delegation,
        reopen=partial(_reopen, file.load, family),
        fresh_command=fresh_command(file.path, family, file.threads),
    )


def _reopen(load: Load, family: Engine, threads: int) -> Classifier:
    return load(threads, family)


def _load_own(path: Path, threads: int, family: Engine) -> Classifier:
    require_expressions(read_card(path).labels, path)
    return Classifier.load(path, num_threads=threads, engine=family)


def _precision(path: Path, classifier: Classifier) -> str:
    return inspect_tflite(path).precision.value if path.suffix.lower() == ".tflite" else classifier.card.precision


def _patterns(size_wh: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Sixteen pictures of soft blobs, which call forth all kinds of scores: uint8 (16, H, W)."""
    coarse = np.random.default_rng(0).integers(0, 256, (16, 6, 6), np.uint8)
    return np.stack([np.asarray(cv2.resize(each, size_wh), np.uint8) for each in coarse])


def _ignore(_: str) -> None: ...
