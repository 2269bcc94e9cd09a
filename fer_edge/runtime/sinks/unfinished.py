"""A file that is written under another name until it is whole, so that a kill leaves there what it had."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import lock_file
from fer_edge.notes import OnNote, ignore_note

_LEAST_FREE_BYTES = 1 << 20


class UnfinishedFile:
    """`NAME.unfinished.SUFFIX` beside a file, held by a lock; what a killed process left there is kept.

    Attributes:
        path: The unfinished file.
        descriptor: Open to write to it.
    """

    def __init__(
        self,
        final: Path,
        on_note: OnNote = ignore_note,
        is_worth_keeping: Callable[[Path], bool] = lambda _: True,
    ) -> None:
        """Begin a new file.

        Args:
            final: The name that it takes when it is whole.
            on_note: Is told, in a sentence, where an earlier one that was never finished is now.
            is_worth_keeping: Whether anything can be read of an earlier one.

        Raises:
            InputError: If another process writes to it.
            OSError: If it cannot be made.
        """
        final.parent.mkdir(parents=True, exist_ok=True)
        self._final = final
        self.path = _named(final, "unfinished")
        self.descriptor = self._open()
        if os.fstat(self.descriptor).st_size and is_worth_keeping(self.path):
            on_note(
                f"{final}: an earlier run was killed before it was complete; what it had written is in {self._keep()}"
            )
        os.ftruncate(self.descriptor, 0)

    def _keep(self) -> Path:
        """Give what is there a name of its own, which is returned, and begin a new file."""
        names = (_named(self._final, f"killed-{number}") for number in count(1))
        kept = next(path for path in names if not path.exists())
        if os.name == "nt":  # where no open file can be renamed
            self.leave()
        self.path.rename(kept)
        self.leave()
        self.descriptor = self._open()
        return kept

    def _open(self) -> int:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        if not lock_file(descriptor):
            os.close(descriptor)
            raise InputError(f"{self._final}: another process writes to it; wait for its end, or name another")
        return descriptor

    def require_place(self) -> None:
        """Check that what is written still goes into the file, and that there is room: not all encoders report it.

        Raises:
            OSError: If the disk is full, or the file or its folder has been removed.
        """
        if not self.path.exists():
            raise FileNotFoundError(errno.ENOENT, "it or its folder was removed while it was written", str(self._final))
        if shutil.disk_usage(self.path.parent).free < _LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._final))

    def place(self) -> None:
        """Give the file its name, in the place of what is there."""
        if os.name == "nt":  # where no open file can be renamed
            self.leave()
        self.path.replace(self._final)
        self.leave()

    def leave(self) -> None:
        """Let go of the file where it is."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        """Remove the file."""
        self.leave()
        self.path.unlink(missing_ok=True)


def _named(final: Path, state: str) -> Path:
    return final.with_name(f"{final.stem}.{state}{final.suffix}")
