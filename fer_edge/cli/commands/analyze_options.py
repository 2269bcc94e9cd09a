"""Options of `fer-edge analyze`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.analysis.settings import Settings
from fer_edge.cli.model_options import input_range_option, labels_option, logits_option, prior_option
from fer_edge.cli.parameters import INTERVAL, MOST_THREADS, SHIPPED, ModelPath
from fer_edge.errors import InputError
from fer_edge.models import SHIPPED_MODEL
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE, DEFAULT_WIDTH, MAX_WIDTH, MIN_WIDTH, PICTURE_WIDTH
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY
from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.stated_facts import StatedFacts

Command = TypeVar("Command", bound=Callable[..., Any])

SECTIONS = {"output": "Files", "every": "Frames", "model": "Model", "detector": "Faces", "workers": "Processes"}
"""Titles in the help, by the first parameter under each."""

_MOST_WORKERS = 1024


@dataclass(frozen=True)
class AnalyzeOptions:
    """Values of the options, a field for each, by its parameter's name."""

    output: Path
    recursive: bool
    overwrite: bool
    privacy: bool
    video: bool
    every: float | None
    fps: float | None
    model: Path
    labels: tuple[str, ...] | None
    input_range: tuple[float, float] | None
    logits: bool
    prior: str | None
    num_threads: int
    detector: str
    detector_width: int | None
    confidence: float
    max_faces: int | None
    detect_every: int
    smoothing: float
    threshold: float
    workers: int | None
    scheduler: str | None

    @property
    def settings(self) -> Settings:
        """Settings of the analysis.

        Raises:
            InputError: If two options contradict each other.
        """
        if self.every is not None and self.fps is not None:
            raise InputError("--every and --fps say the same in two ways; leave one of them out")
        return Settings(
            model=self.model,
            facts=StatedFacts(self.labels, self.input_range, self.logits),
            prior=self.prior,
            detector=DetectorEngine(self.detector),
            detector_width=self.detector_width,
            confidence=self.confidence,
            max_faces=self.max_faces,
            threshold=self.threshold,
            smoothing_s=self.smoothing,
            detect_every=self.detect_every,
            every_s=1 / self.fps if self.fps else self.every or 0.0,
            num_threads=self.num_threads,
            thumbnails=not self.privacy,
        )


def analyze_options(command: Command) -> Command:
    """Add all options, in the order of the help."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        metavar="DIR",
        help="Folder for the tables; it belongs to one analysis.",
    ),
    click.option("--recursive", is_flag=True, help="Search the folders below the named ones too."),
    click.option("--overwrite", is_flag=True, help="Replace an earlier analysis in --output."),
    click.option("--privacy", is_flag=True, help="Store no picture of a face; drawings stand for them in the summary."),
    click.option(
        "--video",
        is_flag=True,
        help="Write an annotated copy of each video, which plays in a browser and shows the tracks' numbers, into "
        "--output's folder videos.",
    ),
    click.option(
        "--every",
        type=INTERVAL,
        metavar="TIME",
        help="Analyze a frame each 0.2s, 500ms or 1min of a video.  [default: every frame]",
    ),
    click.option(
        "--fps",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="Analyze N frames of each second of a video, the same as --every 1/N.",
    ),
    click.option(
        "--model",
        type=ModelPath(),
        default=SHIPPED_MODEL,
        help=f"A .tflite or .onnx file, or a shipped model: {SHIPPED}.  "
        f"[default: {SHIPPED_MODEL.name.removesuffix('_int8.tflite')}]",
    ),
    labels_option,
    input_range_option,
    logits_option,
    prior_option("How often each expression is expected, by which scores are re-weighted"),
    click.option(
        "--num-threads", type=click.IntRange(1, MOST_THREADS), default=1, show_default=True, help="Of the model."
    ),
    click.option(
        "--detector",
        type=click.Choice([engine.value for engine in DetectorEngine]),
        default=DetectorEngine.AUTO.value,
        show_default=True,
        help="How the face detector is computed; auto takes what suits this machine, and all workers the same.",
    ),
    click.option(
        "--detector-width",
        type=click.IntRange(MIN_WIDTH, MAX_WIDTH),
        metavar="PIXELS",
        help="Scale a frame's longer side to so many pixels to look for faces; more finds smaller faces.  "
        f"[default: {DEFAULT_WIDTH}; pictures: their own, up to {PICTURE_WIDTH}]",
    ),
    click.option(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=DEFAULT_CONFIDENCE,
        show_default=True,
        help="Least confidence of the detector in a face.",
    ),
    click.option("--max-faces", type=click.IntRange(1), metavar="N", help="Only the N largest faces of each frame."),
    click.option(
        "--detect-every",
        type=click.IntRange(1),
        default=DEFAULT_EVERY,
        show_default=True,
        metavar="N",
        help="Look for faces in every N-th frame of 30 a second, and follow them in between.",
    ),
    click.option(
        "--smoothing",
        type=click.FloatRange(0),
        default=Smoothing.seconds,
        show_default=True,
        metavar="SECONDS",
        help="Time constant of the mean over a face's scores; 0 leaves each frame to itself.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        default=Smoothing.threshold,
        show_default=True,
        help="Least score of an expression; a face without one is uncertain.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1, _MOST_WORKERS),
        metavar="N",
        help="Analyze in N processes of this machine, with the same tables as result.",
    ),
    click.option(
        "--scheduler",
        metavar="tcp://HOST:8786",
        help="Analyze on the machines of a Dask cluster, which share the sources' and --output's folders.",
    ),
)
