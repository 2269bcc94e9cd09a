from __future__ import annotations

import numpy as np
import pytest

from fer_edge.training.audit.confident_learning import find_label_errors, normalized_margin


def test_margin_is_lead_of_label() -> None:
    scores = np.array([[0.7, 0.3, 0, 0], [0.7, 0.3, 0, 0], [0, 0.25, 0.5, 0.25], [0, 0, 0, 1]], np.float32)
    assert normalized_margin(scores, np.array([0, 1, 1, 3])) == pytest.approx([0.4, -0.4, -0.25, 1.0])


def test_only_confident_scores_are_off_the_diagonal() -> None:
    # The mean of label 0's own probabilities is 0.6, of label 1's 0.5: those are the bars.
    scores = np.array([[0.9, 0.1], [0.3, 0.7], [0.6, 0.4], [0.55, 0.45], [0.45, 0.55]], np.float32)
    labels = np.array([0, 0, 0, 1, 1])
    assert find_label_errors(scores, labels).tolist() == [False, True, False, False, False]
    # The fourth is labelled 1 and judged 0, by too little to count; a little more, and it does.
    scores[3] = 0.62, 0.38
    assert find_label_errors(scores, labels).tolist() == [False, True, False, True, False]
