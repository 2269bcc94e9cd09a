"""The preview of `fer-edge run`: opened from its options, announced in the terminal, and kept at a recording's end."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cards.meaning import score_meaning
from fer_edge.cards.model_card import ModelCard
from fer_edge.cli.commands.run_options import RunOptions
from fer_edge.cli.messages import option_named, print_note, print_note_with_token
from fer_edge.errors import MissingExtraError
from fer_edge.names import printable, without_password
from fer_edge.notes import OnNote
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sinks.preview import open_preview
from fer_edge.runtime.sinks.preview.address import Address
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.text import STDOUT
from fer_edge.runtime.sources.source import Source

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.preview.sink import PreviewSink

_LINES_BESIDE = 5
"""Lines of a terminal that a QR code must leave for the results."""


def open_page(
    options: RunOptions, source: Source, card: ModelCard, pipeline: Pipeline, on_note: OnNote
) -> PreviewSink | None:
    """Open the preview, if it is requested, and print its address.

    Raises:
        MissingExtraError: If what it needs is not installed.
        InputError: If its address or token cannot be used.
    """
    if options.preview is None:
        return None
    links = StreamLinks(
        camera=printable(options.name),
        source=source.description,
        model=options.model_name,
        interval_s=options.interval_s(source.fps),
        outage=lambda: source.outage,
        pipeline=pipeline,
        logs={form: Path(path) for form, path in _log_files(options).items() if path not in (None, STDOUT)},
    )
    with option_named("--preview"):
        page = open_preview(
            options.preview,
            card.labels,
            f"{source.description}, {options.model_name}",
            token=options.preview_token,
            privacy=options.privacy,
            meaning=score_meaning(card),
            links=links,
            on_note=on_note,
        )
    # A generated token is printed, as nobody knows it otherwise; a given one is not.
    _announce(page.url if options.preview_token is None else without_password(page.url), options)
    return page


def stays(options: RunOptions, *, is_over: bool) -> bool:
    """Return whether the page stays at the end: if the stream has ended by itself and somebody can press Ctrl-C."""
    if options.preview_stay is not None:
        return options.preview_stay
    return is_over and sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()


def stay(page: PreviewSink) -> None:
    """Keep the page until Ctrl-C.

    Raises:
        FerEdgeError: If the preview has failed.
    """
    print_note("the preview stays until Ctrl-C; with --preview-exit it would end now")
    try:
        page.stay()
    except KeyboardInterrupt:
        return  # nothing was left to do


def _log_files(options: RunOptions) -> dict[str, str | None]:
    return {"jsonl": options.jsonl, "csv": options.csv}


def _announce(url: str, options: RunOptions) -> None:
    """Print the page's address, and on a terminal the way to it for a phone."""
    print_note_with_token(f"preview at {url}")
    if options.quiet or not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return
    assert options.preview is not None
    address = Address.parse(options.preview)
    if address.is_loopback:
        print_note(f"to open it on a phone in the same network, use --preview 0.0.0.0:{address.port}")
        return
    try:
        _print_qr_code(url)
    except ImportError as error:  # an installation that is older than the code
        print_note(str(MissingExtraError("the QR code", "preview", str(error))))


def _print_qr_code(url: str) -> None:
    """Print a QR code in the form that the terminal can show, if it has room for that."""
    from fer_edge.runtime.sinks.preview.qr import BLOCKS, qr_lines, qr_size

    encoding = sys.stderr.encoding or "ascii"
    blocks = BLOCKS.encode(encoding, "replace").decode(encoding) == BLOCKS
    columns, lines = os.get_terminal_size(sys.stderr.fileno())
    width, height = qr_size(url, blocks=blocks)
    if width <= columns and height + _LINES_BESIDE <= lines:
        for line in qr_lines(url, blocks=blocks):
            click.echo(line, err=True)
