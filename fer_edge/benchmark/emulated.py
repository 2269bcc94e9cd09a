"""pi.json: the instructions that `make pi` counted on an emulated Raspberry Pi."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fer_edge.errors import InputError
from fer_edge.files import read_text_file
from fer_edge.training.run_folder import RUNS

EMULATED = RUNS / "pi" / "pi.json"
"""Default path of pi.json."""

SCHEMA_VERSION = 2
"""Schema version that `make pi` writes and reports show."""


def read_emulated(path: Path | None = None) -> dict[str, Any] | None:
    """Read what `make pi` counted; without a path, from `EMULATED`, or `None` if there is no such file.

    Raises:
        InputError: If the file holds no JSON object.
    """
    path = path or EMULATED
    if not path.is_file():
        return None
    try:
        counted = json.loads(read_text_file(path, "what make pi counted"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: expected what make pi counted, got no JSON ({error})") from error
    if not isinstance(counted, dict):
        raise InputError(f"{path}: expected what make pi counted, a JSON object, got {type(counted).__name__}")
    return counted
