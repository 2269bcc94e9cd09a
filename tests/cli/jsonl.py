"""Results of `fer-edge run` as its tests read them."""

from __future__ import annotations

import json
from typing import Any


def read_jsonl(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
