"""Outputs of `fer-edge run`, made from its options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from fer_edge.cli.commands.run_options import RunOptions
from fer_edge.cli.messages import option_named
from fer_edge.errors import MissingExtraError
from fer_edge.interruption import interruptions_deferred
from fer_edge.notes import OnNote
from fer_edge.runtime.sinks.background import DRAIN_TIMEOUT_S, BackgroundSink
from fer_edge.runtime.sinks.log_files import LogPolicy
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sinks.sd_notify import NotifySink
from fer_edge.runtime.sinks.sink import OnChangeOnly, Sink
from fer_edge.runtime.sinks.terminal import TerminalSink
from fer_edge.runtime.sinks.text import CsvSink, JsonlSink
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sources.source import Source

_LINES_WAITING = 1000
_PICTURES_WAITING = 8

_RECORDING_DRAIN_S = 300.0
"""Longest wait for a recording's last pictures: each may last long, and every second is encoded as many frames."""


def open_sinks(options: RunOptions, source: Source, labels: tuple[str, ...], on_note: OnNote) -> Iterator[Sink]:
    """Yield an opened sink for each requested output but the preview; the caller closes them.

    No sink slows a live source down, and none drops a frame of a recording.

    Raises:
        MissingExtraError: If what one needs is not installed.
        InputError: If a file's name, an address or a broker's login cannot be used.
    """

    def lines(sink: Sink, name: str) -> Sink:
        shown = OnChangeOnly(sink) if options.on_change_only else sink
        return BackgroundSink(shown, name, _LINES_WAITING, lossless=not source.live, pictures=False, on_note=on_note)

    policy = LogPolicy(
        append=options.rotate_size is not None or options.keep is not None,
        rotate_bytes=options.rotate_size,
        keep=options.rotate_keep,
        keep_s=options.keep,
    )
    # Outputs that may be refused come before any file is overwritten: a video's ending, a broker's login.
    if options.output is not None:
        with interruptions_deferred():  # until the caller has registered its closing, or the file would be left behind
            yield _open_video(options.output, options, source, labels, on_note)
    if options.mqtt is not None:
        yield _open_mqtt(options.mqtt, options.name, labels, on_note)
    if options.jsonl is not None:
        yield lines(JsonlSink(options.jsonl, labels, policy, on_note), options.jsonl)
    if options.csv is not None:
        yield lines(CsvSink(options.csv, labels, policy, on_note), options.csv)
    yield NotifySink(pause_s=options.interval_s(source.fps))
    if options.shown:
        yield TerminalSink(f"{source.description}, {options.model_name}", sys.stdout, source)


def _open_video(path: Path, options: RunOptions, source: Source, labels: tuple[str, ...], on_note: OnNote) -> Sink:
    video = VideoSink(path, labels, live=source.live, fps=_output_fps(options, source), on_note=on_note)
    return BackgroundSink(
        video,
        str(path),
        _PICTURES_WAITING,
        lossless=not source.live,
        drain_s=_RECORDING_DRAIN_S if source.recorded else DRAIN_TIMEOUT_S,
        checking_s=video.checking_s,
        on_note=on_note,
    )


def _output_fps(options: RunOptions, source: Source) -> float | None:
    fps = source.even_fps()
    return fps if fps is None or options.max_fps is None else min(fps, options.max_fps)


def _open_mqtt(address: MqttAddress, name: str, labels: tuple[str, ...], on_note: OnNote) -> Sink:
    try:
        from fer_edge.runtime.sinks.mqtt.sink import MqttSink
    except ImportError as error:
        raise MissingExtraError("--mqtt", "mqtt", str(error)) from error
    with option_named("--mqtt"):
        return MqttSink(address, name, labels, on_note=on_note)
