"""Options about a model and its scores, and what is said of them on standard error."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import UNKNOWN, StatedFacts
from fer_edge.cli.messages import option_named, print_note, print_warning
from fer_edge.cli.parameters import INPUT_RANGE, LABELS, MOST_THREADS, SHIPPED
from fer_edge.evaluation.label_order import find_better_order
from fer_edge.evaluation.metrics import IntArray
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.inference.model_choice import (
    WITH_DOT_PRODUCTS,
    WITHOUT_DOT_PRODUCTS,
    choice_in_words,
    find_model,
    is_choice,
)
from fer_edge.inference.reweighting import assumed_and_wanted, for_prior
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import SHIPPED_MODEL

Command = TypeVar("Command", bound=Callable[..., Any])

UNVERIFIED = "its card holds no digest (written before there were any); export it again"


def _take_model(_ctx: click.Context, _param: click.Parameter, model: Path) -> Path:
    """Return the model's file; a note says which one `auto` is."""
    if is_choice(model):
        print_note(f"the model {model} is {choice_in_words()}")
    return find_model(model)


model_option = click.option(
    "--model",
    type=click.Path(path_type=Path),
    callback=_take_model,
    default=SHIPPED_MODEL,
    help=f"A .tflite or .onnx file, a model that ships with fer-edge ({SHIPPED}), or auto: {WITH_DOT_PRODUCTS} where "
    f"the processor has 8-bit dot products, else {WITHOUT_DOT_PRODUCTS}.  "
    f"[default: {SHIPPED_MODEL.name.removesuffix('_int8.tflite')}]",
)
labels_option = click.option(
    "--labels",
    type=LABELS,
    metavar="A,B,...",
    help="For a model file without a card (another tool's): the names of its scores, in their order.",
)
input_range_option = click.option(
    "--input-range",
    type=INPUT_RANGE,
    metavar="BLACK..WHITE",
    help="For a model file without a card: the values of black and white it was trained on, as 0..1, -1..1 or 0..255.",
)
logits_option = click.option(
    "--logits", is_flag=True, help="For a model file without a card: its scores are logits, without a softmax."
)
num_threads_option = click.option(
    "--num-threads",
    type=click.IntRange(1, MOST_THREADS),
    metavar="N",
    default=1,
    show_default=True,
    help="Threads of the interpreter of a .tflite or .onnx file.",
)
trust_option = click.option(
    "--trust-model",
    is_flag=True,
    help="Load a .keras file whose network is not one of fer-edge's. Only if you trust its maker: such a file can run "
    "code, and Keras' safe mode has been bypassed before.",
)


def stated_facts(
    labels: tuple[str, ...] | None,
    input_range: tuple[float, float] | None,
    logits: bool,
    *,
    trusted: bool = False,
) -> StatedFacts:
    """Return the facts of --labels, --input-range and --logits, which errors name like that."""
    return StatedFacts(labels, input_range, logits, ("--labels", "--input-range", "--logits"), trusted)


def prior_option(purpose: str) -> Callable[[Command], Command]:
    """Return the option `--prior`; `purpose` begins its help."""
    return click.option(
        "--prior",
        metavar="PRIOR",
        help=f"{purpose}: photos, balanced, photos^0.5 for half-way between, or shares such as neutral=0.7,happy=0.1.  "
        "[default: the model's own]",
    )


def with_prior(classifier: ScoresFaces, prior: str | None, path: Path) -> ScoresFaces:
    """Return the classifier with its scores for another prior, or itself if none was given.

    Raises:
        InputError: If the text is no prior, or the card does not say which prior the scores assume now.
    """
    if prior is None:
        return classifier
    with option_named(f"--prior {prior}"):
        return for_prior(classifier, prior, path)


def require_prior(prior: str | None, model: Path, stated: StatedFacts) -> None:
    """Check a prior against a model's card before the model is loaded, so that an error names the option.

    Args:
        prior: The prior as a user writes it; None for the model's own.
        model: The model's file.
        stated: Facts of a file that has no card, and so no prior.

    Raises:
        InputError: If the text is no prior, or the card does not say which prior the scores assume now.
    """
    if prior is not None and stated.labels is None:
        card = read_card(model)
        with option_named(f"--prior {prior}"):
            assumed_and_wanted(card, prior, model)


def note_unverified(model: Path, card: ModelCard) -> None:
    """Print a note if an ONNX file's card holds no digest, so that damage to the file cannot be seen."""
    if model.suffix.lower() == ".onnx" and card.architecture != UNKNOWN and not card.is_verified:
        print_note(f"{model}: not verified: {UNVERIFIED}")


def warn_of_better_order(
    name: str,
    confusion: IntArray,
    labels: tuple[str, ...],
    stated: StatedFacts,
    classes: tuple[str, ...] = EXPRESSIONS,
) -> None:
    """Print a warning if another order of a model's labels fits the labelled faces far better.

    Args:
        name: The model's name.
        confusion: Its results, int (classes, classes), rows true, columns predicted.
        labels: The labels in its card.
        stated: Facts that the user stated about the model, its labels perhaps among them.
        classes: The classes in the order of the results.
    """
    better = find_better_order(confusion, labels, classes)
    if better is None:
        return
    advice = f"check {stated.names[0]}" if stated.labels else "its card may name the scores in the wrong order"
    accuracy = confusion.trace() / confusion.sum()
    print_warning(
        f"{name}: with the order {','.join(better.labels)} the accuracy would be {better.accuracy:.1%} "
        f"instead of {accuracy:.1%}; {advice}"
    )
