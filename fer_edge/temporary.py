"""Temporary folders; the next start removes those that a killed process left behind."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from fer_edge.interruption import interruptions_deferred

if sys.platform != "win32":
    import fcntl

_SUFFIX = ".fer-edge-tmp"
"""Suffix of the names of this project's temporary folders only."""


@contextmanager
def temporary_folder(parent: Path | None = None, name: str = "work") -> Iterator[Path]:
    """Yield a new folder that is removed after the block; first remove abandoned ones beside it.

    A process holds a lock on its folder, which the system releases with the process. Windows and some network file
    systems have no such locks: nothing is removed there.

    Args:
        parent: Folder to make it in; `None` for the system's folder for temporary files.
        name: Beginning of its name.
    """
    place = Path(tempfile.gettempdir()) if parent is None else parent
    _sweep(place)
    with ExitStack() as stack:
        with interruptions_deferred():
            folder, lock = _make(place, name)
            stack.callback(_remove, folder, lock)
        yield folder


def _make(place: Path, name: str) -> tuple[Path, int | None]:
    """Make a folder and lock it, unless another process has taken it for an abandoned one in between."""
    while True:
        try:
            folder = Path(tempfile.mkdtemp(_SUFFIX, f"{name}-", place))
        except OSError as error:
            error.filename = str(place)  # the temporary name is not the user's
            raise
        if sys.platform == "win32":
            return folder, None
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            if try_lock(lock) is not False and folder.exists():
                return folder, lock
            os.close(lock)


def _remove(folder: Path, lock: int | None) -> None:
    with interruptions_deferred():
        shutil.rmtree(folder, ignore_errors=True)  # the rest is removed another time
        if lock is not None:
            os.close(lock)


def _sweep(place: Path) -> None:
    if sys.platform == "win32":
        return
    with suppress(OSError):
        for folder in list(place.glob(f"*{_SUFFIX}")):
            with suppress(OSError):  # another user's, or removed by another process
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    lock = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY)
    try:
        if try_lock(lock):
            shutil.rmtree(folder)
    finally:
        os.close(lock)


def try_lock(descriptor: int) -> bool | None:
    """Lock an open file or folder; return False if it is locked already, `None` where there are no such locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True
