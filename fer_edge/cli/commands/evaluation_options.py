"""Options of `fer-edge evaluate` about groups of images and faces that were made harder to read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.cli.option_lists import option_list
from fer_edge.cli.parameters import ModelPath, PicturePath
from fer_edge.cli.peer_options import peer_labels_option, peer_logits_option, peer_range_option, stated_peers
from fer_edge.errors import InputError
from fer_edge.models import shipped_models

groups_option = click.option(
    "--groups",
    "groups_file",
    type=click.Path(path_type=Path),
    metavar="FILE.csv",
    help="Compare groups of images: a file with the columns image and group.",
)
stress_option = click.option(
    "--stress",
    is_flag=True,
    help="Measure as well on the same faces made darker, brighter, lower in contrast, blurred, compressed, smaller, "
    "turned, and partly covered.",
)


@dataclass(frozen=True)
class EvaluationOptions:
    """Values of the options, a field for each, by its parameter's name."""

    groups_file: Path | None
    stress: bool
    stress_plot: Path | None
    peers: tuple[Path, ...]
    peer_labels: tuple[tuple[str, ...], ...]
    peer_range: tuple[tuple[float, float], ...]
    peer_logits: bool
    update_card: bool

    def require_consistent(self, model: Path, prior: str | None) -> None:
        """Check that the options fit together, and the model and the prior to the card that is updated.

        Raises:
            InputError: If they do not.
        """
        if not self.stress and (self.peers or self.stress_plot):
            raise InputError("--peer and --stress-plot belong to --stress: add it, or leave them out")
        if self.update_card and not (self.stress or self.groups_file):
            raise InputError("--update-card writes the results of --groups or --stress: give one of them")
        if self.update_card and prior is not None:
            raise InputError("--update-card writes results with the model's own prior: leave out --prior")
        if self.update_card and model in shipped_models().values():
            raise InputError("--update-card changes MODEL's file: name a copy of the shipped model, or one of your own")

    def reads(self) -> list[FileRole]:
        """Return the files that are read."""
        return [*roles("--groups", self.groups_file), *roles("--peer", *self.peers)]

    def chart(self, model: Path) -> Path:
        """Return the file of the chart for a model."""
        return self.stress_plot or Path(f"{model.stem}_stress.png")

    def writes(self, model: Path) -> list[FileRole]:
        """Return the files that are written for a model."""
        return roles("--stress-plot", self.chart(model)) if self.stress else []

    def stated_peers(self) -> list[PeerFile]:
        """Return the peers with what is stated about them."""
        return stated_peers(self.peers, self.peer_labels, self.peer_range, logits=self.peer_logits)


evaluation_options = option_list(
    groups_option,
    stress_option,
    click.option("--stress-plot", type=PicturePath(), help="Picture of it.  [default: <model>_stress.png]"),
    click.option(
        "--peer",
        "peers",
        multiple=True,
        type=ModelPath(),
        help="Another .tflite or .onnx file, this project's or not, to show beside with --stress; repeatable.",
    ),
    peer_labels_option,
    peer_range_option,
    peer_logits_option,
    click.option(
        "--update-card",
        is_flag=True,
        help="Write the results of --groups and --stress, and the model's weaknesses, into MODEL's card.",
    ),
)
"""Add all options to a command."""
