"""Rendering of a synthetic face, from action units, identity and pose to gray pixels. No TensorFlow.

Faces are laid out in head units: the origin is the middle of the face, x points to the picture's right, y down,
and the head reaches from y = -1 (top of the skull) to y = 1 (chin). `Canvas` alone knows about pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.synthetic_face import ActionUnits, Identity, Points, Pose

Curve = npt.NDArray[np.float64]
"""float64 (N,), one coordinate of N points, head units."""

_SIDES = (-1.0, 1.0)
_EYE_Y = -0.1
_NOSE_Y = 0.27
_MOUTH_Y = 0.55
_ARC = np.linspace(-1.0, 1.0, 17)
"""Sampling points of an eye or a mouth, from corner to corner."""
_BULGE = 1.0 - _ARC**2
"""Shape of a lid or a lip: 0 at both corners, 1 in the middle."""
_CIRCLE = np.exp(2j * np.pi * np.arange(36) / 36)


@dataclass(frozen=True)
class Canvas:
    """Gray picture that is drawn on in head units.

    Attributes:
        pixels: uint8 (S, S), 0..255, changed in place.
        pose: Pose of the head that is drawn.
    """

    pixels: npt.NDArray[np.uint8]
    pose: Pose

    def fill(self, points: Points, tone: float) -> None:
        """Fill a closed outline with `tone`, 0..255."""
        cv2.fillPoly(self.pixels, [self._to_pixels(points)], (tone,))

    def stroke(self, points: Points, width: float, tone: float) -> None:
        """Draw an open line in `tone`, 0..255; `width` is in head units."""
        thickness = max(1, round(width * self.pose.scale * len(self.pixels)))
        cv2.polylines(self.pixels, [self._to_pixels(points)], False, (tone,), thickness)

    def soften(self, radius: float) -> None:
        """Blur the picture; `radius` is in head units."""
        cv2.GaussianBlur(self.pixels, (0, 0), radius * self.pose.scale * len(self.pixels), dst=self.pixels)

    def _to_pixels(self, points: Points) -> npt.NDArray[np.int32]:
        projected = self.pose.project(points) * len(self.pixels)
        return np.rint(projected.view(np.float64)).astype(np.int32).reshape(-1, 2)


def draw(canvas: Canvas, person: Identity, units: ActionUnits) -> None:
    """Draw a face on the canvas, from back to front."""
    outline = _head_outline(person, units)
    _draw_bust(canvas, person)
    canvas.fill(outline, person.skin)
    _draw_relief(canvas, person, units)
    canvas.soften(0.03)
    _draw_folds(canvas, person, units)
    _draw_nostrils(canvas, person, units)
    if person.beard:
        _draw_beard(canvas, person, outline)
    _draw_mouth(canvas, person, units)
    for side in _SIDES:
        _draw_eye(canvas, person, units, side)
        _draw_brow(canvas, person, units, side)
    if person.hairline > -1.0:
        _draw_hair(canvas, person, outline)
    if person.glasses:
        _draw_glasses(canvas, person)


def _points(x: npt.ArrayLike, y: npt.ArrayLike) -> Points:
    return np.asarray(x) + 1j * np.asarray(y)


def _ellipse(x: float, y: float, width: float, height: float) -> Points:
    return _points(x + width * _CIRCLE.real, y + height * _CIRCLE.imag)


def _between(x: Curve, top: Curve, bottom: Curve) -> Points:
    """Return the outline of the area between two curves over `x`."""
    return np.concatenate([_points(x, top), _points(x, bottom)[::-1]])


def _head_outline(person: Identity, units: ActionUnits) -> Points:
    x, y = _CIRCLE.real, _CIRCLE.imag
    below = np.maximum(y, 0.0)
    x = person.face_width * np.sign(x) * np.abs(x) ** 0.85 * (1.0 - person.jaw_taper * below**2)
    return _points(x, y + 0.12 * units.jaw_drop * below)


def _draw_bust(canvas: Canvas, person: Identity) -> None:
    """Draw what is behind the face: hair, neck, shoulders and ears."""
    if person.hairline > -1.0:
        skull = _ellipse(0.0, 0.0, 1.13 * person.face_width, 1.1)
        falling = np.where(skull.imag > 0.0, 2.0 * skull.imag, skull.imag)
        canvas.fill(_points(skull.real, np.minimum(falling, person.hair_length)), person.hair)
    neck = 0.6 * person.face_width
    canvas.fill(_points([-neck, neck, 2.0, 2.0, -2.0, -2.0], [1.15, 1.15, 1.5, 3.0, 3.0, 1.5]), person.clothes)
    canvas.fill(_points([-neck, neck, neck, -neck], [0.0, 0.0, 1.25, 1.25]), 0.7 * person.skin)
    for side in _SIDES:
        canvas.fill(_ellipse(side * person.face_width, 0.05, 0.09, 0.2), 0.85 * person.skin)


def _draw_relief(canvas: Canvas, person: Identity, units: ActionUnits) -> None:
    """Shade eye sockets, cheeks and nose; the caller blurs them."""
    cheek_y, cheek_tone = 0.22 - 0.07 * units.cheek_raise, 1.03 + 0.08 * units.cheek_raise
    flank = np.array([0.05, 0.13, person.nose_width + 0.06, 0.0])
    for side in _SIDES:
        canvas.fill(_ellipse(side * person.eye_spacing, _EYE_Y - 0.02, 0.22, 0.15), 0.88 * person.skin)
        canvas.fill(_ellipse(side * 0.4, cheek_y, 0.15, 0.1), cheek_tone * person.skin)
        canvas.fill(_points(side * flank, [-0.2, -0.15, 0.3, 0.33]), 0.86 * person.skin)
    canvas.fill(_points([-0.04, 0.04, 0.09, 0.0, -0.09], [-0.3, -0.3, 0.2, 0.27, 0.2]), 1.1 * person.skin)
    canvas.fill(_ellipse(0.0, 0.78, 0.2, 0.03), 0.88 * person.skin)


def _draw_folds(canvas: Canvas, person: Identity, units: ActionUnits) -> None:
    """Draw the folds of the skin: forehead, frown, nose, from nose to mouth, below the eyes."""

    def fold(points: Points, depth: float) -> None:
        if depth > 0.1:
            canvas.stroke(points, 0.025, (1.0 - 0.4 * min(depth, 1.0)) * person.skin)

    brow_raise = min(units.inner_brow_raise, units.outer_brow_raise)
    for row in (-0.62, -0.54):
        fold(_points(0.35 * _ARC, row - 0.03 * _BULGE), 0.6 * brow_raise + 0.2 * person.age)
    for row in (-0.2, -0.14, -0.08):
        fold(_points([-0.09, 0.0, 0.09], [row, row + 0.04, row]), units.nose_wrinkle)
    smile = max(units.lip_corner_pull, units.nose_wrinkle)
    cheek = np.array([person.nose_width + 0.04, 0.33, 0.4 + 0.06 * units.lip_corner_pull])
    for side in _SIDES:
        fold(_points(side * np.array([0.05, 0.04]), [-0.3, -0.16]), units.brow_lower)
        fold(_points(side * cheek, [_NOSE_Y - 0.07, 0.31, 0.5]), 0.9 * smile + 0.3 * person.age)
        bag = _points(side * (person.eye_spacing + 0.14 * _ARC), _EYE_Y + 0.07 + 0.05 * _BULGE)
        fold(bag, 0.8 * units.cheek_raise + 0.3 * person.age)


def _draw_nostrils(canvas: Canvas, person: Identity, units: ActionUnits) -> None:
    y = _NOSE_Y - 0.06 * units.nose_wrinkle
    width = person.nose_width * (1.0 + 0.2 * units.nose_wrinkle)
    wing = width * np.array([0.95, 1.1, 0.8])
    for side in _SIDES:
        canvas.fill(_ellipse(side * 0.5 * width, y, 0.3 * width, 0.025), 0.4 * person.skin)
        canvas.stroke(_points(side * wing, [y - 0.1, y - 0.03, y + 0.02]), 0.025, 0.65 * person.skin)


def _draw_beard(canvas: Canvas, person: Identity, outline: Points) -> None:
    """Draw a beard on jaw and upper lip."""
    cheeks = 0.1 + 0.42 * _BULGE**0.4 - 0.15 * np.exp(-((3.0 * _ARC) ** 2))
    jaw = outline[outline.imag > 0.1]
    edge = _points(0.97 * person.face_width * _ARC, cheeks)
    canvas.fill(np.concatenate([jaw, edge]), 0.4 * person.skin + 0.6 * person.hair)


def _draw_mouth(canvas: Canvas, person: Identity, units: ActionUnits) -> None:
    stretch = max(units.lip_corner_pull, units.lip_stretch)
    # A dropped jaw rounds the lips, unless their corners are stretched.
    widening = 0.3 * stretch - 0.15 * units.lip_tighten - 0.3 * units.jaw_drop * (1.0 - stretch)
    x = person.mouth_width * (1.0 + widening) * _ARC
    gap = 0.35 * max(units.jaw_drop - 0.1, 0.0) + 0.08 * units.lower_lip_depress
    sunk = units.lip_corner_depress + 0.4 * units.lip_stretch - units.lip_corner_pull
    corners = _MOUTH_Y + 0.15 * sunk * _ARC**2
    upper = corners - (0.08 * units.nose_wrinkle + 0.05 * units.jaw_drop) * _BULGE
    lower = upper + (gap + 0.05 * units.nose_wrinkle) * _BULGE**0.7
    fullness = person.lip_fullness * (1.0 - 0.6 * units.lip_tighten) * _BULGE
    bow = 1.0 - 0.25 * np.exp(-((4.0 * _ARC) ** 2))
    canvas.fill(_between(x, upper - 0.075 * fullness * bow, lower + 0.1 * fullness), 0.68 * person.skin)
    canvas.fill(_between(x, upper, lower), 0.2 * person.skin)
    if gap > 0.04:
        canvas.fill(_between(0.9 * x, upper, np.clip(lower - 0.03, upper, upper + 0.09)), 205.0)
    canvas.stroke(_points(x, upper), 0.025, 0.3 * person.skin)


def _draw_eye(canvas: Canvas, person: Identity, units: ActionUnits, side: float) -> None:
    centre = side * person.eye_spacing
    x = centre + 0.16 * person.eye_size * _ARC
    # The inner brow, raised alone, raises the inner end of the lid.
    axis = _EYE_Y + 0.03 * max(units.inner_brow_raise - units.outer_brow_raise, 0.0) * side * _ARC
    wide = 1.0 + 0.75 * units.upper_lid_raise - 0.45 * units.lid_tighten - 0.25 * units.cheek_raise
    upper = axis - 0.075 * person.eye_size * wide * _BULGE
    lower = axis + 0.05 * person.eye_size * (1.0 - 0.5 * max(units.cheek_raise, units.lid_tighten)) * _BULGE
    canvas.fill(_between(x, upper, lower), 0.35 * person.skin + 140.0)
    for radius, tone in ((0.075, 70.0), (0.035, 10.0)):
        iris = _ellipse(centre, _EYE_Y - 0.01, radius, radius)
        top, bottom = (np.interp(iris.real, x, lid) for lid in (upper, lower))
        canvas.fill(_points(iris.real, np.clip(iris.imag, top, bottom)), tone)
    canvas.stroke(_points(x, upper), 0.035, 0.25 * person.skin)
    canvas.stroke(_points(x, lower), 0.02, 0.6 * person.skin)


def _draw_brow(canvas: Canvas, person: Identity, units: ActionUnits, side: float) -> None:
    outer = np.linspace(0.0, 1.0, 9)  # 0 at the inner end
    inner = 1.0 - outer
    x = (0.13 - 0.05 * units.brow_lower) * inner + (person.eye_spacing + 0.2) * outer
    raised = 0.15 * (units.inner_brow_raise * inner**1.2 + units.outer_brow_raise * outer**0.7)
    lowered = 0.12 * units.brow_lower * (1.0 - 0.8 * outer)
    y = -0.31 - 0.07 * np.sin(0.9 * np.pi * outer) - raised + lowered
    thickness = person.brow_thickness * (1.0 - 0.7 * outer**2)
    canvas.fill(_between(side * x, y, y + thickness), min(0.25 * person.skin + 0.5 * person.hair, 0.6 * person.skin))


def _draw_hair(canvas: Canvas, person: Identity, outline: Points) -> None:
    crown = 1.1 * outline[outline.imag < -0.35]
    hairline = person.hairline + 0.35 * _ARC**4 + person.parting * _ARC
    edge = _points(person.face_width * _ARC, hairline)
    canvas.fill(np.concatenate([crown, edge[::-1]]), person.hair)


def _draw_glasses(canvas: Canvas, person: Identity) -> None:
    inner, outer = person.eye_spacing - 0.24, person.eye_spacing + 0.24
    for side in _SIDES:
        lens = _ellipse(side * person.eye_spacing, _EYE_Y + 0.02, 0.24, 0.2)
        canvas.stroke(np.append(lens, lens[0]), 0.03, 35.0)
        canvas.stroke(_points(side * np.array([outer, person.face_width]), [-0.12, -0.08]), 0.03, 35.0)
    canvas.stroke(_points([-inner, inner], [-0.1, -0.1]), 0.03, 35.0)
