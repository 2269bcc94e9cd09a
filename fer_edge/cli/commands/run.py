"""`fer-edge run`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from fer_edge.cards.responsible_use import WHOM_TO_INFORM
from fer_edge.cli.commands.outputs import open_sinks
from fer_edge.cli.commands.preview_page import open_page, stay, stays
from fer_edge.cli.commands.run_options import SECTIONS, RunOptions, run_options
from fer_edge.cli.config import config_option, config_roles
from fer_edge.cli.file_roles import FileRole, require_apart, roles
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import option_named, print_note
from fer_edge.cli.model_options import note_unverified, with_prior
from fer_edge.errors import FerEdgeError, InputError, SourceError
from fer_edge.inference.classifier import Classifier, ScoresFaces
from fer_edge.names import without_password
from fer_edge.runtime.faces.detector import FaceDetector, small_faces_advice
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sinks.fan_out import FanOut, join_failures
from fer_edge.runtime.sinks.sd_notify import NotifySink
from fer_edge.runtime.sinks.sink import Sink
from fer_edge.runtime.sinks.tally import Tally
from fer_edge.runtime.sinks.text import STDOUT
from fer_edge.runtime.sources.opening import open_source
from fer_edge.runtime.sources.orientation import Flip, oriented
from fer_edge.runtime.sources.source import Frame, Source, at_most, first_seconds
from fer_edge.terminal.consoles import print_line, stderr
from fer_edge.terminal.first_time import is_first_time
from fer_edge.terminal.native_logs import native_stderr_muffled, silence_opencv

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.preview.sink import PreviewSink
_INFORMED = "inform"
"""Name of the note on whom to inform, which is shown once on a machine."""


@click.command(cls=SectionedCommand, sections=SECTIONS)
@click.argument("named_source", metavar="[SOURCE]", required=False)
@config_option
@run_options
def command(named_source: str | None, **given: Any) -> None:
    """Detect faces in a camera, stream, video or images and classify their expressions, until the end or Ctrl-C.

    SOURCE may be named with or without --camera.

    A score estimates the share of people who would name that expression for such a face, if the model was trained on
    people's votes alone; otherwise it is the network's probability. fer-edge info says which.

    \b
    fer-edge run --camera demo                          no camera needed
    fer-edge run --camera picamera --jsonl log.jsonl    a Raspberry Pi camera
    fer-edge run --camera 0 --jsonl - | jq .faces       a webcam, as data
    fer-edge run party.mp4 --output seen.mp4            a video, annotated
    fer-edge run --camera auto --preview 8080           a page in the browser
    fer-edge run --camera rtsp://user:pass@host/stream --csv faces.csv
    fer-edge run --camera 0 --detect-every auto --budget 40% --max-fps 10
    fer-edge run --camera auto --name Door --mqtt mqtt://homeassistant.local
    """
    if named_source is not None:
        _refuse_second_source(named_source)
        given["camera"] = named_source
    options = RunOptions(**given)
    _refuse_contradictions(options)
    require_apart(
        [*roles("--camera", options.camera), *roles("--model", options.model), *config_roles()], _written(options)
    )
    silence_opencv()
    classifier = _load_classifier(options)
    tally = Tally()
    failed: list[str] = []
    paced = options.preview is not None or options.max_fps is not None or (options.shown and sys.stdout.isatty())
    with ExitStack() as pages:  # of the preview, which may outlive the stream
        try:
            with option_named("--camera"):
                source = open_source(options.camera, options.camera_settings, paced=paced, on_note=print_note)
            if source.live and not options.quiet and is_first_time(_INFORMED):
                print_note(WHOM_TO_INFORM)
            with source:
                pipeline = _pipeline(options, classifier, source)
                page = open_page(options, source, classifier.card, pipeline, print_note)
                if page is not None:
                    pages.callback(page.close)
                is_over = _watch(source, pipeline, page, tally, options, failed)
        finally:
            if tally.frames and not options.quiet:
                _print_summary(tally, options, failed)
        if page is not None and stays(options, is_over=is_over):
            stay(page)


def _refuse_second_source(source: str) -> None:
    if click.get_current_context().get_parameter_source("camera") == ParameterSource.COMMANDLINE:
        raise InputError(f"two sources, {without_password(source)} and that of --camera; leave one of them out")


def _refuse_contradictions(options: RunOptions) -> None:
    if options.jsonl == options.csv == STDOUT:
        raise InputError("--jsonl and --csv cannot both be standard output; give one of them a file")
    if options.privacy and options.output:
        raise InputError("--privacy stores no picture, and --output stores nothing else; leave one of them out")


def _written(options: RunOptions) -> list[FileRole]:
    """Return the files that the sinks write, including the older files of a rotated log."""
    logs = {"--jsonl": options.jsonl, "--csv": options.csv}
    written = [*roles("--output", options.output)]
    for option, path in logs.items():
        written += roles(option, path)
        if path not in (None, STDOUT) and (options.rotate_size is not None or options.keep is not None):
            written += roles(option, *(f"{path}.{number}" for number in range(1, options.rotate_keep + 1)))
    return written


def _load_classifier(options: RunOptions) -> ScoresFaces:
    with native_stderr_muffled():
        loaded = Classifier.load(options.model, num_threads=options.num_threads, facts=options.facts)
    classifier = with_prior(loaded, options.prior, options.model)
    note_unverified(options.model, classifier.card)
    return classifier


def _watch(
    source: Source,
    pipeline: Pipeline,
    page: PreviewSink | None,
    tally: Tally,
    options: RunOptions,
    failed: list[str],
) -> bool:
    """Run the source to its end, and return whether it has ended by itself rather than by an option.

    Even if it is interrupted, `failed` gets the names of the files that lack results.
    """
    tally.advice = small_faces_advice(options.detector_width, stills=source.stills)
    if options.seconds is not None and not source.recorded:
        source.ends_at = time.monotonic() + options.seconds
    elif options.seconds is not None:
        source.duration_s = min(options.seconds, source.duration_s or options.seconds)
    failures: list[FerEdgeError] = []
    with ExitStack() as stack:
        stack.push(partial(_report_closing, failures))
        opening = open_sinks(options, source, pipeline.labels, print_note)
        sinks: list[Sink] = [] if page is None else [page]
        sinks += [stack.enter_context(_closing(sink, failures)) for sink in opening]
        watchers = [sink for sink in sinks if isinstance(sink, NotifySink)]
        sink = FanOut([sink for sink in sinks if sink not in watchers], watchers, print_note)
        stack.callback(source.close)  # before the sinks, which may need the processor for what waits
        stream = oriented(_limited(source, options), int(options.rotate), Flip(options.flip))
        try:
            is_over = _run(pipeline, stream, sink, tally, options.frames, source.ends_at)
            if page is not None:
                page.finish()
        finally:
            failed += sink.failed
            for note in source.notes:
                print_note(note)
    sink.require_whole(failures)
    if not tally.frames:
        raise SourceError(f"{source.description} gave no readable frame; to check everything else, try --camera demo")
    return is_over and options.seconds is None


@contextmanager
def _closing(sink: Sink, failures: list[FerEdgeError]) -> Iterator[Sink]:
    """Close a sink after the block; `failures` gets what that raises, so that the others' are reported as well."""
    try:
        yield sink
    finally:
        try:
            sink.close()
        except FerEdgeError as error:
            failures.append(error)


def _report_closing(failures: list[FerEdgeError], _kind: object, error: BaseException | None, _at: object) -> None:
    """Raise failures of closing after a block that ended with an error or Ctrl-C, together with that error."""
    if error is not None and failures:
        raise join_failures([*([error] if isinstance(error, FerEdgeError) else []), *failures]) from error


def _limited(source: Source, options: RunOptions) -> Iterable[Frame]:
    frames = first_seconds(source, options.seconds) if source.recorded else source
    return at_most(frames, options.max_fps, recorded=source.recorded)


def _pipeline(options: RunOptions, classifier: ScoresFaces, source: Source) -> Pipeline:
    return Pipeline(
        FaceDetector(
            options.detector_width,
            options.confidence,
            stills=source.stills,
            engine=DetectorEngine(options.detector),
        ),
        classifier,
        max_faces=options.max_faces,
        smoothing=options.smoothed,
        schedule=options.schedule,
        stills=source.stills,
    )


def _run(
    pipeline: Pipeline,
    stream: Iterable[Frame],
    sink: FanOut,
    tally: Tally,
    frames: int | None,
    ends_at: float | None,
) -> bool:
    """Pass on all results, and return whether the stream has ended by itself."""
    for frame, result in pipeline.process_all(stream):
        sink.write(frame, result)
        tally.add(frame, result)
        if tally.frames == frames or (ends_at is not None and time.monotonic() >= ends_at):
            return False
    return True


def _print_summary(tally: Tally, options: RunOptions, failed: list[str]) -> None:
    for line in tally.lines():
        print_line(line, stderr())
    outputs = (options.jsonl, options.csv, options.output)
    written = [str(path) for path in outputs if path is not None and str(path) not in (STDOUT, *failed)]
    if written and not isinstance(sys.exc_info()[1], FerEdgeError):  # else the error names the file that lacks results
        print_line(f"written: {', '.join(written)}", stderr())
