"""Temporary folders, which the next start removes where a kill has left them behind."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".fer-edge-tmp"
"""End of the names of this project's temporary folders, and of nobody else's."""


@contextmanager
def temporary_folder(parent: Path | None = None, name: str = "work") -> Iterator[Path]:
    """Yield a new folder that is removed after the block, and first remove those beside it that nobody holds any more.

    A process holds a folder by a lock, which the system ends with the process. Windows has no such locks for folders,
    and some network file systems neither: nothing is swept there.

    Args:
        parent: Where to make it; `None` for the system's place for temporary files.
        name: Beginning of its name.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    _sweep(place)
    folder, lock = _make(place, name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # what stays is swept another time
        if lock is not None:
            os.close(lock)


def _make(place: Path, name: str) -> tuple[Path, int | None]:
    """Make a folder and lock it, unless another process has taken it for an abandoned one in between."""
    while True:
        folder = Path(tempfile.mkdtemp(_SUFFIX, f"{name}-", place))
        if sys.platform == "win32":
            return folder, None
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            if _lock(lock) is not False and folder.exists():
                return folder, lock
            os.close(lock)


def _sweep(place: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        for folder in list(place.glob(f"*{_SUFFIX}")):
            with suppress(OSError):  # another user's, or swept by another process
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        if _lock(lock):
            shutil.rmtree(folder)
    finally:
        os.close(lock)


def _lock(descriptor: int) -> bool | None:
    """Lock an open folder; return False if another process holds it, `None` where folders cannot be locked."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
