"""Parsing of JSON of unknown origin, with a limited depth."""

from __future__ import annotations

import json
from typing import Any

_DEEPEST = 64
"""Largest number of levels; a Keras network has about 15, a model card 5."""


def parse_json(text: str | bytes) -> Any:
    """Parse JSON.

    Raises:
        ValueError: If the text is no JSON, or deeper than `_DEEPEST` levels, which would exhaust a reader's stack.
    """
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise ValueError(_TOO_DEEP) from error
    level = [value]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _contents(outer)]
    if level:
        raise ValueError(_TOO_DEEP)
    return value


_TOO_DEEP = f"nested deeper than {_DEEPEST} levels"


def _contents(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
