"""Pictures that are named by files, folders and patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.native_paths import typed_path
from fer_edge.pictures import is_picture
from fer_edge.runtime.sources.image_files import natural_order, promises_picture

_WILDCARDS = frozenset("*?[")


@dataclass(frozen=True)
class PictureFile:
    """A picture to look at.

    Attributes:
        path: The file, as it was named or found.
        place: Its path below the folder that was named, or its name if it was named itself; its copies are called so.
    """

    path: Path
    place: Path


def find_pictures(names: Sequence[str], *, recursive: bool = False) -> list[PictureFile]:
    """Return the pictures that are named, in the order of the names; in a folder `2.jpg` comes before `10.jpg`.

    A file that is named itself, or whose suffix is a picture format's, is returned whatever it holds, so that it gets
    an error of its own. Each file is returned once.

    Args:
        names: Files, folders and patterns such as `photos/*.jpg`, as a user types them; `**` stands for all folders.
        recursive: Search the folders below the named ones, but not those behind links.

    Raises:
        InputError: If a name leads nowhere, a pattern fits nothing, or a folder holds no picture.
    """
    found = [picture for name in names for picture in _named(name, recursive=recursive)]
    return list({picture.path.absolute(): picture for picture in reversed(found)}.values())[::-1]


def _named(name: str, *, recursive: bool) -> list[PictureFile]:
    path = typed_path(name)
    if path.is_dir():
        return _in_folder(path, recursive=recursive)
    if path.exists():
        return [PictureFile(path, Path(path.name))]
    if not _WILDCARDS & set(name):
        raise InputError(f"{name}: expected a picture, a folder or a pattern such as 'photos/*.jpg', got none")
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)), key=place_order)  # noqa: PTH207  # absolute, too
    if not matches:
        raise InputError(f"{name}: expected a pattern that fits at least one file, got one that fits none")
    return [PictureFile(match, Path(match.name)) for match in matches if match.is_file()]


def _in_folder(folder: Path, *, recursive: bool) -> list[PictureFile]:
    paths = sorted(filter(_is_wanted, files_in(folder, recursive=recursive)), key=place_order)
    if not paths:
        advice = "name another folder" if recursive else "name the folder they are in, or search those below it too"
        raise InputError(
            f"{folder}: expected pictures (such as JPEG, PNG or WebP) in this folder, found none; {advice}"
        )
    return [PictureFile(path, path.relative_to(folder)) for path in paths]


def files_in(folder: Path, *, recursive: bool) -> Iterator[Path]:
    """Yield the files in a folder, and with `recursive` in those below it, but none that is hidden by a leading dot."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [each for each in folders if recursive and not each.startswith(".")]
        yield from (Path(parent, name) for name in names if not name.startswith("."))


def _is_wanted(path: Path) -> bool:
    return promises_picture(path) or is_picture(path)


def place_order(path: Path) -> tuple[list[list[tuple[int, str]]], list[tuple[int, str]]]:
    """Return a key by which a folder's own pictures stay together, in natural order."""
    return [natural_order(parent) for parent in reversed(path.parents)], natural_order(path)
