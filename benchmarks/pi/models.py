"""Every TFLite file, run there and here on the same faces: are the scores the same?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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

Scores = Mapping[str, npt.NDArray[np.float32]]

FLOAT_TOLERANCE = 1e-4
"""Scores of float files may differ by so much: sums are added up in another order."""

DYNAMIC_TOLERANCE = 0.02
"""Likewise where activations are rounded to 8 bits as they come: a last bit of difference can round the other way."""

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
    with np.load(folder / "scores.npz") as stored:
        return {paths[path]: stored[path] for path in stored.files}


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
    exact = [model for model in integer if pairs[model].same_bits]
    near = [model for model in others if pairs[model].gap <= tolerance_of(model.precision)]
    same = [model for model in models if pairs[model].same_class]
    gaps = "; ".join(f"{model.name} {pairs[model].gap:.1e}" for model in others)
    return [
        Check("integer files, bit for bit x86's", exact == integer, _tally(exact, integer, there)),
        Check("float files, near x86's", near == others, f"{_tally(near, others, there)}; largest gaps: {gaps}"),
        Check("best class, as on x86", same == list(models), _tally(same, models, there)),
    ]


def check_other_family(models: Sequence[Model], there: Scores, here: Scores) -> Check:
    """Compare the best class of tflite-runtime there with LiteRT's here, for the files that it loads."""
    loaded = [model for model in models if model.sha256 in there]
    same = [model for model in loaded if _pair(model, there, here).same_class]
    refused = [model.name for model in models if model not in loaded]
    detail = _tally(same, loaded, there) + (f"; refused: {', '.join(refused)}" if refused else "")
    return Check("tflite-runtime: best class as LiteRT's", bool(loaded) and same == loaded, detail)


def tolerance_of(precision: Precision) -> float:
    """The largest difference allowed between scores of a float file on two processors."""
    return DYNAMIC_TOLERANCE if precision is Precision.DYNAMIC else FLOAT_TOLERANCE


def _scores_there(userland: Userland, models: Sequence[Model], faces: Path, site: Path | None) -> Scores:
    output = HOME / "scores.npz"
    program = (python_of(site), HOME / INSIDE.name / "scores.py", faces, output)
    userland.run(*program, *(model.there for model in models), variables=site_variables(site))
    digests = {str(model.there): model.sha256 for model in models}
    with np.load(userland.path(output)) as stored:
        return {digests[path]: stored[path] for path in stored.files}


@dataclass(frozen=True)
class _Pair:
    """How far a file's scores there are from those here."""

    same_bits: bool
    same_class: bool
    gap: float


def _pair(model: Model, all_there: Scores, all_here: Scores) -> _Pair:
    if model.sha256 not in all_there:
        return _Pair(False, False, float("inf"))
    there, here = all_there[model.sha256], all_here[model.sha256]
    if len(there) < len(here):
        here = here[::EVERY]
    same_class = bool((there.argmax(axis=1) == here.argmax(axis=1)).all())
    return _Pair(there.tobytes() == here.tobytes(), same_class, float(np.abs(there - here).max()))


def _tally(passed: Sequence[Model], all_models: Sequence[Model], there: Scores) -> str:
    faces = sorted({len(there[model.sha256]) for model in all_models if model.sha256 in there})
    missing = [model.name for model in all_models if model not in passed]
    told = f"{len(passed)} of {len(all_models)} on {' or '.join(map(str, faces)) or 'no'} faces"
    return told + (f", not {', '.join(missing)}" if missing else "")
