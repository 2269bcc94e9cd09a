"""A wall clock of a stream's own, which can be set while the stream runs.

libfaketime does not serve: it also changes the waits, and with it (0.9.10) Python's `time.sleep` fails at once.
"""

from __future__ import annotations

import mmap
import shutil
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).parent / "clock.c"
_COMPILE = ("cc", "-O2", "-Wall", "-Wextra", "-fPIC", "-shared", "-o")
_OFFSET_BYTES = 8


class WallClock:
    """The clock of the processes that are started with its `environment`.

    Attributes:
        environment: Variables that give a process this clock.
    """

    def __init__(self, folder: Path) -> None:
        """Compile it into a folder; `is_available` tells whether that is possible."""
        library, offset = folder / "clock.so", folder / "offset"
        subprocess.run([*_COMPILE, str(library), str(_SOURCE)], check=True)
        offset.write_bytes(bytes(_OFFSET_BYTES))
        with offset.open("r+b") as file:
            self._offset = mmap.mmap(file.fileno(), _OFFSET_BYTES)
        self.environment = {"LD_PRELOAD": str(library), "SOAK_CLOCK": str(offset)}

    @staticmethod
    def is_available() -> bool:
        """Return whether there is a C compiler."""
        return shutil.which(_COMPILE[0]) is not None

    def set(self, offset_s: int) -> None:
        """Set the clock so many seconds before or after the system's."""
        # One write of 8 aligned bytes, as the processes read it at any moment.
        memoryview(self._offset).cast("q")[0] = offset_s
