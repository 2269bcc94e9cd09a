"""Child programs, which can all be stopped at once."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Sequence

from benchmarks.pi.host import environment
from fer_edge.errors import FerEdgeError


class Processes:
    """Runs programs from several threads until it is stopped."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[str]] = set()
        self._lock = threading.Lock()
        self._stopped = False

    def run(self, command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, and return its output.

        Raises:
            FerEdgeError: If it takes longer than `timeout_s`, or `stop` was called.
        """
        process = self._start(command)
        try:
            stdout, stderr = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            process.kill()
            process.communicate()
            raise FerEdgeError(f"not done after {timeout_s:g} s") from error
        finally:
            with self._lock:
                self._running.discard(process)
        if self._stopped:
            raise FerEdgeError("stopped")
        return subprocess.CompletedProcess(command, process.returncode, stdout, stderr)

    def stop(self) -> None:
        """Kill all running programs, and start no more."""
        with self._lock:
            self._stopped = True
            for process in self._running:
                process.kill()

    def _start(self, command: Sequence[str]) -> subprocess.Popen[str]:
        with self._lock:
            if self._stopped:
                raise FerEdgeError("stopped")
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                errors="replace",
                env=environment(),
                start_new_session=True,  # Ctrl-C reaches only this program, which stops the others in order
            )
            self._running.add(process)
            return process
