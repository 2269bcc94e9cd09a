"""`fer-edge run`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from contextlib import ExitStack, closing
from pathlib import Path

import click
import cv2

from fer_edge.cli.model_path import SHIPPED, ModelPath
from fer_edge.cli.parameters import every_nth, percentage, read_resolution
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.errors import SourceError
from fer_edge.runtime.camera import open_source
from fer_edge.runtime.classifier import SHIPPED_MODEL, Classifier
from fer_edge.runtime.detector import DEFAULT_CONFIDENCE, DEFAULT_WIDTH, FaceDetector
from fer_edge.runtime.devices import CameraSettings
from fer_edge.runtime.frames import Frame, Source, at_most
from fer_edge.runtime.orientation import TURNS, Flip, oriented
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.schedule import DEFAULT_EVERY, BudgetSchedule, DetectionSchedule
from fer_edge.runtime.sinks import STDOUT, CsvSink, JsonlSink, Sink
from fer_edge.runtime.smoothing import RAW, Smoothing
from fer_edge.runtime.tally import Tally
from fer_edge.runtime.terminal import TerminalSink
from fer_edge.runtime.video import VideoSink

_FFMPEG_QUIET = "-8"


@click.command()
@click.option(
    "--camera",
    default="0",
    show_default=True,
    metavar="SOURCE",
    help="A number for a webcam, auto for the first that is there, picamera or libcamera, demo, a video file, an image "
    "or a folder of images, http://... (MJPEG) or rtsp://...",
)
@click.option(
    "--resolution", callback=read_resolution, metavar="WxH", help="Of a camera.  [default: 640x480, the driver's]"
)
@click.option("--fps", type=click.FloatRange(0, min_open=True), metavar="N", help="Of a camera.")
@click.option(
    "--rotate",
    type=click.Choice([str(degrees) for degrees in TURNS]),
    default="0",
    show_default=True,
    help="Turn frames clockwise.",
)
@click.option(
    "--flip",
    type=click.Choice([one.value for one in Flip]),
    default=Flip.NONE.value,
    show_default=True,
    help="Mirror frames, after turning them.",
)
@click.option(
    "--model",
    type=ModelPath(),
    default=SHIPPED_MODEL,
    help=f"A .tflite or .onnx file, or a model that ships with fer-edge: {SHIPPED}.  "
    f"[default: {SHIPPED_MODEL.name.removesuffix('_int8.tflite')}]",
)
@click.option("--labels", metavar="A,B,...", help="The scores' names in order, for a model file without a card.")
@click.option("--num-threads", type=click.IntRange(1), default=1, show_default=True, help="Of the classifier.")
@click.option(
    "--detector-width",
    type=click.IntRange(32, 4096),
    default=DEFAULT_WIDTH,
    show_default=True,
    help="Pixels of the frame's longer side when faces are looked for: more finds smaller faces, fewer is faster.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=DEFAULT_CONFIDENCE,
    show_default=True,
    help="How sure the detector must be of a face.",
)
@click.option("--max-faces", type=click.IntRange(1), metavar="N", help="Only the N largest faces.")
@click.option(
    "--detect-every",
    callback=every_nth,
    default=str(DEFAULT_EVERY),
    show_default=True,
    metavar="N|auto",
    help="Look for faces in every Nth frame and follow them in between; auto keeps to --budget.",
)
@click.option(
    "--budget", type=str, callback=percentage, default="50%", show_default=True, help="Of one core, for auto."
)
@click.option("--max-fps", type=click.FloatRange(0, min_open=True), metavar="N", help="At most N frames a second.")
@click.option(
    "--smoothing",
    type=click.FloatRange(0),
    default=Smoothing.seconds,
    show_default=True,
    metavar="SECONDS",
    help="How far back a face's scores are averaged.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=Smoothing.threshold,
    show_default=True,
    help="Least score of an expression; below it the face is uncertain.",
)
@click.option("--raw", is_flag=True, help="Each frame's own scores and the highest one's label, with no memory.")
@click.option("--jsonl", metavar="FILE|-", help="Write a JSON object a frame; - is standard output.")
@click.option("--csv", "csv_path", metavar="FILE|-", help="Write a row a face; - is standard output.")
@click.option("--output", type=click.Path(path_type=Path), help="Write an annotated video: .mp4, .avi or .mkv.")
@click.option("--frames", type=click.IntRange(1), metavar="N", help="End after N frames.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), metavar="N", help="End after N seconds.")
@click.option("--quiet", is_flag=True, help="No view and no summary.")
def command(
    camera: str,
    resolution: tuple[int, int] | None,
    fps: float | None,
    rotate: str,
    flip: str,
    model: Path,
    labels: str | None,
    num_threads: int,
    detector_width: int,
    confidence: float,
    max_faces: int | None,
    detect_every: int | None,
    budget: float,
    max_fps: float | None,
    smoothing: float,
    threshold: float,
    raw: bool,
    jsonl: str | None,
    csv_path: str | None,
    output: Path | None,
    frames: int | None,
    seconds: float | None,
    quiet: bool,
) -> None:
    """Find faces in a camera, stream, video or images and tell their expressions, until the end or Ctrl-C.

    \b
    fer-edge run --camera demo                           no camera needed
    fer-edge run --camera picamera --jsonl log.jsonl     a Raspberry Pi's own camera
    fer-edge run --camera 0 --jsonl - | jq .faces        a webcam, as data
    fer-edge run --camera party.mp4 --output seen.mp4    a video, annotated
    fer-edge run --camera rtsp://user:pass@host/stream --csv faces.csv --seconds 60
    fer-edge run --camera 0 --detect-every auto --budget 40% --max-fps 10
    """
    if jsonl == csv_path == STDOUT:
        raise click.UsageError("--jsonl and --csv cannot both be standard output; give one of them a file")
    _silence_opencv()
    with native_stderr_muffled():
        classifier = Classifier.load(model, num_threads=num_threads, labels=_split_labels(labels))
    names = classifier.card.labels
    view = not quiet and STDOUT not in (jsonl, csv_path)
    tally = Tally()
    try:
        settings = CameraSettings(resolution, fps)
        paced = view and sys.stdout.isatty()
        with open_source(camera, settings, paced=paced, tell=_tell) as source, ExitStack() as stack:
            pipeline = Pipeline(
                FaceDetector(detector_width, confidence),
                classifier,
                max_faces=max_faces,
                smoothing=RAW if raw else Smoothing(smoothing, threshold),
                schedule=DetectionSchedule(detect_every) if detect_every else BudgetSchedule(budget),
                stills=source.stills,
            )
            sinks: list[Sink] = []
            # The video first, as it refuses a wrong ending, before the others begin their files anew.
            if output is not None:
                sinks.append(stack.enter_context(closing(VideoSink(output, names, live=source.live, fps=source.fps))))
            if jsonl is not None:
                sinks.append(stack.enter_context(closing(JsonlSink(jsonl, names))))
            if csv_path is not None:
                sinks.append(stack.enter_context(closing(CsvSink(csv_path, names))))
            if view:
                title = f"{source.description}, {model.stem}"
                sinks.append(stack.enter_context(closing(TerminalSink(title, sys.stdout))))
            stream = at_most(oriented(source, int(rotate), Flip(flip)), max_fps)
            _run(pipeline, source, stream, sinks, tally, frames, seconds)
    finally:
        if tally.frames and not quiet:
            _print_summary(tally, [jsonl, csv_path, output])


def _run(
    pipeline: Pipeline,
    source: Source,
    stream: Iterable[Frame],
    sinks: list[Sink],
    tally: Tally,
    frames: int | None,
    seconds: float | None,
) -> None:
    try:
        for frame, result in pipeline.process_all(stream):
            for sink in sinks:
                sink.write(frame, result)
            tally.add(result)
            if tally.frames == frames or (seconds is not None and tally.elapsed_s >= seconds):
                break
    finally:
        for note in source.notes:
            _tell(note)
    if not tally.frames:
        raise SourceError(f"{source.description} gave no frame that can be read; to check the rest: --camera demo")


def _tell(note: str) -> None:
    click.echo(f"note: {note}", err=True)


def _split_labels(labels: str | None) -> tuple[str, ...] | None:
    if labels is None:
        return None
    names = tuple(name.strip() for name in labels.split(","))
    if len(names) < 2 or len(set(names)) != len(names) or not all(names):
        raise click.UsageError(f"--labels: expected two or more different names with commas between, got {labels!r}")
    return names


def _print_summary(tally: Tally, outputs: list[str | Path | None]) -> None:
    for line in tally.lines():
        click.echo(line, err=True)
    written = [str(path) for path in outputs if path is not None and str(path) != STDOUT]
    if written:
        click.echo(f"written: {', '.join(written)}", err=True)


def _silence_opencv() -> None:
    """Keep OpenCV's and FFmpeg's logs off the terminal: what they would say comes as an exception or a note."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)
    if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.9; its level 0 is silence, as below
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
