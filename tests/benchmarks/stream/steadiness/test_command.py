from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks.stream.steadiness.__main__ import command, grid, markdown_section, near_default
from benchmarks.stream.steadiness.labels import Faces, Steadiness
from fer_edge.dataset.votes import CHOICES, Votes
from fer_edge.errors import InputError
from fer_edge.inference.classifier import Classifier
from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.faces.smoothing import RAW, Smoothing

RESULT = Steadiness(0.01, (0.2,), 0.1, 0.3, 0.3, 0.1)


@pytest.fixture
def tiny_faces() -> Faces:
    votes = np.zeros((1, len(CHOICES)), np.uint16)
    votes[0, 0] = 10
    empty = np.empty((0, 120, len(EXPRESSIONS)), np.float32)
    nothing = np.empty(0, np.int64)
    return Faces(np.full((1, 7), 1 / 7, np.float32), Votes(votes), empty, nothing, nothing.reshape(0, 2))


def test_default_is_measured_once_among_its_neighbours() -> None:
    tried = grid()
    assert len(set(tried)) == len(tried)
    shown = list(near_default(dict.fromkeys(tried, RESULT)))
    assert shown[:2] == [RAW, Smoothing()]
    for one in shown[2:]:
        assert sum(asdict(one)[name] != value for name, value in asdict(Smoothing()).items()) == 1


def test_only_the_default_row_is_bold(tiny_faces: Faces) -> None:
    section = markdown_section([(Classifier.load(), tiny_faces, dict.fromkeys(grid(), RESULT))])
    bold = [line for line in section.splitlines() if "**" in line]
    assert len(bold) == 1
    assert bold[0].startswith("| **0.25** | **0.45** | **0.15** | 0.010 | 0.20 | 0.20 | 0.0 % | 10.0 % |")


def test_images_without_votes_are_rejected() -> None:
    with pytest.raises(InputError, match="expected images with people's votes"):
        CliRunner().invoke(command, ["--data", "synthetic"], catch_exceptions=False)
