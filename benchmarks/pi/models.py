"""Every TFLite file, run there and here on the same faces."""

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

from benchmarks.pi.install import PIP, PYTHON, ROOT, pip_install
from benchmarks.pi.userland import HOME, Userland
from fer_edge.benchmark.subjects import unique_names
from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.models import SHIPPED_MODEL
from fer_edge.precision import Precision
from fer_edge.training.run_folder import all_exports


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

EVERY = 4
"""Where time is saved, files that are not int8 are shown one face in so many: emulated, they take ten times as long."""

INSIDE = Path(__file__).parent / "inside"
MODELS = HOME / "models"

_ALL_FACES = HOME / "faces.npy"
_SOME_FACES = HOME / "some-faces.npy"
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
    paths = [
        *sorted(SHIPPED_MODEL.parent.glob("*.tflite")),
        *(path for path in all_exports() if path.suffix == ".tflite"),
    ]
    distinct: dict[str, Path] = {}
    for path in paths:
        distinct.setdefault(sha256_file(path), path)
    return [
        Model(path, name, digest, inspect_tflite(path).precision)
        for name, (digest, path) in zip(unique_names(list(distinct.values())), distinct.items(), strict=True)
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
        save_time: Show files that are not int8 one face in `EVERY`.
        site: Of a second interpreter, see `install_other_family`; the device install's if there is none.

    Raises:
        FerEdgeError: If the program fails.
    """
    quick = [model for model in models if model.precision is Precision.INT8]
    others = [model for model in models if model.precision is not Precision.INT8]
    return {
        **_scores_there(userland, quick, _ALL_FACES, site),
        **_scores_there(userland, others, _SOME_FACES if save_time else _ALL_FACES, site),
    }


def install_other_family(userland: Userland, wheel: Path) -> Path:
    """Install tflite-runtime, which has wheels to Python 3.11 and needs numpy 1, in a site folder of its own.

    Raises:
        FerEdgeError: If pip fails.
    """
    pip_install(userland, "tflite-runtime", *_OTHER_PACKAGES, target=_OTHER_FAMILY)
    userland.run(PIP, "install", "--target", _OTHER_FAMILY, "--no-deps", HOME / wheel.name)
    return _OTHER_FAMILY


def python_of(site: Path | None) -> Path:
    """The interpreter that sees the device install, or the system's, which sees `site` alone."""
    return PYTHON if site is None else Path("/usr/bin/python3")


def site_variables(site: Path | None) -> dict[str, str]:
    """The environment that lets it see `site`."""
    return {} if site is None else {"PYTHONPATH": str(site)}


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
