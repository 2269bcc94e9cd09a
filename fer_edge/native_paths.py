"""Paths as users type them, and as OpenCV and FFmpeg need them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.temporary import temporary_folder


def typed_path(text: str) -> Path:
    """Return the path that a user typed, with ~ for a home folder; a name may begin with ~ as well."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # no user of that name
        return Path(text)


def real_path(path: Path) -> Path:
    """Return a path with its links resolved; a loop of links stays, where `Path.resolve` raises until Python 3.13."""
    return Path(os.path.realpath(path))


def link_followed(path: Path) -> Path:
    """Return what a link leads to, as a file that is replaced would take the link's place; another path as it is."""
    return real_path(path) if path.is_symlink() else path


@contextmanager
def native_path(path: Path) -> Iterator[str]:
    """Yield a path by which a native library can open or make the file `path` within the block.

    It is absolute, since FFmpeg takes what precedes the first colon of a relative path for a protocol. OpenCV
    encodes paths as UTF-8 on every system, and crashes on bytes that are no UTF-8: such a file is opened through a
    symbolic link, which exists as long as the block.
    """
    absolute = str(path.absolute())
    if _is_utf8(absolute):
        yield absolute
        return
    suffix = path.suffix if path.suffix.isascii() else ""
    with temporary_folder() as folder:
        link = folder / f"file{suffix}"
        link.symlink_to(absolute)
        yield str(link)


def _is_utf8(path: str) -> bool:
    """Return true if the file system stores the path as UTF-8."""
    try:
        return path.encode() == os.fsencode(path)
    except UnicodeEncodeError:
        return False
