"""Other projects' networks that a user could install instead: where each comes from, and what it must be shown.

Each file is taken out of its project's own wheel into a cache folder; nothing of it is installed or passed on.
Left out: packages that fetch their weights when they run (deepface, hsemotion-onnx, emotiefflib, rmn, py-feat), and
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
        name: What its users call it.
        version: Of its package on PyPI, which has the same name.
        member: The model's path in the wheel.
        sha256: Of the model.
        labels: The scores' expressions in order, by this project's names.
        input_range: Black and white in its input.
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
        """In the cache."""
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
    """The peer's model file, downloaded if the cache does not have it.

    Raises:
        FerEdgeError: If it cannot be downloaded, or is not the file that was looked at when this was written.
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
    """The member's content, out of the wheel as PyPI has it."""
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
