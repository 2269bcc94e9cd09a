"""Reports of earlier versions of the schema, in the form of the present one."""

from __future__ import annotations

from typing import Any

READABLE_VERSIONS = (3, 4)
"""Versions of report.json that can be read; the last is the one that is written."""

_DATA_OF_4 = {"majority": "", "copied": "", "one_person": None, "one_person_without_copies": None}
_QUALITY_OF_4 = {"people": None, "without_copies": None}


def upgraded(facts: dict[str, Any], version: int) -> dict[str, Any]:
    """Return what report.json holds, with empty values for what an earlier version did not measure."""
    if version == 3:  # before people's answer, and copies of training images
        data = facts["data"] and {**_DATA_OF_4, **facts["data"]}
        results = [
            {**row, "quality": row["quality"] and {**_QUALITY_OF_4, **row["quality"]}} for row in facts["results"]
        ]
        return {**facts, "data": data, "results": results}
    return facts
