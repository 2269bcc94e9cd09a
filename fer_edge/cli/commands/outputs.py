"""Outputs of `fer-edge run`, made from its options."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from fer_edge.cli.commands.run_options import RunOptions
from fer_edge.cli.messages import option_named, print_note_with_token
from fer_edge.errors import MissingExtraError
from fer_edge.model_card import ModelCard
from fer_edge.names import printable, without_password
from fer_edge.notes import OnNote
from fer_edge.runtime.sinks.background import DRAIN_TIMEOUT_S, BackgroundSink
from fer_edge.runtime.sinks.log_files import LogPolicy
from fer_edge.runtime.sinks.mqtt.address import MqttAddress
from fer_edge.runtime.sinks.preview import open_preview
from fer_edge.runtime.sinks.sink import OnChangeOnly, Sink
from fer_edge.runtime.sinks.systemd import NotifySink
from fer_edge.runtime.sinks.terminal import TerminalSink
from fer_edge.runtime.sinks.text import CsvSink, JsonlSink
from fer_edge.runtime.sinks.video import VideoSink
from fer_edge.runtime.sources.source import Source
from fer_edge.scores import score_meaning

_LINES_WAITING = 1000
_PICTURES_WAITING = 8

_RECORDING_DRAIN_S = 300.0
"""Longest wait for a recording's last pictures: each may last long, and every second is encoded as many frames."""


def open_sinks(options: RunOptions, source: Source, card: ModelCard, on_note: OnNote) -> Iterator[Sink]:
    """Yield an opened sink for each requested output; the caller closes them.

    No sink slows a live source down, and none drops a frame of a recording.

    Raises:
        MissingExtraError: If what one needs is not installed.
        InputError: If a file's name, an address or a broker's login cannot be used.
    """

    def lines(sink: Sink, name: str) -> Sink:
        shown = OnChangeOnly(sink) if options.on_change_only else sink
        return BackgroundSink(shown, name, _LINES_WAITING, lossless=not source.live, pictures=False, on_note=on_note)

    labels = card.labels
    policy = LogPolicy(
        append=options.rotate_size is not None or options.keep is not None,
        rotate_bytes=options.rotate_size,
        keep=options.rotate_keep,
        keep_s=options.keep,
    )
    title = f"{source.description}, {printable(options.model.stem)}"
    # Outputs that may be refused come before any file is overwritten: a port, a video's ending, a broker's login.
    if options.preview is not None:
        with option_named("--preview"):
            page = open_preview(
                options.preview,
                labels,
                title,
                token=options.preview_token,
                privacy=options.privacy,
                meaning=score_meaning(card),
                on_note=on_note,
            )
        # A generated token is printed, as nobody knows it otherwise; a given one is not.
        url = page.url if options.preview_token is None else without_password(page.url)
        print_note_with_token(f"preview at {url}")
        yield page
    if options.output is not None:
        video = VideoSink(options.output, labels, live=source.live, fps=_output_fps(options, source), on_note=on_note)
        yield BackgroundSink(
            video,
            str(options.output),
            _PICTURES_WAITING,
            lossless=not source.live,
            drain_s=_RECORDING_DRAIN_S if source.recorded else DRAIN_TIMEOUT_S,
            checking_s=video.checking_s,
            on_note=on_note,
        )
    if options.mqtt is not None:
        yield _open_mqtt(options.mqtt, options.name, labels, on_note)
    if options.jsonl is not None:
        yield lines(JsonlSink(options.jsonl, labels, policy, on_note), options.jsonl)
    if options.csv is not None:
        yield lines(CsvSink(options.csv, labels, policy, on_note), options.csv)
    yield NotifySink(pause_s=max((1 / fps for fps in (options.max_fps, source.fps) if fps), default=0.0))
    if options.shown:
        yield TerminalSink(title, sys.stdout)


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
