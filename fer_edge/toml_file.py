"""Reading of TOML files, on every Python that this project supports."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fer_edge.errors import InputError, first_line
from fer_edge.files import read_text_file

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a configuration file says.

    Raises:
        InputError: If it is missing, no regular file or not TOML.
        OSError: If it cannot be read.
    """
    text = read_text_file(path, "a configuration file")
    try:
        settings: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits, and deep nesting
        raise InputError(f'{path}: not TOML: {first_line(error)}; expected lines such as: camera = "0"') from error
    return settings
