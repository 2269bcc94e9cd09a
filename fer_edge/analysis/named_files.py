"""Files that are named by themselves, by folders and by patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import require_regular_file
from fer_edge.native_paths import typed_path
from fer_edge.pictures.decoding import is_picture
from fer_edge.runtime.sources.image_files import natural_order, promises_picture

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class NamedFile:
    """A file to look at.

    Attributes:
        path: The file, as it was named or found.
        place: Its path below the folder that was named, or its name if it was named itself; its copies get this name.
    """

    path: Path
    place: Path


@dataclass(frozen=True)
class Wanted:
    """Kind of files to look for.

    Attributes:
        one: One of them in words, with its article.
        many: Several of them in words.
        pattern: Example of a pattern.
        is_wanted: Returns whether a file in a folder is one; a file that is named itself is taken for one.
    """

    one: str
    many: str
    pattern: str
    is_wanted: Callable[[Path], bool]


def find_files(names: Sequence[str], wanted: Wanted, *, recursive: bool = False) -> list[NamedFile]:
    """Return the files that are named, each once, in the order of the names; in a folder `2.jpg` comes before `10.jpg`.

    Args:
        names: Files, folders and patterns such as `photos/*.jpg`, as a user types them; `**` stands for all folders.
        wanted: Kind of files to look for.
        recursive: Search the folders below the named ones, but not those behind links.

    Raises:
        InputError: If a name leads nowhere, a pattern fits nothing, or a folder holds nothing that is wanted.
    """
    found: dict[Path, NamedFile] = {}
    for name in names:
        for file in _named(name, wanted, recursive=recursive):
            found.setdefault(file.path.absolute(), file)
    return list(found.values())


def find_pictures(names: Sequence[str], *, recursive: bool = False) -> list[NamedFile]:
    """Return the pictures that are named, as `find_files` does.

    A file that is named itself, or whose suffix is a picture format's, is returned whatever it holds, so that it gets
    an error of its own.
    """
    return find_files(names, _PICTURES, recursive=recursive)


def _named(name: str, wanted: Wanted, *, recursive: bool) -> list[NamedFile]:
    path = typed_path(name)
    if path.is_dir():
        return _in_folder(path, wanted, recursive=recursive)
    if path.exists():
        require_regular_file(path, f"{wanted.one} or a folder")
        return [NamedFile(path, Path(path.name))]
    if not _WILDCARDS & set(name):
        raise InputError(f"{name}: expected {wanted.one}, a folder or a pattern such as {wanted.pattern!r}, got none")
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)), key=_order)  # noqa: PTH207  # absolute, too
    if not matches:
        raise InputError(f"{name}: expected a pattern that fits at least one file, got one that fits none")
    return [NamedFile(match, Path(match.name)) for match in matches if match.is_file()]


def _in_folder(folder: Path, wanted: Wanted, *, recursive: bool) -> list[NamedFile]:
    paths = sorted(filter(wanted.is_wanted, _files(folder, recursive=recursive)), key=_order)
    if not paths:
        advice = "name another folder" if recursive else "name the folder they are in, or search those below it too"
        raise InputError(f"{folder}: expected {wanted.many} in this folder, found none; {advice}")
    return [NamedFile(path, path.relative_to(folder)) for path in paths]


def _files(folder: Path, *, recursive: bool) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if recursive and not each.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _order(path: Path) -> tuple[list[list[tuple[int, str]]], list[tuple[int, str]]]:
    """Return a key by which a folder's own files stay together, in natural order."""
    return [natural_order(parent) for parent in reversed(path.parents)], natural_order(path)


def _is_picture(path: Path) -> bool:
    return promises_picture(path) or is_picture(path)


_PICTURES = Wanted("a picture", "pictures (such as JPEG, PNG or WebP)", "photos/*.jpg", _is_picture)
