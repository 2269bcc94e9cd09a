"""Options of `fer-edge analyze`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from fer_edge.analysis.settings import Settings
from fer_edge.cli.face_options import (
    confidence_option,
    detector_option,
    detector_width_option,
    max_faces_option,
    smoothing_option,
    threshold_option,
)
from fer_edge.cli.model_options import (
    input_range_option,
    labels_option,
    logits_option,
    model_option,
    num_threads_option,
    prior_option,
    stated_facts,
)
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.option_lists import option_list
from fer_edge.cli.parameters import INTERVAL
from fer_edge.errors import InputError
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY

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
            raise InputError("--every and --fps both set the interval; leave one of them out")
        return Settings(
            model=self.model,
            facts=stated_facts(self.labels, self.input_range, self.logits),
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


analyze_options = option_list(
    click.option(
        "--output",
        type=click.Path(path_type=Path, file_okay=False),
        required=True,
        metavar="DIR",
        help="Folder for the tables; it belongs to one analysis.",
    ),
    click.option("--recursive", is_flag=True, help="Search the folders below the named ones too."),
    click.option("--overwrite", is_flag=True, help="Replace an earlier analysis in --output."),
    click.option(
        "--privacy",
        is_flag=True,
        help="Store no picture of a face and delete stored ones; the summary shows drawings instead.",
    ),
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
        type=NumberRange(0, min_open=True),
        metavar="N",
        help="Analyze N frames of each second of a video, the same as --every 1/N.",
    ),
    model_option,
    labels_option,
    input_range_option,
    logits_option,
    prior_option("Expected share of each expression, by which scores are re-weighted"),
    num_threads_option,
    detector_option,
    detector_width_option,
    confidence_option,
    max_faces_option,
    click.option(
        "--detect-every",
        type=click.IntRange(1),
        default=DEFAULT_EVERY,
        show_default=True,
        metavar="N",
        help="Look for faces in every N-th frame of 30 a second, and follow them in between.",
    ),
    smoothing_option,
    threshold_option,
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
"""Add all options to a command."""
