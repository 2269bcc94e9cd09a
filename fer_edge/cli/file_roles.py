"""Check before anything is opened that a command overwrites nothing that it reads."""

from __future__ import annotations

import os
import stat
import sys
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.native_paths import typed_path
from fer_edge.pictures.decoding import is_picture
from fer_edge.runtime.sinks.text import STDOUT
from fer_edge.runtime.sources.image_files import promises_picture

_STDOUT_FILE = Path("/dev/stdout")
_IGNORES_CASE = sys.platform in ("darwin", "win32")


@dataclass(frozen=True)
class FileRole:
    """File or folder, and the option that names it.

    Attributes:
        option: The option, as on the command line.
        path: The path; it need not exist.
        is_folder: Whether the command fills or clears it as a folder.
    """

    option: str
    path: Path
    is_folder: bool = False

    def __str__(self) -> str:
        return f"{self.option} {self.path}"


def roles(option: str, *paths: Path | str | None) -> list[FileRole]:
    """Return the roles of an option's files; None is skipped, and `-` is standard output."""
    return [FileRole(option, _STDOUT_FILE if path == STDOUT else Path(path)) for path in paths if path is not None]


def folder_role(option: str, path: Path) -> FileRole:
    """Return the role of a folder that the command fills or clears."""
    return FileRole(option, path, is_folder=True)


def require_apart(reads: Iterable[FileRole], writes: Iterable[FileRole]) -> None:
    """Check that no file is both read and written, or written twice; devices may be.

    Args:
        reads: Files and folders of pictures to read.
        writes: Files to write, and folders to fill or clear.

    Raises:
        InputError: If one is. Links are followed, and case is ignored where the file system ignores it.
    """
    targets: dict[tuple[object, ...], FileRole] = {}
    for target in writes:
        if _is_device(target.path):
            continue
        other = targets.setdefault(_identity(target.path), target)
        if other.option != target.option:
            raise InputError(f"{other} and {target} are one file: give each a file of its own")
    for each in reads:
        source = FileRole(each.option, typed_path(str(each.path)))
        if source.path.is_dir():
            _require_no_picture(source, targets)
        same = targets.get(_identity(source.path))
        if same is not None:
            raise InputError(f"{same} is what {source.option} reads, and would be lost: write to another file")
        for target in targets.values():
            if target.is_folder and _is_within(source.path, target.path):
                raise InputError(f"{target} would be cleared, and {source} is in it: write to another folder")


def _require_no_picture(source: FileRole, targets: dict[tuple[object, ...], FileRole]) -> None:
    for target in targets.values():
        becomes_picture = target.is_folder or promises_picture(target.path)
        if becomes_picture and _is_within(target.path, source.path):
            raise InputError(f"{target} would be among the pictures that {source} reads: write to another folder")
    for path in source.path.iterdir():  # some of which may be links to elsewhere
        same = targets.get(_identity(path))
        if same is not None and (promises_picture(path) or is_picture(path)):
            raise InputError(f"{same} is one of the pictures that {source} reads: write to another file")


def _is_device(path: Path) -> bool:
    """Return whether a path is a terminal or the null device, which may be written to twice."""
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def _identity(path: Path) -> tuple[object, ...]:
    """Return a key that two names of one file share: device and inode, or the resolved path of a missing file."""
    try:
        found = Path(os.path.realpath(path)).stat()  # which takes `new/..` as it will be once the folder is made
    except (OSError, ValueError):
        return _place(path)
    return found.st_dev, found.st_ino


def _is_within(path: Path, folder: Path) -> bool:
    place, around = _place(path), _place(folder)
    return around == place[: len(around)]


def _place(path: Path) -> tuple[str, ...]:
    """Return the parts of the path with links resolved, in one spelling where the file system ignores case."""
    parts = Path(os.path.realpath(path)).parts
    return tuple(unicodedata.normalize("NFC", part).casefold() for part in parts) if _IGNORES_CASE else parts
