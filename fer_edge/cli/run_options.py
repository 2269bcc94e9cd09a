"""The options of `fer-edge run`, and what they come to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.cli.credentials import SecretOption
from fer_edge.cli.model_path import SHIPPED, ModelPath
from fer_edge.cli.parameters import (
    MOST_THREADS,
    read_byte_size,
    read_every_nth,
    read_mqtt_address,
    read_percentage,
    read_resolution,
)
from fer_edge.cli.prior_options import prior_option
from fer_edge.cli.stated_options import input_range_option, labels_option, logits_option
from fer_edge.runtime.classifier import SHIPPED_MODEL
from fer_edge.runtime.detector import DEFAULT_CONFIDENCE, DEFAULT_WIDTH, MAX_WIDTH, MIN_WIDTH, PICTURE_WIDTH
from fer_edge.runtime.devices import CameraSettings
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.log_files import LogPolicy
from fer_edge.runtime.mqtt_address import MqttAddress
from fer_edge.runtime.orientation import TURNS, Flip
from fer_edge.runtime.schedule import DEFAULT_EVERY, BudgetSchedule, DetectionSchedule
from fer_edge.runtime.sinks import STDOUT
from fer_edge.runtime.smoothing import RAW, Smoothing
from fer_edge.stated_facts import StatedFacts

_MOST_OLDER_FILES = 10_000
"""Each is looked for whenever a file is rotated."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class RunOptions:
    """What was asked for: a field for each option, with its name, read but not yet acted upon."""

    camera: str
    resolution: tuple[int, int] | None
    fps: float | None
    rotate: str
    flip: str
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
    detect_every: int | None
    budget: float
    max_fps: float | None
    smoothing: float
    threshold: float
    raw: bool
    jsonl: str | None
    csv: str | None
    output: Path | None
    rotate_size: int | None
    rotate_keep: int
    on_change_only: bool
    mqtt: MqttAddress | None
    name: str
    preview: str | None
    preview_token: str | None
    privacy: bool
    frames: int | None
    seconds: float | None
    quiet: bool

    @property
    def facts(self) -> StatedFacts:
        """Facts stated about a model file without a card."""
        return StatedFacts(self.labels, self.input_range, self.logits)

    @property
    def camera_settings(self) -> CameraSettings:
        """How a camera is started."""
        return CameraSettings(self.resolution, self.fps)

    @property
    def schedule(self) -> DetectionSchedule:
        """In which frames faces are looked for."""
        return DetectionSchedule(self.detect_every) if self.detect_every else BudgetSchedule(self.budget)

    @property
    def smoothed(self) -> Smoothing:
        """How scores are smoothed and labels held."""
        return RAW if self.raw else Smoothing(self.smoothing, self.threshold)

    @property
    def shown(self) -> bool:
        """Whether the terminal shows the results: not where standard output holds them as data."""
        return not self.quiet and STDOUT not in (self.jsonl, self.csv)


def run_options(command: Command) -> Command:
    """Add all options to a command."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


_OPTIONS = (
    click.option(
        "--camera",
        cls=SecretOption,
        envvar="FER_EDGE_CAMERA",
        default="0",
        show_default=True,
        metavar="SOURCE",
        help="A number, /dev/v4l/by-id/... or another link for a webcam, auto for the first that is there, picamera or "
        "libcamera, demo, a video file, an image or a folder of images, rtsp://..., or http(s)://... of a stream, a "
        "snapshot or a video file; an address with a password better in the environment as FER_EDGE_CAMERA.",
    ),
    click.option("--resolution", callback=read_resolution, metavar="WxH", help="Of a camera.  [default: its own]"),
    click.option(
        "--fps",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="Of a camera, or how often a snapshot address is asked.  [default: the camera's own; 1 for snapshots]",
    ),
    click.option(
        "--rotate",
        type=click.Choice([str(degrees) for degrees in TURNS]),
        default="0",
        show_default=True,
        help="Turn frames clockwise.",
    ),
    click.option(
        "--flip",
        type=click.Choice([one.value for one in Flip]),
        default=Flip.NONE.value,
        show_default=True,
        help="Mirror frames, after turning them.",
    ),
    click.option(
        "--model",
        type=ModelPath(),
        default=SHIPPED_MODEL,
        help=f"A .tflite or .onnx file, or a model that ships with fer-edge: {SHIPPED}.  "
        f"[default: {SHIPPED_MODEL.name.removesuffix('_int8.tflite')}]",
    ),
    labels_option,
    input_range_option,
    logits_option,
    prior_option("How often the camera sees each expression, by which scores are re-weighted"),
    click.option(
        "--num-threads",
        type=click.IntRange(1, MOST_THREADS),
        default=1,
        show_default=True,
        help="Of the classifier.",
    ),
    click.option(
        "--detector",
        type=click.Choice([each.value for each in DetectorEngine]),
        default=DetectorEngine.AUTO.value,
        show_default=True,
        help="How the face detector is computed: auto is int8 where the processor has 8-bit dot products, else "
        "fp32, and opencv where no TFLite interpreter works.",
    ),
    click.option(
        "--detector-width",
        type=click.IntRange(MIN_WIDTH, MAX_WIDTH),
        metavar="PIXELS",
        help="Scale the frame's longer side to so many pixels to look for faces: more finds smaller faces, fewer is "
        f"faster.  [default: {DEFAULT_WIDTH}; for pictures their own width, up to {PICTURE_WIDTH}]",
    ),
    click.option(
        "--confidence",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=DEFAULT_CONFIDENCE,
        show_default=True,
        help="How sure the detector must be of a face.",
    ),
    click.option("--max-faces", type=click.IntRange(1), metavar="N", help="Only the N largest faces."),
    click.option(
        "--detect-every",
        callback=read_every_nth,
        default=str(DEFAULT_EVERY),
        show_default=True,
        metavar="N|auto",
        help="Look for faces in every N-th frame, and after N/30 s where frames come more slowly, and follow them in "
        "between; auto keeps to --budget.",
    ),
    click.option(
        "--budget", type=str, callback=read_percentage, default="50%", show_default=True, help="Of one core, for auto."
    ),
    click.option(
        "--max-fps",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="At most N frames a second; of a recording, a second of its own time.",
    ),
    click.option(
        "--smoothing",
        type=click.FloatRange(0),
        default=Smoothing.seconds,
        show_default=True,
        metavar="SECONDS",
        help="How far back a face's scores are averaged.",
    ),
    click.option(
        "--threshold",
        type=click.FloatRange(0, 1),
        default=Smoothing.threshold,
        show_default=True,
        help="Score from which an expression is named; a face without one is uncertain.",
    ),
    click.option("--raw", is_flag=True, help="Each frame's own scores and the highest one's label, with no memory."),
    click.option("--jsonl", metavar="FILE|-", help="Write a JSON object a frame; - is standard output."),
    click.option("--csv", metavar="FILE|-", help="Write a row a face; - is standard output."),
    click.option("--output", type=click.Path(path_type=Path), help="Write an annotated video: .mp4, .avi or .mkv."),
    click.option(
        "--rotate-size",
        callback=read_byte_size,
        metavar="SIZE",
        help="Go on with --jsonl and --csv files that are there, and begin a new one at a size such as 50MB.",
    ),
    click.option(
        "--rotate-keep",
        type=click.IntRange(1, _MOST_OLDER_FILES),
        default=LogPolicy.keep,
        show_default=True,
        help="Older files to keep.",
    ),
    click.option("--on-change-only", is_flag=True, help="Write to --jsonl and --csv only when faces or labels change."),
    click.option(
        "--mqtt",
        cls=SecretOption,
        callback=read_mqtt_address,
        envvar="FER_EDGE_MQTT",
        metavar="URL",
        help="Tell a broker, and Home Assistant: mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX] or mqtts://...; better in "
        "the environment as FER_EDGE_MQTT, where nobody sees the password.",
    ),
    click.option(
        "--name", default=socket.gethostname, metavar="NAME", help="The camera's, at the broker.  [default: the host's]"
    ),
    click.option(
        "--preview", metavar="[HOST:]PORT", help="Show the stream on a page in the browser; 0 is any free port."
    ),
    click.option(
        "--preview-token",
        cls=SecretOption,
        envvar="FER_EDGE_PREVIEW_TOKEN",
        metavar="TOKEN",
        help="Token that visitors of the page must present.  [default: made for a HOST that others can reach]",
    ),
    click.option("--privacy", is_flag=True, help="Send and store no picture, only boxes and scores."),
    click.option("--frames", type=click.IntRange(1), metavar="N", help="End after N frames."),
    click.option(
        "--seconds",
        type=click.FloatRange(0, min_open=True),
        metavar="N",
        help="End after N seconds; of a recording, and of the demo, of its own time.",
    ),
    click.option("--quiet", is_flag=True, help="No view and no summary."),
)
