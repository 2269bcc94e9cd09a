"""Checks of a .keras archive, and its network's description, without Keras."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from fer_edge.bounded_json import parse_json
from fer_edge.errors import ModelError
from fer_edge.files import DAMAGED_ZIP_ERRORS

_MOST_EXPANSION = 4
_ALWAYS_ALLOWED = 16 << 20
"""Unpacked bytes; Keras stores members without compression."""
_LARGEST_CONFIG = 8 << 20
"""Largest description, bytes; ResNet50's has 120,000."""


def require_undamaged(path: Path) -> None:
    """Check every member's checksum: Keras only warns of damaged weights, and leaves the layer untrained.

    Raises:
        ModelError: If a checksum is wrong, or the members unpack to many times the file's size.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            most = _ALWAYS_ALLOWED + _MOST_EXPANSION * path.stat().st_size
            if unpacked > most:
                raise ModelError(f"{path}: it unpacks to {unpacked:,} bytes, which no Keras model of its size does")
            damaged = archive.testzip()
    except DAMAGED_ZIP_ERRORS as error:
        raise ModelError(f"{path}: expected a .keras file, got something else or a damaged one ({error})") from error
    if damaged is not None:
        raise ModelError(f"{path}: {damaged} in it is damaged; copy the file again")


def read_config(path: Path) -> Any:
    """Return a network's description, parsed from JSON.

    Raises:
        ModelError: If it is missing or cannot be read.
    """
    try:
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as member:
            content = member.read(_LARGEST_CONFIG + 1)
        if len(content) > _LARGEST_CONFIG:
            raise ValueError(f"expected at most {_LARGEST_CONFIG:,} bytes, got more")
        return parse_json(content)
    except (KeyError, *DAMAGED_ZIP_ERRORS) as error:
        raise ModelError(f"{path}: its config.json cannot be read ({error}); save or copy it again") from error
