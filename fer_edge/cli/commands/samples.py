"""`fer-edge samples`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_edge.cli.class_options import class_options, take_choice
from fer_edge.cli.data_options import data_option, data_roles, read_data, show_classes, strict_option, yes_option
from fer_edge.cli.file_roles import require_apart, roles
from fer_edge.cli.parameters import PicturePath
from fer_edge.dataset.class_choice import class_name
from fer_edge.terminal.consoles import stdout
from fer_edge.training.plots import plot_samples


@click.command()
@data_option
@click.option(
    "--expression", metavar="NAME", help="Show 9 faces of this expression or class only.  [default: 7 of each]"
)
@click.option(
    "--split",
    default="train",
    show_default=True,
    help="Split to draw from: train, validation, or test if the data set has one.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Seed for choosing the faces.")
@click.option("--output", type=PicturePath(), help="Picture to write.  [default: samples-<expression>.png]")
@class_options
@strict_option
@yes_option
def command(
    data: str | None,
    expression: str | None,
    split: str,
    seed: int,
    output: Path | None,
    strict: bool,
    yes: bool,
    **options: Any,
) -> None:
    """Write a sheet of randomly chosen faces of the data set as a picture, as training would see them.

    \b
    fer-edge samples --data faces.zip --expression disgust
    fer-edge samples --data my-photos --input 96x96x3
    """
    choice, form = take_choice(options)
    path = output or Path(f"samples-{expression or 'all'}.png")
    require_apart(data_roles(data), roles("--output", path))
    dataset = read_data(data, yes=yes, strict=strict, choice=choice, form=form)
    show_classes(dataset)
    shown = None if expression is None else class_name(expression)
    plot_samples(dataset.split(split), path, expression=shown, seed=seed, side=3 if expression else 7)
    stdout().print(f"written: {path}")
