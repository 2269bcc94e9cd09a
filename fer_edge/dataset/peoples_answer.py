"""Agreement of scores with people's votes, compared with that of one person. No TensorFlow."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Split
from fer_edge.dataset.votes import NO_TRUTH, Votes
from fer_edge.evaluation.metrics import (
    Evaluation,
    ReliabilityBin,
    calibration_gap,
    evaluate_scores,
    mean_kl_divergence,
    reliability_bins,
)
from fer_edge.prior import BALANCED, PHOTOS, POWER, prior_factors, read_prior, reweigh
from fer_edge.scores import FloatArray

PRIORS = (PHOTOS, *(f"{PHOTOS}{POWER}{power}" for power in (0.75, 0.5, 0.25)), BALANCED)
"""Priors under which scores are measured against people's votes."""


@dataclass(frozen=True)
class PeoplesAnswer:
    """A classifier's results against people's votes.

    Attributes:
        majority: Results on the images whose majority agrees on a class, with that answer as label.
        kl_divergence: Mean of KL(votes || scores) over the images that have votes for the classes, nats.
        calibration_error: Mean difference of the top score and the share of votes for its class, over 15 equal-width
            bins of the score, weighted by size, 0..1.
    """

    majority: Evaluation
    kl_divergence: float
    calibration_error: float

    @property
    def mean_recall(self) -> float:
        """Mean recall over the classes that are the majority's answer to an image, 0..1."""
        return self.majority.mean_recall

    def headline(self) -> dict[str, float]:
        """Return the two figures by which priors are compared, for JSON."""
        return {"accuracy": self.majority.accuracy, "mean_recall": self.mean_recall}

    def as_dict(self) -> dict[str, Any]:
        """Return the results for JSON."""
        return {
            **self.majority.as_dict(),
            "mean_recall": self.mean_recall,
            "kl_divergence": self.kl_divergence,
            "calibration_error_by_votes": self.calibration_error,
        }


@dataclass(frozen=True)
class OnePerson:
    """Rate at which one person gives the answer of the other people's majority.

    Attributes:
        accuracy: Rate over all pictures, 0..1.
        recall: Rate by the majority's answer, 0..1, by the class's name; a class that is never the answer has none.
    """

    accuracy: float
    recall: dict[str, float]

    @property
    def mean_recall(self) -> float:
        """Mean of the classes' rates, 0..1."""
        return float(np.mean(list(self.recall.values())))

    def as_dict(self) -> dict[str, Any]:
        """Return the rates for JSON."""
        return asdict(self)


def evaluate_by_votes(scores: FloatArray, votes: Votes) -> PeoplesAnswer | None:
    """Measure scores against the votes on the same images.

    Args:
        scores: float32 (N, classes) in the order of the votes' classes, each row a probability distribution.
        votes: Votes on the images.

    Returns:
        The results; None if no image has a majority that agrees on a class.
    """
    agreed = np.flatnonzero(votes.majority != NO_TRUTH)
    if not len(agreed):
        return None
    voted = np.flatnonzero(votes.has_shares)
    return PeoplesAnswer(
        majority=evaluate_scores(scores[agreed], votes.majority[agreed], votes.classes),
        kl_divergence=mean_kl_divergence(scores[voted], votes.shares[voted]),
        calibration_error=calibration_gap(*_winning_shares(scores, votes)),
    )


def reliability_by_votes(scores: FloatArray, votes: Votes) -> tuple[ReliabilityBin, ...]:
    """Group the images that have votes by their top score; the outcome is the share of votes for its class.

    Args:
        scores: float32 (N, classes), each row a probability distribution.
        votes: Votes on the same images.
    """
    return reliability_bins(*_winning_shares(scores, votes))


def without_copies(
    scores: FloatArray, split: Split, copied: npt.NDArray[np.bool_]
) -> tuple[Evaluation, PeoplesAnswer | None] | None:
    """Measure scores on the images without a copy in the training split, which a network may remember.

    Args:
        scores: Scores of the split's images, float32 (N, classes).
        split: Images with or without votes.
        copied: Whether each image has a copy, bool (N,), as `fer_edge.dataset.copies.exact_copies` returns it.

    Returns:
        Results against the labels and, with votes, against people; None if no image has a copy, or all have.
    """
    if copied.all() or not copied.any():
        return None
    kept = split.take(np.flatnonzero(~copied))
    answer = None if kept.votes is None else evaluate_by_votes(scores[~copied], kept.votes)
    return evaluate_scores(scores[~copied], kept.labels, kept.classes), answer


def facts_without_copies(scores: FloatArray, split: Split, copied: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Return the results of `without_copies` for a card or a report, under that name; empty where there are none."""
    found = without_copies(scores, split, copied)
    if found is None:
        return {}
    evaluation, answer = found
    facts = {"samples": evaluation.samples, "accuracy": evaluation.accuracy, "macro_f1": evaluation.macro_f1}
    return {"without_copies": {**facts, **({} if answer is None else {"people": answer.headline()})}}


def people_by_prior(scores: FloatArray, split: Split, card: ModelCard) -> dict[str, PeoplesAnswer]:
    """Measure scores against people's votes under each of `PRIORS`.

    Args:
        scores: Scores of the split's images, float32 (N, classes), in the order of the split's classes.
        split: Images with or without votes.
        card: Card of the model that gave the scores.

    Returns:
        Results by the name of the prior; empty if the card has no prior, or no majority agrees on a class.
    """
    if card.prior is None or card.photos_prior is None or split.votes is None:
        return {}
    found: dict[str, PeoplesAnswer] = {}
    for name in PRIORS:
        factors = prior_factors(split.classes, card.prior, read_prior(name, card.photos_prior))
        answer = evaluate_by_votes(reweigh(np.asarray(scores, np.float32), factors), split.votes)
        if answer is not None:
            found[name] = answer
    return found


def people_facts(scores: FloatArray, split: Split, card: ModelCard | None = None) -> dict[str, Any]:
    """Return results against people's votes for a card or a report; empty without votes.

    Args:
        scores: Scores of the split's images, float32 (N, classes).
        split: Images with or without votes.
        card: Card of the model that gave the scores, to measure them under other priors.

    Returns:
        `people`, `one_person` if several people voted, and `people_by_prior` if the card has a prior.
    """
    answer = evaluate_by_votes(scores, split.votes) if split.votes is not None else None
    if answer is None or split.votes is None:
        return {}
    by_prior = people_by_prior(scores, split, card) if card is not None else {}
    person = measure_one_person(split.votes)
    return {
        "people": answer.as_dict(),
        **({} if person is None else {"one_person": person.as_dict()}),
        **({"people_by_prior": {name: each.headline() for name, each in by_prior.items()}} if by_prior else {}),
    }


def measure_one_person(votes: Votes) -> OnePerson | None:
    """Compare each person's vote with the majority of the others, on the pictures whose majority agrees.

    A person who answers contempt, unknown or no face is wrong where the others agree on a class.

    Returns:
        The rates; None if there are no others, as of pictures with one vote each.
    """
    votes = votes.take(np.flatnonzero(votes.majority != NO_TRUTH))
    right, asked = np.zeros(len(votes.classes)), np.zeros(len(votes.classes))
    for choice in range(len(votes.choices)):
        people = votes.counts[:, choice]
        chosen = np.flatnonzero(people)
        others = votes.counts[chosen].copy()
        others[:, choice] -= 1
        answer = replace(votes, counts=others).majority
        counted = answer != NO_TRUTH
        np.add.at(asked, answer[counted], people[chosen][counted])
        if choice < len(votes.classes):
            right[choice] = people[chosen][answer == choice].sum()
    if not asked.any():
        return None
    recall = {votes.classes[i]: float(right[i] / asked[i]) for i in np.flatnonzero(asked)}
    return OnePerson(float(right.sum() / asked.sum()), recall)


def _winning_shares(scores: FloatArray, votes: Votes) -> tuple[FloatArray, FloatArray]:
    """Return the top scores of the V images with votes, and the shares of votes for their classes: two (V,)."""
    voted = np.flatnonzero(votes.has_shares)
    winners = scores[voted].argmax(axis=1)
    return scores[voted, winners], votes.shares[voted, winners]
