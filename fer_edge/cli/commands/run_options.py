"""Options of `fer-edge run`."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import click

from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cli.commands.credentials import SecretOption
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
from fer_edge.cli.parameters import (
    BYTE_SIZE,
    DURATION,
    EVERY_NTH,
    MQTT_ADDRESS,
    PERCENTAGE,
    RESOLUTION,
)
from fer_edge.names import printable
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY, BudgetSchedule, DetectionSchedule
from fer_edge.runtime.faces.smoothing import RAW, Smoothing
from fer_edge.runtime.sinks.log_files import LogPolicy
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sinks.text import STDOUT
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.orientation import TURNS, Flip

_MOST_OLDER_FILES = 10_000
"""Most older files of a log: each is looked for whenever the log is rotated."""


@dataclass(frozen=True)
class RunOptions:
    """Values of the options, a field for each, by its parameter's name."""

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
    keep: float | None
    on_change_only: bool
    mqtt: MqttAddress | None
    name: str
    preview: str | None
    preview_token: str | None
    preview_stay: bool | None
    privacy: bool
    frames: int | None
    seconds: float | None
    quiet: bool

    @property
    def facts(self) -> StatedFacts:
        """Facts stated about a model file without a card."""
        return stated_facts(self.labels, self.input_range, self.logits)

    @property
    def camera_settings(self) -> CameraSettings:
        """Settings to start a camera with."""
        return CameraSettings(self.resolution, self.fps)

    @property
    def schedule(self) -> DetectionSchedule:
        """Schedule of the frames in which faces are detected."""
        return DetectionSchedule(self.detect_every) if self.detect_every else BudgetSchedule(self.budget)

    @property
    def smoothed(self) -> Smoothing:
        """Smoothing of scores and labels."""
        return RAW if self.raw else Smoothing(self.smoothing, self.threshold)

    @property
    def model_name(self) -> str:
        """Name of the model, for people."""
        return printable(self.model.stem)

    def interval_s(self, source_fps: float | None) -> float:
        """Return the longest expected time from one frame to the next, in seconds; 0 if it is not known."""
        return max((1 / fps for fps in (self.max_fps, source_fps) if fps), default=0.0)

    @property
    def shown(self) -> bool:
        """True if the terminal shows the results: not while standard output has them as data."""
        return not self.quiet and STDOUT not in (self.jsonl, self.csv)


SECTIONS = {
    "camera": "Source",
    "model": "Model",
    "detector_width": "Faces",
    "jsonl": "Outputs",
    "mqtt": "Broker",
    "preview": "Preview",
    "privacy": "Outputs",
}
"""Titles in the help, by the first parameter under each."""


run_options = option_list(
    click.option(
        "--camera",
        cls=SecretOption,
        envvar="FER_EDGE_CAMERA",
        default="0",
        show_default=True,
        metavar="SOURCE",
        help="Webcam by number or link (0, /dev/v4l/by-id/...); auto for the first one found; picamera or libcamera; "
        "demo; a video file; an image or a folder of images; rtsp://...; or http(s)://... of a stream, a snapshot or "
        "a video. Pass an address with a password in the environment as FER_EDGE_CAMERA.",
    ),
    click.option(
        "--resolution", type=RESOLUTION, metavar="WxH", help="Resolution of a camera.  [default: the camera's own]"
    ),
    click.option(
        "--fps",
        type=NumberRange(0, min_open=True),
        metavar="N",
        help="Frames per second of a camera, or requests per second to a snapshot address.  [default: the camera's "
        "own; 1 for snapshots]",
    ),
    click.option(
        "--rotate",
        type=click.Choice([str(degrees) for degrees in TURNS]),
        default="0",
        show_default=True,
        help="Rotate frames clockwise by so many degrees.",
    ),
    click.option(
        "--flip",
        type=click.Choice([one.value for one in Flip]),
        default=Flip.NONE.value,
        show_default=True,
        help="Mirror frames, after the rotation.",
    ),
    click.option(
        "--max-fps",
        type=NumberRange(0, min_open=True),
        metavar="N",
        help="Process at most N frames per second, in a recording per second of its own time.",
    ),
    click.option("--frames", type=click.IntRange(1), metavar="N", help="Stop after N frames."),
    click.option(
        "--seconds",
        type=NumberRange(0, min_open=True),
        metavar="N",
        help="Stop after N seconds, in a recording or the demo of its own time.",
    ),
    model_option,
    labels_option,
    input_range_option,
    logits_option,
    prior_option("Shares of the expressions that the camera sees, for which scores are re-weighted"),
    num_threads_option,
    detector_option,
    detector_width_option,
    confidence_option,
    max_faces_option,
    click.option(
        "--detect-every",
        type=EVERY_NTH,
        default=str(DEFAULT_EVERY),
        show_default=True,
        metavar="N|auto",
        help="Detect faces in every N-th frame (after N/30 s if frames come more slowly than 30 a second), and track "
        "them in between; auto adapts N to --budget.",
    ),
    click.option(
        "--budget",
        type=PERCENTAGE,
        default="50%",
        show_default=True,
        help="Share of one processor core to use with --detect-every auto.",
    ),
    smoothing_option,
    threshold_option,
    click.option(
        "--raw",
        is_flag=True,
        help="Give each frame's own scores and the label of the highest, without smoothing or threshold.",
    ),
    click.option("--jsonl", metavar="FILE|-", help="Write a JSON object for each frame; - is standard output."),
    click.option("--csv", metavar="FILE|-", help="Write a row for each face; - is standard output."),
    click.option(
        "--output", type=click.Path(path_type=Path), help="Write an annotated video: .mp4, .avi, .mkv or .webm."
    ),
    click.option(
        "--rotate-size",
        type=BYTE_SIZE,
        metavar="SIZE",
        help="Append to existing --jsonl and --csv files, and start a new file at a size such as 50MB.",
    ),
    click.option(
        "--rotate-keep",
        type=click.IntRange(1, _MOST_OLDER_FILES),
        metavar="N",
        default=LogPolicy.keep,
        show_default=True,
        help="Number of older files to keep.",
    ),
    click.option(
        "--keep",
        type=DURATION,
        metavar="TIME",
        help="Append to existing --jsonl and --csv files, and delete lines before they are older than a time such as "
        "30d, 12h or 90m, a file at a time.",
    ),
    click.option("--on-change-only", is_flag=True, help="Write to --jsonl and --csv only when faces or labels change."),
    click.option(
        "--mqtt",
        cls=SecretOption,
        type=MQTT_ADDRESS,
        envvar="FER_EDGE_MQTT",
        metavar="URL",
        help="Publish to an MQTT broker, and so to Home Assistant: mqtt://[USER:PASSWORD@]HOST[:PORT][/PREFIX] or "
        "mqtts://... Pass an address with a password in the environment as FER_EDGE_MQTT.",
    ),
    click.option(
        "--name",
        default=socket.gethostname,
        metavar="NAME",
        help="Name of this camera at the broker and on the preview's page.  [default: the host name]",
    ),
    click.option(
        "--preview",
        metavar="[HOST:]PORT",
        help="Serve a page that shows the stream, at 127.0.0.1 unless HOST is given (0.0.0.0 for every network); port "
        "0 is any free one.",
    ),
    click.option(
        "--preview-token",
        cls=SecretOption,
        envvar="FER_EDGE_PREVIEW_TOKEN",
        metavar="TOKEN",
        help="Token that visitors of the page must present.  [default: generated for a HOST that others can reach]",
    ),
    click.option(
        "--preview-stay/--preview-exit",
        default=None,
        help="Whether the page stays, with a summary, when a recording has ended, until Ctrl-C.  [default: it stays if "
        "fer-edge was started in a terminal, and no --seconds or --frames ended the recording]",
    ),
    click.option("--privacy", is_flag=True, help="Send and store boxes and scores only, no picture."),
    click.option("--quiet", is_flag=True, help="Show neither results nor a summary in the terminal."),
)
"""Add all options to a command."""
