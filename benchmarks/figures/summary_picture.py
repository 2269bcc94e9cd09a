"""`python -m benchmarks.figures.summary_picture`: screenshot of a summary for the docs, of synthetic faces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from benchmarks.entry import run_command
from benchmarks.figures.changing_faces import write_film
from benchmarks.figures.report_picture import take_picture
from fer_edge.analysis.summary import SUMMARY

_PEOPLE = (
    ("neutral", "neutral", "happy", "happy", "surprise", "happy", "happy", "neutral", "neutral", "sad", "neutral"),
    (None, None, "neutral", "surprise", "surprise", "neutral", "happy", "happy", "happy", None, None),
    ("happy", "happy", "neutral", None, None, None, "surprise", "surprise", "happy", "happy", "neutral"),
)
_SIZE = (1280, 1090)


@click.command()
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path), default="docs/images/summary.png")
def command(picture: Path) -> None:
    """Analyze a film of three synthetic faces, and write a screenshot of its summary to PICTURE, a PNG."""
    with TemporaryDirectory() as folder:
        write_film(Path(folder, "party.mp4"), _PEOPLE)
        command_line = [sys.executable, "-m", "fer_edge", "analyze", "party.mp4", "--output", "party"]
        subprocess.run(command_line, check=True, cwd=folder)  # the page shows the name as it is given
        width, height = _SIZE
        take_picture(Path(folder, "party", SUMMARY).as_uri(), picture, width=width, height=height)


if __name__ == "__main__":
    run_command(command)
