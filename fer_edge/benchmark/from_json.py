"""Dataclasses read from JSON, by the types of their fields."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def from_json(kind: type[T], facts: Any) -> T:
    """Return the dataclass that `dataclasses.asdict` and JSON have made `facts` of.

    Args:
        kind: A dataclass, with fields of plain types, `Any`, dataclasses, and tuples, dicts and `... | None` of them.
        facts: Parsed JSON: lists for tuples, and dict keys as strings.

    Raises:
        ValueError: If a field is missing or unknown, or a tuple has another length.
        TypeError: If a value is of another type.
    """
    return cast(T, _value(kind, facts))


def _value(kind: Any, found: Any) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return None if found is None else _value(parts[0], found)
    if is_dataclass(kind):
        return _dataclass(cast(type, kind), found)
    if origin is tuple:
        kinds = [parts[0]] * len(found) if parts[-1] is Ellipsis else parts
        return tuple(_value(*pair) for pair in zip(kinds, found, strict=True))
    if origin is dict:
        return {parts[0](key): _value(parts[1], value) for key, value in found.items()}
    if kind is not Any and not isinstance(found, (int, float) if kind is float else kind):
        raise TypeError(f"expected {kind.__name__}, got {found!r:.40}")
    return found


def _dataclass(kind: type, facts: dict[str, Any]) -> Any:
    expected = {field.name for field in fields(kind)}
    if set(facts) != expected:
        raise ValueError(f"{kind.__name__}: expected {sorted(expected)}, got {sorted(facts)}")
    types = get_type_hints(kind)
    return kind(**{name: _value(types[name], value) for name, value in facts.items()})
