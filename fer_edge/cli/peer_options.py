"""Options that state what other projects' model files do not hold."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from fer_edge.benchmark.peer_file import PeerFile, state_peers
from fer_edge.cli.parameters import INPUT_RANGE, LABELS

peer_labels_option = click.option(
    "--peer-labels",
    type=LABELS,
    metavar="A,B,...",
    multiple=True,
    help="Names of the peers' scores in their order: once for all, or once for each --peer.",
)
peer_range_option = click.option(
    "--peer-range",
    type=INPUT_RANGE,
    metavar="BLACK..WHITE",
    multiple=True,
    help="Values of black and white the peers were trained on: once for all, or once for each --peer.",
)
peer_logits_option = click.option(
    "--peer-logits", is_flag=True, help="The peers' scores are logits, without a softmax."
)


def stated_peers(
    files: Sequence[Path],
    labels: Sequence[tuple[str, ...]],
    ranges: Sequence[tuple[float, float]],
    *,
    logits: bool,
) -> list[PeerFile]:
    """Join each file with what the options state about it; errors name the options."""
    return state_peers(
        files, labels, ranges, logits=logits, fact_names=("--peer-labels", "--peer-range", "--peer-logits")
    )
