"""Results of one model file, as report.json stores them."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.benchmark.accuracy import Quality


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
class ChangedLabel:
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
