"""Results of one model file, as report.json stores them."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.benchmark.accuracy import Quality


@dataclass(frozen=True)
class Timing:
    """Times of the calls of one subject.

    Attributes:
        calls: Number of timed calls; all other figures except `samples_ms` are of all of them.
        total_ms: Sum of the times.
        samples_ms: Time of each call, in order; of more than 2,000 calls, 2,000 evenly spaced ones.
        p50: Median, ms.
        p90: 90th percentile, ms; `None` if there are too few calls for it, as for the next two.
        p95: 95th percentile, ms.
        p99: 99th percentile, ms.
        longest: Longest call, ms.
        windows_ms: Medians of five equal stretches of the run.
        spread: Largest of `windows_ms` divided by the smallest, minus 1.
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
    """One model file in one engine.

    Attributes:
        name: Unique name in the report: the file's name, with the engine's library where several ran it.
        file: Name of the file.
        sha256: Digest of the file.
        network: Architecture.
        precision: Precision of weights and activations, as read from the file.
        runtime: Library of the engine, and its version.
        threads: Number of threads of the interpreter.
        role: "full" for a Keras model that others were exported from, "file" for this project's files, "peer" for
            another project's.
        bytes: Size of the file.
        parameters: Number of weights and biases; `None` if unknown.
        macs: Multiply-accumulates of one image; `None` if unknown.
        delegate: Delegate that runs the graph, such as "XNNPACK"; `None` if the interpreter's own kernels do.
        parts: Number of parts that the delegate and the interpreter cut the graph into; `None` if unknown.
        load_ms: Time to load the model in a fresh process; `None` if not measured.
        first_ms: Time of the first call in that process.
        peak_memory_bytes: Peak resident memory of that process, the engine's library included.
        model: Latency of the model alone: from prepared pixels to scores.
        frame: Latency from a camera's frame and a face's box to a label: crop, model and smoothing.
        quality: Quality on the labelled images; `None` without them.
        parent: Name of the result of the full model that it was exported from; `None` if that was not measured.
        full_quality: Quality of the full model with its scores re-weighted for this file's prior; `None` where both
            have the same prior, or either was not scored.
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
    full_quality: Quality | None = None

    @property
    def library(self) -> str:
        """Library of the engine without its version."""
        return self.runtime.rsplit(" ", 1)[0]

    @property
    def plain_name(self) -> str:
        """Name without the library."""
        return self.name.removesuffix(f" ({self.library})")


@dataclass(frozen=True)
class Threads:
    """A file's median by number of threads, from a shorter run.

    Attributes:
        name: Name of the result.
        p50_ms: Median of the model alone, ms, by number of threads.
        spread: Largest of five windows' medians divided by the smallest, minus 1, by number of threads.
    """

    name: str
    p50_ms: dict[int, float]
    spread: dict[int, float]


@dataclass(frozen=True)
class ChangedLabel:
    """An image on which the best class of a file differs from its full model's.

    Attributes:
        index: Index in the split.
        label: True expression.
        png: Face as a PNG, base64.
        full: Expression of the full model, and its score.
        files: Expression and score of each file that differs, by the result's name.
    """

    index: int
    label: str
    png: str
    full: tuple[str, float]
    files: dict[str, tuple[str, float]]
