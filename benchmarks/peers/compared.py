"""What `make bench-peers` found, as peers.json stores it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from fer_edge.benchmark.accuracy import People, WithoutCopies
from fer_edge.errors import InputError
from fer_edge.files import write_atomic
from fer_edge.labels import EXPRESSIONS

SCHEMA_VERSION = 2
_WITHOUT_VOTES = 1
"""The version before people's answer was measured, which can still be read."""


@dataclass(frozen=True)
class Network:
    """One row of peers.json.

    Attributes:
        name: The file's or, for a peer, its package's.
        package: Where a peer comes from, `name version`; `None` for this project's own.
        about: The architecture.
        precision: As read from the tensors.
        runtime: What it ran in.
        sha256: Of the file.
        bytes: Its size.
        parameters: Its weights and biases.
        macs: Multiply-accumulates of one image.
        p50_ms: Median latency of the network alone, its input prepared.
        p90_ms: The time that nine in ten calls did not exceed.
        whole_p50_ms: The same from a 48x48 gray face, with the network's own preprocessing.
        whole_p90_ms: The time that nine in ten such calls did not exceed.
        latency_over_fer: `p50_ms` over that of `fer` in this run.
        evaluation: On the validation images, by their labels, as `Evaluation.as_dict` gives it.
        parent_sha256: Of the float model that it was exported from, for this project's own.
        agreement: With that model, as its card has it.
        accuracy_drop: From that model, as its card has it.
        people: Agreement with people's votes; `None` without votes.
        without_copies: Results without the images that have an exact copy in the training split; `None` if none has.
    """

    name: str
    package: str | None
    about: str
    precision: str
    runtime: str
    sha256: str
    bytes: int
    parameters: int
    macs: int
    p50_ms: float
    p90_ms: float
    whole_p50_ms: float
    whole_p90_ms: float
    latency_over_fer: float
    evaluation: dict[str, Any]
    parent_sha256: str | None = None
    agreement: float | None = None
    accuracy_drop: float | None = None
    people: People | None = None
    without_copies: WithoutCopies | None = None

    @property
    def accuracy(self) -> float:
        """Share of the validation images, 0..1."""
        return float(self.evaluation["accuracy"])

    @property
    def first_accuracy(self) -> float:
        """Accuracy by people's answer where it was measured, else by the label, 0..1."""
        return self.accuracy if self.people is None else self.people.accuracy

    @property
    def display_name(self) -> str:
        """Name in tables and pictures."""
        return self.package or self.name

    @property
    def calibration_error(self) -> float:
        """Expected calibration error, 0..1."""
        return float(self.evaluation["expected_calibration_error"])

    def per_class(self, measure: str) -> list[float]:
        """Precision, recall or f1 of each of `EXPRESSIONS`."""
        return [float(self.evaluation["per_class"][name][measure]) for name in EXPRESSIONS]


@dataclass(frozen=True)
class Comparison:
    """One run of the benchmark: peers.json.

    Attributes:
        data: Name of the data set.
        images: Number of validation images.
        rounds: Timed calls of each network.
        machine: Its facts and its load.
        networks: What was measured.
        one_person: One person's results, as `OnePerson.as_dict` gives them; `None` without votes.
    """

    data: str
    images: int
    rounds: int
    machine: dict[str, Any]
    networks: tuple[Network, ...]
    one_person: dict[str, Any] | None = None

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        facts = {"schema_version": SCHEMA_VERSION, "threads": 1, **asdict(self)}
        write_atomic(path, json.dumps(facts, indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> Comparison:
        """Read what `write` wrote.

        Raises:
            InputError: If it is not there, or not of this schema.
        """
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            if facts.pop("schema_version") not in (_WITHOUT_VOTES, SCHEMA_VERSION):
                raise InputError(f"{path}: it is of another version; measure again: make bench-peers")
            facts.pop("threads")
            return Comparison(**{**facts, "networks": tuple(map(_read_network, facts["networks"]))})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path}: expected the peers' benchmark ({error}); measure first: make bench-peers"
            ) from error


def _read_network(row: dict[str, Any]) -> Network:
    without = row.get("without_copies")
    answers = {
        "people": None if row.get("people") is None else from_json(People, row["people"]),
        "without_copies": None if without is None else WithoutCopies(**without),
    }
    return Network(**{**row, **answers})
