"""What a benchmark found, as report.json stores it: a documented, versioned schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from fer_edge.benchmark.answers import Interval, People, WithoutCopies, read_people
from fer_edge.benchmark.older_reports import READABLE_VERSIONS, upgraded
from fer_edge.errors import InputError
from fer_edge.files import read_text_file, write_atomic
from fer_edge.labels import EXPRESSIONS

SCHEMA_VERSION = READABLE_VERSIONS[-1]

NO_MAJORITY = "-"
"""Stands in `Data.majority` for an image on which most people do not agree."""

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Timing:
    """How long the calls of one subject took.

    Attributes:
        calls: How many were timed; all figures are of all of them.
        total_ms: Their times' sum.
        samples_ms: Each call's time, in the order they were made; of more than 2,000 calls, so many evenly spaced ones.
        p50: The median, ms.
        p90: Not exceeded by nine in ten, ms; `None` if there are too few calls to tell, as in the other two.
        p95: Not exceeded by 19 in 20, ms.
        p99: Not exceeded by 99 in 100, ms.
        longest: Of all calls, ms.
        windows_ms: The medians of five equal stretches of the run.
        spread: The largest of `windows_ms` over the smallest, less 1.
    """

    calls: int
    total_ms: float
    samples_ms: tuple[float, ...]
    p50: float
    p90: float | None
    p95: float | None
    p99: float | None
    longest: float
    windows_ms: tuple[float, ...]
    spread: float


@dataclass(frozen=True)
class Quality:
    """How good the scores are, on the labelled images.

    Attributes:
        evaluation: As `fer_edge.metrics.Evaluation.as_dict` gives it.
        interval: Of the accuracy, 95 %, by bootstrap: its ends, 0..1.
        agreement: Share of images with the best class of the full model that it was exported from, 0..1; `None` where
            that was not measured.
        predicted: Each image's best class, a digit each: its index in `EXPRESSIONS`; so two runs can be compared image
            by image.
        people: Agreement with people's votes on the same images; `None` without votes.
        without_copies: Results without the images that have an exact copy in the training split; `None` where no image
            has one, or that is not known.
    """

    evaluation: dict[str, Any]
    interval: Interval
    agreement: float | None
    predicted: str = ""
    people: People | None = None
    without_copies: WithoutCopies | None = None

    @property
    def accuracy(self) -> float:
        """Top-1, 0..1."""
        return float(self.evaluation["accuracy"])

    @property
    def macro_f1(self) -> float:
        """Mean of the classes' F1, 0..1."""
        return float(self.evaluation["macro_f1"])

    @property
    def calibration_error(self) -> float:
        """Expected calibration error over 15 bins, 0..1."""
        return float(self.evaluation["expected_calibration_error"])

    @property
    def recall(self) -> tuple[float, ...]:
        """Of each of `EXPRESSIONS`, 0..1."""
        return tuple(float(self.evaluation["per_class"][name]["recall"]) for name in EXPRESSIONS)

    @property
    def confusion(self) -> list[list[int]]:
        """Images by true class (rows) and predicted class (columns)."""
        rows: list[list[int]] = self.evaluation["confusion_matrix"]["rows_true_columns_predicted"]
        return rows


@dataclass(frozen=True)
class Result:
    """One model file in one interpreter.

    Attributes:
        name: Unique in the report: the file's name, and the interpreter's where several ran it.
        file: The file's name.
        sha256: Of the file.
        network: The architecture.
        precision: Of the weights and activations, as read from the file.
        runtime: The interpreter and its version.
        threads: Of the interpreter.
        role: "full" for the Keras model that the others came from, "file" for this project's, "peer" for another's.
        bytes: The file's size.
        parameters: Numbers in kernels and biases; `None` where the file does not tell.
        macs: Multiply-accumulates of one image; `None` where the file does not tell.
        delegate: What runs the graph, such as "XNNPACK"; `None` if the interpreter's own kernels do.
        parts: How many pieces the delegate and the interpreter cut the graph into; `None` where nobody knows.
        load_ms: From the start of loading to a model that is ready, in a fresh process; `None` if not measured.
        first_ms: The first call in that process.
        peak_memory_bytes: Of that process, the interpreter's library included.
        model: From prepared pixels to scores: the model alone.
        frame: From a camera's frame and a face's box to a label: cropping, the model, its scores.
        quality: On the labelled images; `None` if there were none.
        parent: Name of the result of the full model that it was exported from; `None` where that was not measured.
    """

    name: str
    file: str
    sha256: str
    network: str
    precision: str
    runtime: str
    threads: int
    role: str
    bytes: int
    parameters: int | None
    macs: int | None
    delegate: str | None
    parts: int | None
    load_ms: float | None
    first_ms: float | None
    peak_memory_bytes: int | None
    model: Timing
    frame: Timing
    quality: Quality | None
    parent: str | None = None

    @property
    def library(self) -> str:
        """The interpreter without its version."""
        return self.runtime.rsplit(" ", 1)[0]

    @property
    def plain_name(self) -> str:
        """The name without the interpreter, which it has where a file ran in several."""
        return self.name.removesuffix(f" ({self.library})")


@dataclass(frozen=True)
class Threads:
    """A file's median by the number of threads, from a shorter run of its own.

    Attributes:
        name: The result's.
        p50_ms: Number of threads to the median of the model alone, ms.
        spread: Number of threads to the largest of five windows' medians over the smallest, less 1.
    """

    name: str
    p50_ms: dict[int, float]
    spread: dict[int, float]


@dataclass(frozen=True)
class Moved:
    """An image on which some file's best class is not the full model's.

    Attributes:
        index: In the split.
        label: The true expression.
        png: The face, base64.
        full: The full model's expression, and its score.
        files: By the result's name, the expression and score of each of its files that differs.
    """

    index: int
    label: str
    png: str
    full: tuple[str, float]
    files: dict[str, tuple[str, float]]


@dataclass(frozen=True)
class Data:
    """The labelled images.

    Attributes:
        name: Of the file or folder.
        split: Which part of it.
        images: How many.
        sha256: Of the data set.
        synthetic: Whether the faces are drawn, so that accuracy says little.
        labels: Each image's true class, a digit each, as in `Quality.predicted`.
        majority: Each image's answer of most people, a digit each, `-` where there is none; empty without votes.
        copied: For each image, 1 if it has an exact copy in the training split, else 0; empty where that is not known.
        one_person: One person's results against the majority of the others, as
            `fer_edge.dataset.peoples_answer.OnePerson.as_dict` gives them; `None` without votes.
        one_person_without_copies: The same on the images that have no copy; `None` where `Quality.without_copies` is.
    """

    name: str
    split: str
    images: int
    sha256: str
    synthetic: bool
    labels: str = ""
    majority: str = ""
    copied: str = ""
    one_person: dict[str, Any] | None = None
    one_person_without_copies: dict[str, Any] | None = None

    @property
    def majorities(self) -> int:
        """Number of images on which most people agree."""
        return len(self.majority) - self.majority.count(NO_MAJORITY)

    @property
    def copies(self) -> int:
        """Number of images that have an exact copy in the training split."""
        return self.copied.count("1")


@dataclass(frozen=True)
class Method:
    """How it was measured.

    Attributes:
        effort: "quick", "default" or "sustained".
        rounds: Timed calls of each subject.
        warm_up_runs: Calls before them, at least.
        warm_up_s: Seconds before them, at least.
        seconds: That the timed rounds took in all.
        faces: What faces were shown while timing, in words.
    """

    effort: str
    rounds: int
    warm_up_runs: int
    warm_up_s: float
    seconds: float
    faces: str


@dataclass(frozen=True)
class Board:
    """The machine, and how it was before and after.

    Attributes:
        facts: What does not change: machine, processor, cores, memory, system, versions, affinity.
        before: clock_mhz, governor, temperature_c, throttling, load_average; `None` for what it cannot tell.
        after: The same.
        faults: Why the times are not valid, in words; empty if nothing speaks against them.
    """

    facts: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """One run of the benchmark.

    Attributes:
        created: ISO 8601, UTC.
        method: How it was measured.
        data: The labelled images; `None` if accuracy was not measured.
        board: The machine.
        results: The full model first, if there is one.
        threads: By file.
        moved: The images that quantization moved, the surest of the full model's first.
        emulated: What `make pi` counted, as its JSON has it; `None` if it has not run.
    """

    created: str
    method: Method
    data: Data | None
    board: Board
    results: tuple[Result, ...]
    threads: tuple[Threads, ...] = ()
    moved: tuple[Moved, ...] = ()
    emulated: dict[str, Any] | None = None

    @property
    def full(self) -> Result | None:
        """The Keras model; the first, where several were measured with their files."""
        return next((result for result in self.results if result.role == "full"), None)

    @property
    def reference(self) -> Result:
        """What times are divided by: the full model, else the first result."""
        return self.full or self.results[0]

    @property
    def each_file(self) -> list[Result]:
        """Each file in the first of its interpreters, which is the preferred one."""
        firsts: dict[tuple[str, str], Result] = {}
        for result in self.results:
            firsts.setdefault((result.role, result.sha256), result)
        return list(firsts.values())

    @property
    def has_people(self) -> bool:
        """Whether people's answer was measured."""
        return any(result.quality is not None and result.quality.people is not None for result in self.results)

    def parent_of(self, result: Result) -> Result | None:
        """The full model that a file was exported from, if that was measured."""
        return next((each for each in self.results if each.name == result.parent), None)

    def times_faster(self, result: Result) -> float:
        """The reference's median over this one's, the model alone."""
        return self.reference.model.p50 / result.model.p50

    def as_dict(self) -> dict[str, Any]:
        """What report.json holds."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self)}

    def write(self, path: Path) -> None:
        """Write report.json."""
        write_atomic(path, json.dumps(self.as_dict(), indent=1) + "\n")

    @staticmethod
    def read(path: Path) -> Report:
        """Read report.json.

        Raises:
            InputError: If it is not there, is damaged, or is of another schema.
        """
        try:
            facts = json.loads(read_text_file(path, "a report.json of fer-edge benchmark"))
            version = facts.pop("schema_version")
            if version not in READABLE_VERSIONS:
                raise InputError(f"{path}: it is of another version of the report; measure again")
            return _report(upgraded(facts, version))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise InputError(f"{path}: expected a report.json of fer-edge benchmark, got: {error}") from error


def _report(facts: dict[str, Any]) -> Report:
    return Report(
        created=facts["created"],
        method=_part(Method, facts["method"]),
        data=None if facts["data"] is None else _part(Data, facts["data"]),
        board=_part(Board, {**facts["board"], "faults": tuple(facts["board"]["faults"])}),
        results=tuple(_result(row) for row in facts["results"]),
        threads=tuple(_threads(row) for row in facts["threads"]),
        moved=tuple(_moved(row) for row in facts["moved"]),
        emulated=facts["emulated"],
    )


def _result(row: dict[str, Any]) -> Result:
    quality = None if row["quality"] is None else _quality(row["quality"])
    return _part(Result, {**row, "model": _timing(row["model"]), "frame": _timing(row["frame"]), "quality": quality})


def _quality(row: dict[str, Any]) -> Quality:
    low, high = row["interval"]
    without = row["without_copies"]
    return _part(
        Quality,
        {
            **row,
            "interval": (low, high),
            "people": read_people(row["people"]),
            "without_copies": None if without is None else _part(WithoutCopies, without),
        },
    )


def _timing(row: dict[str, Any]) -> Timing:
    return _part(Timing, {**row, "samples_ms": tuple(row["samples_ms"]), "windows_ms": tuple(row["windows_ms"])})


def _threads(row: dict[str, Any]) -> Threads:
    # JSON has no integers as keys.
    by_number = {key: {int(number): value for number, value in row[key].items()} for key in ("p50_ms", "spread")}
    return Threads(row["name"], **by_number)


def _moved(row: dict[str, Any]) -> Moved:
    files = {name: (label, score) for name, (label, score) in row["files"].items()}
    label, score = row["full"]
    return _part(Moved, {**row, "full": (label, score), "files": files})


def _part(kind: type[_Part], facts: Mapping[str, Any]) -> _Part:
    expected = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if set(facts) != expected:
        raise ValueError(f"{kind.__name__}: expected {sorted(expected)}, got {sorted(facts)}")
    return kind(**facts)
