"""Scores of every TFLite file on the same faces, in a userland and here."""

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

from benchmarks.peers.peers import PEERS, fetch
from benchmarks.pi.install import PIP, PYTHON, ROOT, pip_install
from benchmarks.pi.userland import HOME, Userland
from fer_edge.benchmark.subjects import unique_names
from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.models import SHIPPED_MODEL
from fer_edge.precision import Precision
from fer_edge.training.run_folder import RUNS, all_exports


@dataclass(frozen=True)
class Outputs:
    """Outputs of a model on faces.

    Attributes:
        scores: float32 (N, labels).
        sums: Inputs of its softmax, integers (N, labels); `None` unless the model is quantized and ends in one.
    """

    scores: npt.NDArray[np.float32]
    sums: npt.NDArray[Any] | None = None


Scores = Mapping[str, Outputs]
"""Outputs by the model file's digest."""

EVERY = 4
"""Files that are not int8 run on every N-th face to save time: emulated, they take ten times as long."""

INSIDE = Path(__file__).parent / "inside"
MODELS = HOME / "models"

_ALL_FACES = HOME / "faces.npy"
_SOME_FACES = HOME / "some-faces.npy"
_OTHER_ENGINE = HOME / "tflite-runtime"
_OTHER_PACKAGES = ("tflite-runtime", "numpy<2", "opencv-python-headless<4.12")


@dataclass(frozen=True)
class Model:
    """A TFLite file.

    Attributes:
        path: Path on this machine.
        name: Unique name.
        sha256: Digest of the file.
        precision: Precision, as read from its tensors.
    """

    path: Path
    name: str
    sha256: str
    precision: Precision

    @property
    def there(self) -> Path:
        """Path in a userland."""
        return MODELS / f"{self.sha256[:16]}.tflite"


def find_models() -> list[Model]:
    """Return the shipped TFLite files, then every run's exports; each content once."""
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


def find_peers() -> list[Model]:
    """Return other projects' files, downloaded if need be; their instructions are counted beside ours.

    Raises:
        FerEdgeError: If one cannot be downloaded.
    """
    paths = {peer: fetch(peer, RUNS / "peers" / "cache") for peer in PEERS}
    return [
        Model(path, f"{peer.name} {peer.version}", peer.sha256, inspect_tflite(path).precision)
        for peer, path in paths.items()
    ]


def snapshot(models: Sequence[Model], folder: Path) -> list[Model]:
    """Copy the files, so that exports during a long measurement do not change them."""
    folder.mkdir()
    copies: list[Model] = []
    for model in models:
        copy = folder / f"{len(copies)}.tflite"
        shutil.copy(model.path, copy)
        copies.append(replace(model, path=copy, sha256=sha256_file(copy)))
    return copies


def scores_here(models: Sequence[Model], faces: npt.NDArray[np.uint8], folder: Path) -> Scores:
    """Return scores on this machine, by the files' digest.

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
    """Copy the files, the faces and the programs into a userland."""
    userland.path(MODELS).mkdir(parents=True)
    for model in models:
        shutil.copy(model.path, userland.path(model.there))
    np.save(userland.path(_ALL_FACES), faces)
    np.save(userland.path(_SOME_FACES), faces[::EVERY])
    shutil.copytree(INSIDE, userland.path(HOME / INSIDE.name), ignore=shutil.ignore_patterns("__pycache__"))


def scores_there(userland: Userland, models: Sequence[Model], *, save_time: bool, site: Path | None = None) -> Scores:
    """Return scores in a userland, by the files' digest.

    Args:
        userland: Userland prepared by `put_models`.
        models: Model files; those that the engine refuses are left out.
        save_time: Run files that are not int8 on one face in `EVERY`.
        site: Site folder of a second engine, see `install_other_engine`; `None` for the device install.

    Raises:
        FerEdgeError: If the program fails.
    """
    quick = [model for model in models if model.precision is Precision.INT8]
    others = [model for model in models if model.precision is not Precision.INT8]
    return {
        **_scores_there(userland, quick, _ALL_FACES, site),
        **_scores_there(userland, others, _SOME_FACES if save_time else _ALL_FACES, site),
    }


def install_other_engine(userland: Userland, wheel: Path) -> Path:
    """Install tflite-runtime, whose last wheel is for Python 3.11 and numpy 1, in a separate site folder.

    Raises:
        FerEdgeError: If pip fails.
    """
    pip_install(userland, "tflite-runtime", *_OTHER_PACKAGES, target=_OTHER_ENGINE)
    userland.run(PIP, "install", "--target", _OTHER_ENGINE, "--no-deps", HOME / wheel.name)
    return _OTHER_ENGINE


def python_of(site: Path | None) -> Path:
    """Return the Python interpreter of the device install, or the system's for a `site` folder."""
    return PYTHON if site is None else Path("/usr/bin/python3")


def site_variables(site: Path | None) -> dict[str, str]:
    """Return the environment variables that make `site` importable."""
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
