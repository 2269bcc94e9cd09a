"""Copying of pictures into split folders."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from fer_edge.collection.folders import ClassPicture
from fer_edge.dataset.data import SplitName
from fer_edge.errors import InputError
from fer_edge.temporary import temporary_folder


def copy_divided(pictures: Sequence[ClassPicture], splits: Sequence[SplitName], output: Path) -> None:
    """Copy pictures to `output/SPLIT/CLASS/`, all or none; folders below a class become part of the names.

    Args:
        pictures: The pictures.
        splits: Split of each.
        output: New folder, or an empty one.

    Raises:
        InputError: If the folder has content, or is a file.
    """
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"{output}: expected a new or empty folder, as nothing is overwritten; choose another")
    output.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(output.parent, f".{output.name[:40]}") as folder:
        content = folder / "content"
        for picture, split in zip(pictures, splits, strict=True):
            target = content / split.value / picture.label / "-".join(picture.within)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                raise InputError(f"{picture.place}: another picture would get the name {target.name}, too; rename one")
            shutil.copy2(picture.path, target)
        if output.exists():
            output.rmdir()
        content.replace(output)
