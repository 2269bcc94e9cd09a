"""Options that state what a model file without a card does not say itself, and the check of one of them."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.parameters import read_labels, read_range
from fer_edge.label_order import find_better_order
from fer_edge.metrics import IntArray
from fer_edge.model_card import ModelCard
from fer_edge.stated_facts import TRUST_OPTION, UNKNOWN, StatedFacts
from fer_edge.terminal import stderr

UNVERIFIED = "its card holds no digest (written before there were any); export it again"

labels_option = click.option(
    "--labels",
    callback=read_labels,
    metavar="A,B,...",
    help="Names of the scores in order, for a model file without a card: another tool's.",
)
input_range_option = click.option(
    "--input-range",
    callback=read_range,
    metavar="BLACK..WHITE",
    help="Values of black and white that such a model was trained on: 0..1, -1..1 or 0..255.",
)
logits_option = click.option("--logits", is_flag=True, help="Such a model's scores have not been through a softmax.")

trust_option = click.option(
    TRUST_OPTION,
    is_flag=True,
    help="Load a .keras file whose network is none of fer-edge's. Only for files whose maker you trust: Keras' safe "
    "mode has been got round before.",
)


def warn_if_unverified(model: Path, card: ModelCard) -> None:
    """Print a note if an ONNX file's card holds no digest, so that damage to the file cannot be seen."""
    if model.suffix.lower() == ".onnx" and card.architecture != UNKNOWN and not card.is_verified:
        stderr().print(f"note: {model}: not verified: {UNVERIFIED}", soft_wrap=True, markup=False)


def warn_of_better_order(name: str, confusion: IntArray, labels: tuple[str, ...], stated: StatedFacts) -> None:
    """Print a warning if another order of a model's labels fits the labelled faces far better.

    Args:
        name: Of the model.
        confusion: Its results, int (7, 7), rows true, columns predicted.
        labels: In its card.
        stated: Says whether they are the user's.
    """
    better = find_better_order(confusion, labels)
    if better is None:
        return
    advice = f"check {stated.options[0]}" if stated.labels else "its card may name the scores in the wrong order"
    accuracy = confusion.trace() / confusion.sum()
    stderr().print(
        f"warning: {name}: with the order {','.join(better.labels)} the accuracy would be {better.accuracy:.1%} "
        f"instead of {accuracy:.1%}; {advice}",
        soft_wrap=True,
        markup=False,
    )
