"""Pictures that are named by files, folders and patterns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fer_edge.analysis.named_files import NamedFile, Wanted, find_files
from fer_edge.pictures.decoding import is_picture
from fer_edge.runtime.sources.image_files import promises_picture


def find_pictures(names: Sequence[str], *, recursive: bool = False) -> list[NamedFile]:
    """Return the pictures that are named, as `find_files` does.

    A file that is named itself, or whose suffix is a picture format's, is returned whatever it holds, so that it gets
    an error of its own.
    """
    return find_files(names, _PICTURES, recursive=recursive)


def _is_wanted(path: Path) -> bool:
    return promises_picture(path) or is_picture(path)


_PICTURES = Wanted("a picture", "pictures (such as JPEG, PNG or WebP)", "photos/*.jpg", _is_wanted)
