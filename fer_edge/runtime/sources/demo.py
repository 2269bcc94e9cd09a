"""Demo source: a portrait that moves, grows, turns and changes its expression, to try everything without a camera."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import cos, pi, sin

import cv2
import numpy as np

from fer_edge.preprocess import Image
from fer_edge.runtime.sources.portrait import draw_portrait
from fer_edge.runtime.sources.portrait_poses import ANGRY, HAPPY, NEUTRAL, SAD, SURPRISE, Pose
from fer_edge.runtime.sources.source import Frame, Source

RESOLUTION_WH = (640, 480)
FPS = 30.0

PERIOD_S = 16.0
"""Period after which the frames repeat: two of the motion, one of the expressions."""

SCENES: tuple[tuple[str, Pose, float], ...] = (
    ("happy", HAPPY, 4.0),
    ("sad", SAD, 3.0),
    ("surprise", SURPRISE, 3.0),
    ("angry", ANGRY, 3.0),
    ("neutral", NEUTRAL, 3.0),
)
"""Expressions in turn, each with the face's pose and its time in seconds, which ends with the change to the next."""

_MOTION_S = 8.0
_CHANGE_S = 0.5
_CHANGE_STEPS = 8
"""Steps of a change; their poses are drawn once and kept."""

_ZOOM = (0.7, 1.3)
_TURN_DEGREES = 12.0
_SWAY_PX = (150, 60)


class DemoSource(Source):
    """Endless frames of an astronaut's portrait in slow motion; frame n is always the same.

    The photograph is happy; the other expressions are drawn from it.
    """

    def __init__(self, *, paced: bool = False, wall: Image | None = None) -> None:
        """Make the source.

        Args:
            paced: Deliver 30 frames per second like a camera, rather than each as soon as it is requested.
            wall: Background, uint8 (480, 640, 3) BGR; a plain one if left out.
        """
        super().__init__("demo", live=False, fps=FPS)
        self._paced = paced
        self._wall = _plain_wall() if wall is None else wall

    def __iter__(self) -> Iterator[Frame]:
        start = time.monotonic()
        number = 0
        while True:
            if self._paced:
                time.sleep(max(start + number / FPS - time.monotonic(), 0))
            yield Frame(self.draw(number), number, time.time(), number / FPS)
            number += 1

    def close(self) -> None:
        """Do nothing, as nothing is open."""

    def draw(self, number: int) -> Image:
        """Return frame `number`, uint8 (480, 640, 3) BGR."""
        phase = 2 * pi * number / (FPS * _MOTION_S)
        portrait = draw_portrait(_pose_at(number / FPS % PERIOD_S))
        height, width = portrait.shape[:2]
        zoom = _ZOOM[0] + (_ZOOM[1] - _ZOOM[0]) * (1 - cos(phase)) / 2
        motion = cv2.getRotationMatrix2D((width / 2, height / 2), _TURN_DEGREES * sin(2 * phase), zoom)
        motion[:, 2] += np.array(RESOLUTION_WH) / 2 - (width / 2, height / 2)
        motion[:, 2] += np.array([_SWAY_PX[0] * sin(phase), _SWAY_PX[1] * sin(3 * phase)])
        frame: Image = self._wall.copy()
        cv2.warpAffine(portrait, motion, RESOLUTION_WH, frame, cv2.INTER_LINEAR, cv2.BORDER_TRANSPARENT)
        return frame


def _pose_at(seconds: float) -> Pose:
    """Return the face's pose at a time, 0 <= seconds < `PERIOD_S`."""
    followers = (*SCENES[1:], SCENES[0])
    for (_, pose, length_s), (_, next_pose, _) in zip(SCENES, followers, strict=True):
        if seconds < length_s:
            changed = max(seconds - (length_s - _CHANGE_S), 0) / _CHANGE_S
            return pose.towards(next_pose, int(changed * _CHANGE_STEPS) / _CHANGE_STEPS)
        seconds -= length_s
    raise ValueError(f"expected a time within {PERIOD_S:g} s")


def _plain_wall() -> Image:
    width, height = RESOLUTION_WH
    shade = np.linspace(150, 90, height).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(shade[:, None, None], (height, width, 3)))
