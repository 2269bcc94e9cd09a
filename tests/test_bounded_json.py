from __future__ import annotations

from typing import Any

import pytest

from fer_edge.bounded_json import parse_json


@pytest.mark.parametrize(("text", "value"), [("{}", {}), ("[1, [2]]", [1, [2]]), ("[" * 60 + "]" * 60, None), ("7", 7)])
def test_json_is_parsed(text: str, value: Any) -> None:
    parsed = parse_json(text)
    assert value is None or parsed == value


@pytest.mark.parametrize("text", ["", "{", "[" * 100 + "]" * 100, "[" * 500_000, '{"a":' * 100 + "1" + "}" * 100])
def test_invalid_or_too_deep_json_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"deeper than 64 levels|Expecting"):
        parse_json(text)
