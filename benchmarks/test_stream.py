"""What is left of the classifier's accuracy in a stream, and how steady its labels are: on real faces."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from rich.console import Console

from benchmarks.steadiness import measure_steadiness, print_steadiness
from benchmarks.whole_pipeline import measure_end_to_end, print_end_to_end
from fer_edge.training.data import Split

CONSOLE = Console(file=sys.stderr, width=120, highlight=False)


@pytest.fixture(scope="session")
def validation(real_faces: Split) -> Split:
    """A fixed sample of the validation split."""
    return real_faces.take(np.random.default_rng(0).choice(len(real_faces), 600, replace=False))


def test_upright_faces_of_100_px_keep_the_classifiers_accuracy(validation: Split) -> None:
    results = measure_end_to_end(validation)
    print_end_to_end(results, CONSOLE)
    for result in results:
        if result.turn == 0 and result.side >= 100:
            assert result.kept >= 0.97, result


def test_labels_are_steady_and_changes_show(validation: Split) -> None:
    raw, steady = measure_steadiness(validation.take(np.arange(40)))
    print_steadiness([raw, steady], CONSOLE)
    assert steady.changes_a_second <= 0.1
    assert steady.changes_a_second < raw.changes_a_second / 5
    assert np.median(steady.delays_s) <= 0.7
