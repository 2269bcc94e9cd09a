"""The pipeline of `fer`, from a frame to the expressions of its faces, in another process."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.preprocess import Image

_WORKER = Path(__file__).with_name("fer_worker.py")


class PeerPipeline:
    """`FER().detect_emotions` with its defaults, in a worker process.

    Attributes:
        name: Name with its version and OpenCV's.
    """

    def __init__(self, python: Path, process: subprocess.Popen[str], errors: TextIO) -> None:
        """Wait until the worker has processed a frame.

        Args:
            python: Python interpreter of the worker.
            process: Worker process.
            errors: File of its standard error.

        Raises:
            FerEdgeError: If the worker fails.
        """
        self._python = python
        self._process = process
        self._errors = errors
        versions = self._read()
        self.name = f"fer {versions['fer']}, OpenCV {versions['opencv']}"

    def process(self, frames: int) -> tuple[float, int]:
        """Process the next frames; returns the processor time in seconds and the number of faces found."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{frames}\n")
        self._process.stdin.flush()
        answer = self._read()
        return float(answer["cpu_s"]), int(answer["faces"])

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            reason = self._errors.read().strip() or "no reason given"
            raise FerEdgeError(f"fer fails with {self._python}: {reason.splitlines()[-1]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def open_peer(python: Path, images: list[Image]) -> Iterator[PeerPipeline]:
    """Start `fer` on frames, uint8 (H, W, 3) BGR, which it repeats endlessly; stop it after use.

    Raises:
        InputError: If `python` is not a Python interpreter.
        FerEdgeError: If it cannot import `fer`, or `fer` fails.
    """
    with tempfile.TemporaryDirectory(prefix="frames-") as folder, Path(folder, "errors").open("w+") as errors:
        frames = Path(folder, "frames.npy")
        np.save(frames, np.stack(images))
        command = [str(python), str(_WORKER), str(frames)]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        except OSError as error:
            raise InputError(f"{python}: expected a Python interpreter with fer installed; {error}") from error
        with process:
            try:
                yield PeerPipeline(python, process, errors)
            finally:
                process.kill()
