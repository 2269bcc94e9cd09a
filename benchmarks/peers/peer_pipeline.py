"""Another project's whole pipeline on the same frames: `fer`, from a picture to the expressions of its faces."""

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
    """`FER().detect_emotions` as its users call it, in a process of its own.

    Attributes:
        name: With its version and OpenCV's.
    """

    def __init__(self, python: Path, process: subprocess.Popen[str], errors: TextIO) -> None:
        """Wait until it has seen a frame.

        Args:
            python: Its interpreter.
            process: The worker, started.
            errors: Its standard error, to be read again.

        Raises:
            FerEdgeError: If it does not work.
        """
        self._python = python
        self._process = process
        self._errors = errors
        versions = self._hear()
        self.name = f"fer {versions['fer']}, OpenCV {versions['opencv']}"

    def process(self, frames: int) -> tuple[float, int]:
        """Go through the next frames; returns seconds of processor time and how many faces were found."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{frames}\n")
        self._process.stdin.flush()
        answer = self._hear()
        return float(answer["cpu_s"]), int(answer["faces"])

    def _hear(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            reason = self._errors.read().strip() or "no reason given"
            raise FerEdgeError(f"fer does not work with {self._python}: {reason.splitlines()[-1]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def open_peer(python: Path, images: list[Image]) -> Iterator[PeerPipeline]:
    """Start `fer` on frames, uint8 (H, W, 3) BGR, that it goes through again and again; end it after use.

    Raises:
        InputError: If `python` is no interpreter.
        FerEdgeError: If it cannot import `fer`, or `fer` fails.
    """
    with tempfile.TemporaryDirectory(prefix="frames-") as folder, Path(folder, "errors").open("w+") as errors:
        frames = Path(folder, "frames.npy")
        np.save(frames, np.stack(images))
        command = [str(python), str(_WORKER), str(frames)]
        try:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        except OSError as error:
            raise InputError(f"--peer-python {python}: expected an interpreter that has fer; {error}") from error
        with process:
            try:
                yield PeerPipeline(python, process, errors)
            finally:
                process.kill()
