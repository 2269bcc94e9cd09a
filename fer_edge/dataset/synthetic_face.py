"""Description of a synthetic face: whose it is, what its muscles do, and how the head is turned. No TensorFlow."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.complex128]
"""complex128 (N,), x + iy in head units, so that a rotation is a multiplication."""


@dataclass(frozen=True)
class ActionUnits:
    """Intensity of each action unit, from 0 at rest to 1.

    Names and numbers are those of the Facial Action Coding System (Ekman and Friesen, 1978).
    """

    inner_brow_raise: float = 0.0  # AU1
    outer_brow_raise: float = 0.0  # AU2
    brow_lower: float = 0.0  # AU4
    upper_lid_raise: float = 0.0  # AU5
    cheek_raise: float = 0.0  # AU6
    lid_tighten: float = 0.0  # AU7
    nose_wrinkle: float = 0.0  # AU9, and AU10, the upper lip that it raises
    lip_corner_pull: float = 0.0  # AU12
    lip_corner_depress: float = 0.0  # AU15
    lower_lip_depress: float = 0.0  # AU16
    lip_stretch: float = 0.0  # AU20
    lip_tighten: float = 0.0  # AU23
    jaw_drop: float = 0.0  # AU26


@dataclass(frozen=True)
class Identity:
    """Look of a person, whatever the expression. Lengths in head units, tones 0..255.

    Attributes:
        face_width: Half the head's width.
        jaw_taper: Share by which the jaw is narrower than the cheekbones.
        skin: Tone of the skin.
        hair: Tone of hair, brows and beard.
        hairline: y of the hairline; -1 or less is bald.
        parting: Drop of the hairline from the middle to the picture's right.
        hair_length: y of the hair's lower end beside the face.
        eye_spacing: Distance from the middle of the face to that of an eye.
        eye_size: Factor of the eye's width and height.
        brow_thickness: Thickness of the brow at its inner end.
        nose_width: Half the nose's width at the nostrils.
        lip_fullness: Factor of the lips' height.
        mouth_width: Half the mouth's width at rest.
        age: Depth of the folds at rest, 0..1.
        clothes: Tone of the clothes.
        beard: Whether the person has a beard.
        glasses: Whether the person wears glasses.
    """

    face_width: float
    jaw_taper: float
    skin: float
    hair: float
    hairline: float
    parting: float
    hair_length: float
    eye_spacing: float
    eye_size: float
    brow_thickness: float
    nose_width: float
    lip_fullness: float
    mouth_width: float
    age: float
    clothes: float
    beard: bool
    glasses: bool


@dataclass(frozen=True)
class Pose:
    """Rotation of the head, and its place in the picture.

    Attributes:
        yaw: Rotation to the side, radians.
        pitch: Nod, radians.
        roll: Rotation in the picture's plane, radians.
        scale: Half the head's height, as a share of the picture's side.
        centre: Middle of the face, x + iy, as shares of the picture's side.
    """

    yaw: float
    pitch: float
    roll: float
    scale: float
    centre: complex

    def project(self, points: Points) -> Points:
        """Convert head units to shares of the picture's side, complex128 (N,).

        The face is curved, so that a rotated head shows more of one cheek than of the other.
        """
        x, y = points.real, points.imag
        depth = 0.7 * np.sqrt(np.maximum(1.0 - (x / 0.8) ** 2 - y**2, 0.0))
        turned = x * math.cos(self.yaw) + depth * math.sin(self.yaw)
        nodded = y * math.cos(self.pitch) + depth * math.sin(self.pitch)
        return self.centre + self.scale * cmath.rect(1.0, self.roll) * (turned + 1j * nodded)
