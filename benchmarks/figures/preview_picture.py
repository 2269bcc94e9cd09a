"""`python -m benchmarks.figures.preview_picture`: screenshot of the preview for the README; use an idle machine."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from benchmarks.entry import run_command
from benchmarks.figures.report_picture import take_picture
from fer_edge.errors import FerEdgeError

_COMMAND = (sys.executable, "-m", "fer_edge", "run", "--camera", "demo", "--preview", "0", "--quiet")
_NAME = ("--name", "Front door")
"""Else the page is headed by this machine's name."""
_SIZE = (1440, 900)


@contextmanager
def demo_preview() -> Iterator[str]:
    """Run the demo with its preview, and yield the page's address.

    Raises:
        FerEdgeError: If the preview does not start.
    """
    with subprocess.Popen((*_COMMAND, *_NAME), stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            url = re.search(r"http://\S+", line)
            if url is None:
                raise FerEdgeError(f"expected the preview's address, got {line.strip() or 'nothing'}")
            yield url[0]
        finally:
            process.terminate()


@click.command()
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path), default="docs/images/preview.png")
@click.option(
    "--seconds",
    default=102.5,
    show_default=True,
    help="Wait before the screenshot, to fill the timeline; the demo repeats every 16 s.",
)
def command(picture: Path, seconds: float) -> None:
    """Run the demo with its preview for some seconds, and write a screenshot to PICTURE, a PNG."""
    width, height = _SIZE
    with demo_preview() as url:
        take_picture(url, picture, width=width, height=height, after_s=seconds)


if __name__ == "__main__":
    run_command(command)
