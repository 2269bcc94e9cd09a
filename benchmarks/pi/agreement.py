"""Agreement of models' scores between two processors, or between two engines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.pi.models import EVERY, Model, Outputs, Scores
from benchmarks.pi.result import Check
from fer_edge.precision import Precision

INTEGER = (Precision.INT8, Precision.INT16X8)

INTEGER_TOLERANCE = 1.001 / 256
"""Largest difference of integer files' scores: a step of int8, as processors approximate softmax differently."""

FLOAT_TOLERANCE = 1e-4
"""Largest difference of float files' scores, as sums are added in another order."""

DYNAMIC_TOLERANCE = 0.02
"""Largest difference with dynamic quantization, where a last bit can round an activation the other way."""

ABOUT_EVEN = 0.05
"""Largest difference of two scores that counts as a tie between engines that round differently."""


def check_same_engine(models: Sequence[Model], there: Scores, here: Scores) -> list[Check]:
    """Compare scores of the same engine on two processors: integers bit for bit, floats within a tolerance."""
    integer = [model for model in models if model.precision in INTEGER]
    others = [model for model in models if model.precision not in INTEGER]
    pairs = {model: _pair(model, there, here) for model in models}
    exact = [model for model in integer if pairs[model].same_sums]
    step = [model for model in integer if pairs[model].gap <= INTEGER_TOLERANCE]
    near = [model for model in others if pairs[model].gap <= tolerance_of(model.precision)]
    same = [model for model in models if not pairs[model].other_class]
    bits = sum(pairs[model].other_scores for model in integer)
    gaps = "; ".join(f"{model.name} {pairs[model].gap:.1e}" for model in others)
    of_floats = f"{_tally(near, others, there)}; by {gaps}" if others else "none exported"
    return [
        Check("integer files: bit for bit x86's, up to the softmax", exact == integer, _tally(exact, integer, there)),
        Check("integer files: scores", step == integer, f"{_tally(step, integer, there)}; {bits} a step from x86's"),
        Check("float files: scores near x86's", near == others, of_floats),
        Check("best class, as on x86", same == list(models), _tally(same, models, there)),
    ]


def check_other_engine(models: Sequence[Model], there: Scores, here: Scores) -> Check:
    """Compare the best class of tflite-runtime in the userland with LiteRT's here, for the files that it loads.

    Its kernels round integers differently, so that a near tie of two classes may be decided differently.
    """
    loaded = [model for model in models if model.sha256 in there]
    pairs = {model: _pair(model, there, here) for model in loaded}
    same = [model for model in loaded if pairs[model].same_class_but_for_ties]
    changed = sum(pairs[model].other_class for model in loaded)
    refused = [model.name for model in models if model not in loaded]
    detail = f"{_tally(same, loaded, there)}; {changed} near ties decided differently"
    detail += f"; refused: {', '.join(refused)}" if refused else ""
    return Check("tflite-runtime: best class as LiteRT's", bool(loaded) and same == loaded, detail)


def tolerance_of(precision: Precision) -> float:
    """Return the largest difference allowed between a float file's scores on two processors."""
    return DYNAMIC_TOLERANCE if precision is Precision.DYNAMIC else FLOAT_TOLERANCE


@dataclass(frozen=True)
class _Pair:
    """Differences between a file's outputs in the userland and here."""

    same_sums: bool
    same_class_but_for_ties: bool
    other_class: int
    other_scores: int
    gap: float


def _pair(model: Model, all_there: Scores, all_here: Scores) -> _Pair:
    if model.sha256 not in all_there:
        return _Pair(False, False, len(all_here[model.sha256].scores), 0, float("inf"))
    one, other = all_there[model.sha256], all_here[model.sha256]
    shown = slice(None, None, EVERY if len(one.scores) < len(other.scores) else 1)
    there, here = one.scores, other.scores[shown]
    other_class = there.argmax(axis=1) != here.argmax(axis=1)
    best_two = np.sort(here, axis=1)[:, -2:]
    return _Pair(
        same_sums=_same_sums(one, other, shown),
        same_class_but_for_ties=bool((best_two[other_class, 1] - best_two[other_class, 0] <= ABOUT_EVEN).all()),
        other_class=int(other_class.sum()),
        other_scores=int((there != here).sum()),
        gap=float(np.abs(there - here).max()),
    )


def _same_sums(one: Outputs, other: Outputs, shown: slice) -> bool:
    """Return whether the inputs of the softmax are equal; without one, whether the scores are."""
    if one.sums is None or other.sums is None:
        return np.array_equal(one.scores, other.scores[shown])
    return np.array_equal(one.sums, other.sums[shown])


def _tally(passed: Sequence[Model], all_models: Sequence[Model], there: Scores) -> str:
    faces = sorted({len(there[model.sha256].scores) for model in all_models if model.sha256 in there})
    missing = [model.name for model in all_models if model not in passed]
    tally = f"{len(passed)} of {len(all_models)} on {' or '.join(map(str, faces)) or 'no'} faces"
    return tally + (f", not {', '.join(missing)}" if missing else "")
