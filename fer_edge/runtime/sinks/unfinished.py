"""A file that has another name until it is complete, so that a kill leaves what was written."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import lock_file, require_regular_file
from fer_edge.native_paths import link_followed
from fer_edge.notes import OnNote, ignore_note

_LEAST_FREE_BYTES = 1 << 20


class UnfinishedFile:
    """`NAME.unfinished.SUFFIX`, locked; what a killed process left under that name is kept as `NAME.killed-N.SUFFIX`.

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
        """Create the file.

        Args:
            final: Path that the file gets when it is complete.
            on_note: Takes a note if a killed process left a file, with the path where it is kept.
            is_worth_keeping: Returns whether anything can be read of such a file.

        Raises:
            InputError: If another process writes to it, or something else than a file has its name.
            OSError: If it cannot be created.
        """
        final = link_followed(final)
        if final.exists():
            require_regular_file(final, "a file to write")
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
        """Rename what a killed process left, create a new file, and return the other's path."""
        names = (_named(self._final, f"killed-{number}") for number in count(1))
        kept = next(path for path in names if not path.exists())
        if os.name == "nt":  # where no open file can be renamed
            self.leave()
        self.path.rename(kept)
        self.leave()
        self.descriptor = self._open()
        return kept

    def _open(self) -> int:
        flags = getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)  # a link's file is not ours to overwrite
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | flags, 0o666)
        if not lock_file(descriptor):
            os.close(descriptor)
            raise InputError(f"{self._final}: another process writes to it; wait for its end, or choose another file")
        return descriptor

    def require_place(self) -> None:
        """Check that the file still exists and that the disk has room, as not all encoders report it.

        Raises:
            OSError: If the disk is full, or the file or its folder has been removed.
        """
        if not self.path.exists():
            raise FileNotFoundError(errno.ENOENT, "it or its folder was removed while it was written", str(self._final))
        if shutil.disk_usage(self.path.parent).free < _LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._final))

    def place(self) -> None:
        """Give the file its final name, replacing an existing file."""
        if os.name == "nt":  # where no open file can be renamed
            self.leave()
        self.path.replace(self._final)
        self.leave()

    def leave(self) -> None:
        """Close the file under its unfinished name."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def discard(self) -> None:
        """Remove the file."""
        self.leave()
        self.path.unlink(missing_ok=True)


def _named(final: Path, state: str) -> Path:
    return final.with_name(f"{final.stem}.{state}{final.suffix}")
