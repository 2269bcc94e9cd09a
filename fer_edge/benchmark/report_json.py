"""One run of the benchmark, and report.json, which stores it in a documented, versioned schema."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fer_edge.benchmark.from_json import from_json
from fer_edge.benchmark.results import ChangedLabel, Result, Threads
from fer_edge.benchmark.setting import Board, Data, Method
from fer_edge.errors import InputError
from fer_edge.files import read_text_file, write_atomic
from fer_edge.labels import EXPRESSIONS

READABLE_VERSIONS = (3, 4, 5, 6)
"""Versions of report.json that can be read; the last is the one that is written."""

SCHEMA_VERSION = READABLE_VERSIONS[-1]

_DATA_OF_4 = {"majority": "", "copied": "", "one_person": None, "one_person_without_copies": None}
_QUALITY_OF_4 = {"people": None, "without_copies": None}
_QUALITY_OF_5 = {"groups": None, "stress": None}
_RESULT_OF_6 = {"full_quality": None}


@dataclass(frozen=True)
class Report:
    """One run of the benchmark.

    Attributes:
        created: Time of the run, ISO 8601, UTC.
        method: Effort of the measurement.
        data: Labelled images; `None` if accuracy was not measured.
        board: Machine.
        results: Results of each file in each engine, full models first.
        threads: Medians by number of threads, for each file.
        moved: Images whose label quantization changed, the full model's highest scores first.
        emulated: Content of pi.json, which `make pi` writes; `None` if it has not run.
    """

    created: str
    method: Method
    data: Data | None
    board: Board
    results: tuple[Result, ...]
    threads: tuple[Threads, ...] = ()
    moved: tuple[ChangedLabel, ...] = ()
    emulated: dict[str, Any] | None = None

    @property
    def full(self) -> Result | None:
        """First full model; `None` if there is none."""
        return next((result for result in self.results if result.role == "full"), None)

    @property
    def reference(self) -> Result:
        """Result that times are compared with: the first full model, else the first result."""
        return self.full or self.results[0]

    @property
    def each_file(self) -> list[Result]:
        """Results of each file in its preferred engine, the first in the report."""
        firsts: dict[tuple[str, str], Result] = {}
        for result in self.results:
            firsts.setdefault((result.role, result.sha256), result)
        return list(firsts.values())

    @property
    def has_people(self) -> bool:
        """True if people's answer was measured."""
        return any(result.quality is not None and result.quality.people is not None for result in self.results)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that accuracy was measured on; the seven expressions where it was not."""
        scored = (result.quality for result in self.results if result.quality is not None)
        return next((quality.classes for quality in scored), EXPRESSIONS)

    def parent_of(self, result: Result) -> Result | None:
        """Return the full model that a file was exported from, with its quality for the file's prior.

        `None` if that was not measured.
        """
        parent = next((each for each in self.results if each.name == result.parent), None)
        if parent is None or result.full_quality is None:
            return parent
        return replace(parent, quality=result.full_quality)

    def times_faster(self, result: Result) -> float:
        """Return the median of the reference divided by the result's, of the model alone."""
        return self.reference.model.p50 / result.model.p50

    def as_dict(self) -> dict[str, Any]:
        """Return the content of report.json."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    def write(self, path: Path) -> None:
        """Write report.json."""
        write_atomic(path, json.dumps(self.as_dict(), indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> Report:
        """Read report.json.

        Raises:
            InputError: If it is missing, damaged or has another schema version.
        """
        try:
            facts = json.loads(read_text_file(path, "a report.json of fer-edge benchmark"))
            version = facts.pop("schema_version")
            if version not in READABLE_VERSIONS:
                raise InputError(f"{path}: it is of another version of the report; measure again")
            return from_json(Report, _upgraded(facts, version))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise InputError(f"{path}: expected a report.json of fer-edge benchmark, got: {error}") from error


def _upgraded(facts: dict[str, Any], version: int) -> dict[str, Any]:
    """Return what report.json holds, with empty values for what an earlier version did not measure."""
    if version == 3:  # before people's answer, and copies of training images
        facts = {**_with_quality(facts, _QUALITY_OF_4), "data": facts["data"] and {**_DATA_OF_4, **facts["data"]}}
    if version <= 4:  # before groups and stress
        facts = _with_quality(facts, _QUALITY_OF_5)
    if version <= 5:  # before full models were judged for the priors of their files
        facts = {**facts, "results": [{**_RESULT_OF_6, **row} for row in facts["results"]]}
    return facts


def _with_quality(facts: dict[str, Any], added: dict[str, None]) -> dict[str, Any]:
    results = [{**row, "quality": row["quality"] and {**added, **row["quality"]}} for row in facts["results"]]
    return {**facts, "results": results}
