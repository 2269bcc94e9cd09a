from __future__ import annotations

import itertools

import numpy as np
import pytest

from fer_edge.runtime.sources.portrait import draw_portrait
from fer_edge.runtime.sources.portrait_poses import ANGRY, HAPPY, NEUTRAL, SAD, SURPRISE, Pose

POSES = [ANGRY, NEUTRAL, SAD, SURPRISE]


@pytest.mark.parametrize("pose", POSES)
def test_pose_changes_the_face_alone(pose: Pose) -> None:
    photograph, posed = draw_portrait(HAPPY), draw_portrait(pose)
    assert posed.shape == photograph.shape == (420, 420, 3)
    rows, columns = np.nonzero((posed != photograph).any(axis=2))
    assert 56 <= min(rows) < max(rows) < 196
    assert 140 <= min(columns) < max(columns) < 268


@pytest.mark.parametrize("pose", POSES)
def test_face_joins_the_photograph_without_an_edge(pose: Pose) -> None:
    photograph, posed = draw_portrait(HAPPY).astype(int), draw_portrait(pose).astype(int)
    difference = np.abs(posed - photograph).max(axis=2)[56:196, 140:268]
    edges = difference[0], difference[-1], difference[:, 0], difference[:, -1]
    assert max(edge.mean() for edge in edges) < 4


def test_poses_between_two_change_little_by_little() -> None:
    faces = [draw_portrait(HAPPY.towards(SAD, share)).astype(int) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert HAPPY.towards(SAD, 0) == HAPPY
    assert HAPPY.towards(SAD, 1) == SAD
    changes = [np.abs(one - other).mean() for one, other in itertools.pairwise(faces)]
    assert max(changes) < np.abs(faces[-1] - faces[0]).mean()
