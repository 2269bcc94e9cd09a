"""The option `--prior` of several commands, and what is said of a model's prior."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from fer_edge.errors import InputError
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.inference.reweighting import for_prior
from fer_edge.model_card import ModelCard
from fer_edge.prior import name_prior

Command = TypeVar("Command", bound=Callable[..., Any])

_OPTION = "--prior"


def prior_option(purpose: str) -> Callable[[Command], Command]:
    """Return the option `--prior`; `purpose` begins its help."""
    return click.option(
        _OPTION,
        metavar="PRIOR",
        help=f"{purpose}: photos, balanced, photos^0.5 for half-way between, or shares such as neutral=0.7,happy=0.1.  "
        "[default: the model's own]",
    )


@contextmanager
def prior_named(text: str) -> Iterator[None]:
    """Name the option and its value in the errors of what is done for it."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{_OPTION} {text}: {error}") from error


def with_prior(classifier: ScoresFaces, text: str | None, path: Path) -> ScoresFaces:
    """Return the classifier with its scores for the prior that was asked for, or itself if none was.

    Raises:
        InputError: If the text is no prior, or the card does not say which prior the scores assume now.
    """
    if text is None:
        return classifier
    with prior_named(text):
        return for_prior(classifier, text, path)


def named_prior(card: ModelCard) -> str | None:
    """Return the prior that a model's scores assume, as the option takes it; `None` if its card does not say it."""
    photos = card.photos_prior
    return None if card.prior is None or photos is None else name_prior(card.prior, photos)
