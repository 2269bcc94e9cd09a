"""Poses of the demo's portrait: the points of its face, and where each movement takes them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float32]
"""float32 (N, 2), x and y in pixels of the face's part of the portrait."""


@dataclass(frozen=True)
class Pose:
    """Movements of the face, each 0 in the photograph and about 1 at its end; FACS' action unit in brackets.

    Attributes:
        inner_brow_up: Inner ends of the eyebrows raised (1).
        outer_brow_up: Outer ends of the eyebrows raised (2).
        brow_down: Eyebrows lowered and drawn together (4).
        lid_up: Upper eyelids raised (5); lowered if negative.
        nose_up: Nose wrinkled (9).
        lip_up: Upper lip raised (10).
        smile_off: Lip corners released from the smile, and the lips closed (12, 25).
        corner_down: Lip corners lowered (15).
        corner_in: Lips drawn together (18).
        jaw_drop: Jaw dropped and the mouth open (26).
    """

    inner_brow_up: float = 0.0
    outer_brow_up: float = 0.0
    brow_down: float = 0.0
    lid_up: float = 0.0
    nose_up: float = 0.0
    lip_up: float = 0.0
    smile_off: float = 0.0
    corner_down: float = 0.0
    corner_in: float = 0.0
    jaw_drop: float = 0.0

    def towards(self, other: Pose, share: float) -> Pose:
        """Return the pose a share of the way, 0..1, to another one."""
        ours, theirs = (np.array([getattr(pose, field.name) for field in fields(Pose)]) for pose in (self, other))
        return Pose(*((1 - share) * ours + share * theirs).tolist())


HAPPY = Pose()
"""As photographed."""
SURPRISE = Pose(
    inner_brow_up=0.6, outer_brow_up=0.6, lid_up=0.87, lip_up=0.43, smile_off=1.1, corner_in=0.64, jaw_drop=1.3
)
SAD = Pose(
    inner_brow_up=1.69,
    outer_brow_up=-0.41,
    brow_down=0.27,
    lid_up=-0.8,
    nose_up=-0.22,
    lip_up=0.7,
    smile_off=1.2,
    corner_down=1.5,
    corner_in=-0.3,
)
ANGRY = Pose(
    outer_brow_up=0.4,
    brow_down=1.08,
    lid_up=-0.5,
    nose_up=1.38,
    lip_up=0.57,
    smile_off=0.46,
    corner_down=0.33,
    corner_in=0.8,
    jaw_drop=0.91,
)
NEUTRAL = Pose(
    outer_brow_up=0.3, brow_down=0.36, nose_up=0.4, lip_up=0.08, smile_off=1.1, corner_down=0.85, corner_in=0.3
)

CORNER_XY, SIZE_WH = (140, 56), (128, 140)
"""Upper left corner and size of the part of the portrait that is redrawn, in pixels."""

_PAIRS: dict[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "brow_outer": ((170, 90.5), (241, 96)),
    "brow_middle": ((180, 89), (231, 92)),
    "brow_inner": ((193, 92.5), (219, 93)),
    "eye_outer": ((171, 101), (237, 104)),
    "eye_top": ((182, 96.5), (226, 99)),
    "eye_inner": ((191, 102), (215, 104)),
    "eye_bottom": ((182, 104.5), (226, 107)),
    "nostril": ((193, 129), (215, 130)),
    "cheek": ((174, 126), (235, 127)),
    "corner": ((183, 140), (226, 139)),
    "lip_top": ((194, 140), (215, 139.3)),
    "mouth_top": ((193, 142.2), (216, 142)),
    "mouth_bottom": ((191.5, 148.6), (217.5, 148.2)),
    "lip_bottom": ((193, 152.5), (216, 152.5)),
    "jaw": ((181, 166), (230, 165)),
}
"""Points of the portrait's left and right half, in its pixels."""

_MIDDLE: dict[str, tuple[float, float]] = {
    "bridge_middle": (204, 105),
    "nose_middle": (203, 131),
    "lip_top_middle": (204, 140.3),
    "mouth_top_middle": (204, 143.2),
    "mouth_bottom_middle": (204, 151),
    "lip_bottom_middle": (204, 156),
    "chin_middle": (205, 177),
}

_FIXED: tuple[tuple[float, float], ...] = (
    *(
        (140, 56),
        (204, 56),
        (268, 56),
        (140, 120),
        (268, 120),
        (140, 160),
        (268, 160),
        (140, 196),
        (204, 196),
        (268, 196),
    ),
    *((172, 76), (204, 75), (238, 80), (160, 112), (250, 112), (163, 140), (246, 140)),
)
"""Points that do not move: the edge of the part, the hairline and the sides of the face."""

_MOVEMENTS: dict[str, dict[str, tuple[float, float]]] = {
    "inner_brow_up": {"brow_inner": (0, -6), "brow_middle": (0, -2)},
    "outer_brow_up": {"brow_outer": (0, -5), "brow_middle": (0, -6)},
    "brow_down": {"brow_inner": (3, 6), "brow_middle": (1, 3)},
    "lid_up": {"eye_top": (0, -3), "eye_bottom": (0, 1.4)},
    "nose_up": {"nostril": (-1, -3), "nose_middle": (0, -2), "lip_top": (0, -2), "mouth_top": (0, -2)},
    "lip_up": dict.fromkeys(("lip_top", "lip_top_middle", "mouth_top", "mouth_top_middle"), (0, -3)),
    "smile_off": {
        "corner": (5, 5),
        "cheek": (0, 3),
        "lip_top": (1, 2.5),
        "lip_top_middle": (0, 1.6),
        "mouth_top": (1, 4.2),
        "mouth_top_middle": (0, 3.6),
        "mouth_bottom": (2.5, -2.2),
        "mouth_bottom_middle": (0, -4.2),
        "lip_bottom": (2, -1.5),
        "lip_bottom_middle": (0, -3.5),
    },
    "corner_down": {"corner": (0, 6), "mouth_top": (0, 1.2), "mouth_bottom": (0, 1.2), "lip_bottom": (0, 1)},
    "corner_in": {
        "corner": (6, 0),
        **dict.fromkeys(("lip_top", "mouth_top", "mouth_bottom", "lip_bottom"), (2, 0)),
    },
    "jaw_drop": {
        "corner": (0, 4),
        "mouth_bottom": (0, 10),
        "mouth_bottom_middle": (0, 12),
        "lip_bottom": (0, 10),
        "lip_bottom_middle": (0, 11),
        "jaw": (0, 6),
        "chin_middle": (0, 8),
    },
}
"""Displacement of the points by each movement, right and down in pixels, on the left half; the right one mirrors it."""


@cache
def point_names() -> tuple[str, ...]:
    """Return the names of the points that move: of pairs, such as "corner left", then of those in the middle."""
    return (*(f"{name} {side}" for name in _PAIRS for side in ("left", "right")), *_MIDDLE)


@cache
def photographed_points() -> Points:
    """Return all points where the photograph has them, those that move first."""
    pairs = [point for pair in _PAIRS.values() for point in pair]
    points: Points = np.array([*pairs, *_MIDDLE.values(), *_FIXED], np.float32)
    points -= np.array(CORNER_XY, np.float32)
    return points


def posed_points(pose: Pose) -> Points:
    """Return the points, in the same order, where a pose takes them."""
    points: Points = photographed_points().copy()
    names = point_names()
    for movement, shifts in _MOVEMENTS.items():
        amount = getattr(pose, movement)
        for name, (dx, dy) in shifts.items():
            sides = {name: 1} if name in _MIDDLE else {f"{name} left": 1, f"{name} right": -1}
            for point, sign in sides.items():
                points[names.index(point)] += (sign * dx * amount, dy * amount)
    return points
