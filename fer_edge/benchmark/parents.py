"""Exported files and the full models that they came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fer_edge.benchmark.subjects import Role, Subject
from fer_edge.cards.model_card import ModelCard
from fer_edge.evaluation.metrics import AnyFloatArray
from fer_edge.files import sha256_file
from fer_edge.labels import EXPRESSIONS
from fer_edge.prior import Prior, prior_factors, reweigh


def find_parents(subjects: Sequence[Subject]) -> dict[str, str]:
    """Return the name of the full model by the name of each file that was exported from it."""
    full = {sha256_file(each.path): each.name for each in subjects if each.role is Role.FULL}
    found = {each.name: full.get(each.classifier.card.parent_sha256 or "") for each in subjects}
    return {name: parent for name, parent in found.items() if parent is not None}


def group_files(parents: Mapping[str, str], priors: Mapping[str, Prior | None]) -> list[list[str]]:
    """Group files by full model and prior; returns their names."""
    groups: dict[tuple[str, tuple[tuple[str, float], ...]], list[str]] = {}
    for name, parent in parents.items():
        prior = tuple(sorted((priors[name] or {}).items()))
        groups.setdefault((parent, prior), []).append(name)
    return list(groups.values())


def scores_for_prior_of(
    file: ModelCard, scores: AnyFloatArray, full: ModelCard, classes: tuple[str, ...] = EXPRESSIONS
) -> AnyFloatArray:
    """Return a full model's scores (N, classes) for the prior that was folded into one of its files at export."""
    if file.prior is None or full.prior is None or file.prior == full.prior:
        return scores
    return reweigh(scores, prior_factors(classes, full.prior, file.prior))
