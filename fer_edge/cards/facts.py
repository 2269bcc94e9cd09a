"""Reading and checking of a model card's JSON, which anyone may have written."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from fer_edge.bounded_json import parse_json
from fer_edge.names import printable

_TYPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(("name", "architecture", "precision", "licence", "intended_use", "out_of_scope_use"), (str,)),
    **dict.fromkeys(("parent_sha256", "calibration_sha256", "model_sha256"), (str, type(None))),
    **dict.fromkeys(("training", "evaluation", "parity", "tools"), (dict,)),
    **dict.fromkeys(("labels", "limitations"), (list,)),
    "prior": (dict, type(None)),
    "model_bytes": (int, type(None)),
}


def read_facts(text: str) -> dict[str, Any]:
    """Parse a card's JSON, with every text in it escaped for a terminal.

    Raises:
        ValueError: If the text is no JSON, or nested too deep.
        TypeError: If the JSON is no object.
    """
    facts = _shown(parse_json(text))
    if not isinstance(facts, dict):
        raise TypeError(f"expected a JSON object, got {type(facts).__name__}")
    return facts


def require_types(facts: dict[str, Any]) -> None:
    """Check that a card's members are of their types, and that its name can be part of a file's name.

    Raises:
        KeyError: If the name or the labels are missing.
        TypeError: If a member is of another type.
        ValueError: If the name has slashes, or the size is impossible.
    """
    for name, types in _TYPES.items():
        if name in facts and type(facts[name]) not in types:
            raise TypeError(f"{name}: expected {types[0].__name__}, got {type(facts[name]).__name__}")
    if not all(isinstance(label, str) and label for label in facts["labels"]):
        raise TypeError("labels: expected names")
    if any(separator in facts["name"] for separator in "/\\"):
        raise ValueError("name: expected one without slashes")
    if not 0 <= (facts.get("model_bytes") or 0) < sys.maxsize:
        raise ValueError("model_bytes: expected the size of a file")


def _shown(facts: Any) -> Any:
    if isinstance(facts, dict):
        return {printable(name): _shown(value) for name, value in facts.items()}
    if isinstance(facts, list):
        return [_shown(value) for value in facts]
    return printable(facts) if isinstance(facts, str) else facts


def known_members(kind: type, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a dataclass has a field for; others are a later version's."""
    names = {one.name for one in fields(kind)}
    return {name: value for name, value in facts.items() if name in names}
