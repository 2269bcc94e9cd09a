"""Every TFLite file, run there and here on the same faces: are the scores the same?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.pi.install import PIP, PYTHON, ROOT
from benchmarks.pi.result import Check
from benchmarks.pi.userland import HOME, Userland
from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file
from fer_edge.precision import Precision
from fer_edge.runtime.classifier import SHIPPED_MODEL
from fer_edge.runtime.inspection import inspect_tflite
from fer_edge.training.run_folder import RUNS


@dataclass(frozen=True)
class Outputs:
    """What a model made of some faces.

    Attributes:
        scores: float32 (N, labels).
        sums: What went into its softmax, integers (N, labels); `None` unless the model is quantized and ends in one.
    """

    scores: npt.NDArray[np.float32]
    sums: npt.NDArray[Any] | None = None


Scores = Mapping[str, Outputs]
"""By the model file's digest."""

INTEGER_TOLERANCE = 1.001 / 256
"""Scores of integer files may differ by a step of int8: softmax is approximated in other ways on other processors."""

FLOAT_TOLERANCE = 1e-4
"""Scores of float files may differ by so much: sums are added up in another order."""

DYNAMIC_TOLERANCE = 0.02
"""Likewise where activations are rounded to 8 bits as they come: a last bit of difference can round the other way."""

ABOUT_EVEN = 0.05
"""Two scores that are no further apart count as a tie between interpreters that round in different ways."""

EVERY = 4
"""Where time is saved, float files are shown one face in so many: emulated, they take ten times as long as others."""

INSIDE = Path(__file__).parent / "inside"
MODELS = HOME / "models"

_ALL_FACES = HOME / "faces.npy"
_SOME_FACES = HOME / "some-faces.npy"
_INTEGER = (Precision.INT8, Precision.INT16X8)
_OTHER_FAMILY = HOME / "tflite-runtime"
_OTHER_PACKAGES = ("tflite-runtime", "numpy<2", "opencv-python-headless<4.12")


@dataclass(frozen=True)
class Model:
    """A TFLite file.

    Attributes:
        path: Where it is here.
        name: Unique among those measured.
        sha256: Of the file.
        precision: As read from its tensors.
    """

    path: Path
    name: str
    sha256: str
    precision: Precision

    @property
    def there(self) -> Path:
        """Where it lies in a userland."""
        return MODELS / f"{self.sha256[:16]}.tflite"


def find_models() -> list[Model]:
    """The files that ship with the package, then every run's exports; each content once."""
    paths = [*sorted(SHIPPED_MODEL.parent.glob("*.tflite")), *sorted(RUNS.glob("*/export/*.tflite"))]
    distinct: dict[str, Path] = {}
    for path in paths:
        if ".failed." not in path.name:
            distinct.setdefault(sha256_file(path), path)
    names = [path.name for path in distinct.values()]
    return [
        Model(
            path,
            path.name if names.count(path.name) == 1 else f"{path.resolve().parents[1].name}/{path.name}",
            digest,
            inspect_tflite(path).precision,
        )
        for digest, path in distinct.items()
    ]


def snapshot(models: Sequence[Model], folder: Path) -> list[Model]:
    """Copies that stay as they are while something is measured that takes long, and others export."""
    folder.mkdir()
    copies: list[Model] = []
    for model in models:
        copy = folder / f"{len(copies)}.tflite"
        shutil.copy(model.path, copy)
        copies.append(replace(model, path=copy, sha256=sha256_file(copy)))
    return copies


def scores_here(models: Sequence[Model], faces: npt.NDArray[np.uint8], folder: Path) -> Scores:
    """Scores on this machine, by the files' digest.

    Raises:
        FerEdgeError: If a file cannot be run.
    """
    np.save(folder / "faces.npy", faces)
    paths = {str(model.path.resolve()): model.sha256 for model in models}
    command = [sys.executable, str(INSIDE / "scores.py"), "faces.npy", "scores.npz", *paths]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True)
    if done.returncode:
        raise FerEdgeError(f"the models cannot be run here: {done.stderr.strip().splitlines()[-1]}")
    return _read_outputs(folder / "scores.npz", paths)


def put_models(userland: Userland, models: Sequence[Model], faces: npt.NDArray[np.uint8]) -> None:
    """Lay the files, the faces and the programs into a userland."""
    userland.path(MODELS).mkdir(parents=True)
    for model in models:
        shutil.copy(model.path, userland.path(model.there))
    np.save(userland.path(_ALL_FACES), faces)
    np.save(userland.path(_SOME_FACES), faces[::EVERY])
    shutil.copytree(INSIDE, userland.path(HOME / INSIDE.name), ignore=shutil.ignore_patterns("__pycache__"))


def scores_there(userland: Userland, models: Sequence[Model], *, save_time: bool, site: Path | None = None) -> Scores:
    """Scores in a userland, by the files' digest.

    Args:
        userland: Where `put_models` has been.
        models: The files; those that the interpreter refuses are left out.
        save_time: Show float files one face in `EVERY`.
        site: Of a second interpreter, see `install_other_family`; the device install's if there is none.

    Raises:
        FerEdgeError: If the program fails.
    """
    integer = [model for model in models if model.precision in _INTEGER]
    others = [model for model in models if model.precision not in _INTEGER]
    return {
        **_scores_there(userland, integer, _ALL_FACES, site),
        **_scores_there(userland, others, _SOME_FACES if save_time else _ALL_FACES, site),
    }


def install_other_family(userland: Userland, wheel: Path) -> Path:
    """Install tflite-runtime, which has wheels to Python 3.11 and needs numpy 1, in a site folder of its own.

    Raises:
        FerEdgeError: If pip fails.
    """
    userland.run(PIP, "install", "--target", _OTHER_FAMILY, *_OTHER_PACKAGES)
    userland.run(PIP, "install", "--target", _OTHER_FAMILY, "--no-deps", HOME / wheel.name)
    return _OTHER_FAMILY


def python_of(site: Path | None) -> Path:
    """The interpreter that sees the device install, or the system's, which sees `site` alone."""
    return PYTHON if site is None else Path("/usr/bin/python3")


def site_variables(site: Path | None) -> dict[str, str]:
    """The environment that lets it see `site`."""
    return {} if site is None else {"PYTHONPATH": str(site)}


def check_same_family(models: Sequence[Model], there: Scores, here: Scores) -> list[Check]:
    """Compare scores of the same interpreter on two processors: integers bit for bit, floats within a tolerance."""
    integer = [model for model in models if model.precision in _INTEGER]
    others = [model for model in models if model.precision not in _INTEGER]
    pairs = {model: _pair(model, there, here) for model in models}
    exact = [model for model in integer if pairs[model].same_sums]
    step = [model for model in integer if pairs[model].gap <= INTEGER_TOLERANCE]
    near = [model for model in others if pairs[model].gap <= tolerance_of(model.precision)]
    same = [model for model in models if not pairs[model].other_class]
    bits = sum(pairs[model].other_scores for model in integer)
    gaps = "; ".join(f"{model.name} {pairs[model].gap:.1e}" for model in others)
    return [
        Check("integer files: bit for bit x86's, up to the softmax", exact == integer, _tally(exact, integer, there)),
        Check("integer files: scores", step == integer, f"{_tally(step, integer, there)}; {bits} a step from x86's"),
        Check("float files: scores near x86's", near == others, f"{_tally(near, others, there)}; by {gaps}"),
        Check("best class, as on x86", same == list(models), _tally(same, models, there)),
    ]


def check_other_family(models: Sequence[Model], there: Scores, here: Scores) -> Check:
    """Compare the best class of tflite-runtime there with LiteRT's here, for the files that it loads.

    Its kernels round integers in another way, so that a face whose two best classes are about even may change sides.
    """
    loaded = [model for model in models if model.sha256 in there]
    pairs = {model: _pair(model, there, here) for model in loaded}
    same = [model for model in loaded if pairs[model].same_class_but_for_ties]
    changed = sum(pairs[model].other_class for model in loaded)
    refused = [model.name for model in models if model not in loaded]
    detail = f"{_tally(same, loaded, there)}; {changed} faces about even changed sides"
    detail += f"; refused: {', '.join(refused)}" if refused else ""
    return Check("tflite-runtime: best class as LiteRT's", bool(loaded) and same == loaded, detail)


def tolerance_of(precision: Precision) -> float:
    """The largest difference allowed between scores of a float file on two processors."""
    return DYNAMIC_TOLERANCE if precision is Precision.DYNAMIC else FLOAT_TOLERANCE


def _scores_there(userland: Userland, models: Sequence[Model], faces: Path, site: Path | None) -> Scores:
    output = HOME / "scores.npz"
    program = (python_of(site), HOME / INSIDE.name / "scores.py", faces, output)
    userland.run(*program, *(model.there for model in models), variables=site_variables(site))
    digests = {str(model.there): model.sha256 for model in models}
    return _read_outputs(userland.path(output), digests)


def _read_outputs(file: Path, digests: Mapping[str, str]) -> Scores:
    with np.load(file) as stored:
        found = dict(stored)
    return {digests[path]: Outputs(found[path], found.get(f"{path}#sums")) for path in digests if path in found}


@dataclass(frozen=True)
class _Pair:
    """How far a file's outputs there are from those here."""

    same_sums: bool
    same_class_but_for_ties: bool
    other_class: int
    other_scores: int
    gap: float


def _pair(model: Model, all_there: Scores, all_here: Scores) -> _Pair:
    if model.sha256 not in all_there:
        return _Pair(False, False, len(all_here[model.sha256].scores), 0, float("inf"))
    one, other = all_there[model.sha256], all_here[model.sha256]
    there, here = one.scores, other.scores
    if len(there) < len(here):
        here = here[::EVERY]
    other_class = there.argmax(axis=1) != here.argmax(axis=1)
    best_two = np.sort(here, axis=1)[:, -2:]
    return _Pair(
        same_sums=_same(one.sums, other.sums) if one.sums is not None else _same(there, here),
        same_class_but_for_ties=bool((best_two[other_class, 1] - best_two[other_class, 0] <= ABOUT_EVEN).all()),
        other_class=int(other_class.sum()),
        other_scores=int((there != here).sum()),
        gap=float(np.abs(there - here).max()),
    )


def _same(one: npt.NDArray[Any], other: npt.NDArray[Any] | None) -> bool:
    return other is not None and np.array_equal(one, other)


def _tally(passed: Sequence[Model], all_models: Sequence[Model], there: Scores) -> str:
    faces = sorted({len(there[model.sha256].scores) for model in all_models if model.sha256 in there})
    missing = [model.name for model in all_models if model not in passed]
    told = f"{len(passed)} of {len(all_models)} on {' or '.join(map(str, faces)) or 'no'} faces"
    return told + (f", not {', '.join(missing)}" if missing else "")
