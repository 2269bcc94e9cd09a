"""Synthetic labelled faces, so that everything runs without a download. No TensorFlow."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.dataset.data import FACE_SIZE, Dataset, Split, SplitName
from fer_edge.dataset.drawing import Canvas, draw
from fer_edge.dataset.synthetic_face import ActionUnits, Identity, Pose
from fer_edge.labels import EXPRESSIONS, NUM_EXPRESSIONS

_SUPERSAMPLING = 4
"""Canvas pixels per pixel of the result along each axis; their mean smooths edges."""

_UNITS = {
    "angry": ActionUnits(brow_lower=1.0, upper_lid_raise=0.4, lid_tighten=0.7, lip_tighten=1.0),
    "disgust": ActionUnits(
        brow_lower=0.4, lid_tighten=0.8, nose_wrinkle=1.0, lip_corner_depress=0.6, lower_lip_depress=0.8
    ),
    "fear": ActionUnits(
        inner_brow_raise=1.0, outer_brow_raise=0.4, brow_lower=0.5, upper_lid_raise=1.0, lip_stretch=1.0, jaw_drop=0.35
    ),
    "happy": ActionUnits(cheek_raise=1.0, lip_corner_pull=1.0, jaw_drop=0.3),
    "neutral": ActionUnits(),
    "sad": ActionUnits(inner_brow_raise=1.0, brow_lower=0.3, lid_tighten=0.3, lip_corner_depress=1.0),
    "surprise": ActionUnits(inner_brow_raise=1.0, outer_brow_raise=1.0, upper_lid_raise=0.9, jaw_drop=1.0),
}
"""Action units of each expression, after EMFACS (Friesen and Ekman, 1983)."""


@dataclass(frozen=True)
class Light:
    """Lighting of a face, and properties of the camera.

    Attributes:
        gain_x: Gain in brightness from the middle of the head to its right, as a share.
        gain_y: Gain in brightness from the middle of the head to the chin, as a share.
        falloff: Loss of brightness from the middle to the edge of the head, as a share.
        gamma: Exponent of the tone curve.
        contrast: Factor of the difference from middle gray.
        blur: Standard deviation of the lens' blur, in pixels of a 48-pixel picture.
        noise: Standard deviation of the sensor's noise, in gray levels.
    """

    gain_x: float
    gain_y: float
    falloff: float
    gamma: float
    contrast: float
    blur: float
    noise: float


def synthetic_dataset(*, seed: int = 0, train_per_class: int = 200, validation_per_class: int = 50) -> Dataset:
    """Generate a balanced data set of the seven expressions.

    Every image shows another person and has a random stream of its own, so that the splits share nobody and an image
    does not depend on how many are generated. Other releases of OpenCV or numpy can give other pixels, and then another
    `Dataset.sha256`.

    Args:
        seed: Seed of all images; not negative.
        train_per_class: Number of training images of each expression.
        validation_per_class: Number of validation images of each expression.
    """
    counts = {SplitName.TRAIN: train_per_class, SplitName.VALIDATION: validation_per_class}
    splits = {name: _draw_split(seed, name, count) for name, count in counts.items()}
    return Dataset("synthetic", splits)


def draw_face(expression: str, rng: np.random.Generator, size: int = FACE_SIZE) -> npt.NDArray[np.uint8]:
    """Generate a random person who shows an expression, with random intensity.

    Args:
        expression: One of `EXPRESSIONS`.
        rng: Source of everything random.
        size: Side of the picture, pixels.

    Returns:
        uint8 (size, size), gray, 0..255.

    Raises:
        ValueError: If there is no such expression.
    """
    if expression not in _UNITS:
        raise ValueError(f"expected one of {', '.join(EXPRESSIONS)}; got {expression!r}")
    pose = _random_pose(rng)
    canvas = Canvas(_random_background(rng, _SUPERSAMPLING * size), pose)
    draw(canvas, _random_identity(rng), _varied(_UNITS[expression], rng))
    albedo = cv2.resize(canvas.pixels, (size, size), interpolation=cv2.INTER_AREA)
    return _photograph(np.asarray(albedo, np.uint8), pose, _random_light(rng), rng)


def _draw_split(seed: int, name: SplitName, per_class: int) -> Split:
    split_key = list(SplitName).index(name)
    places = [(label, i) for label in range(NUM_EXPRESSIONS) for i in range(per_class)]
    images = np.empty((len(places), FACE_SIZE, FACE_SIZE), np.uint8)
    for image, (label, i) in zip(images, places, strict=True):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(split_key, label, i)))
        image[:] = draw_face(EXPRESSIONS[label], rng)
    labels = np.array([label for label, _ in places], np.int64)
    names = tuple(f"synthetic/{name.value}/{EXPRESSIONS[label]}/{i:05d}" for label, i in places)
    return Split(images, labels, names)


def _varied(units: ActionUnits, rng: np.random.Generator) -> ActionUnits:
    """Vary the intensity of an expression, and of each action unit in it; units at rest get a little too."""
    values = np.array(astuple(units))
    strength = rng.uniform(0.6, 1.1) * rng.uniform(0.8, 1.2, values.size)
    restlessness = np.abs(rng.normal(0.0, 0.06, values.size))
    return ActionUnits(*np.clip(values * strength + restlessness, 0.0, 1.2).tolist())


def _random_identity(rng: np.random.Generator) -> Identity:
    skin = rng.uniform(95.0, 205.0)
    bald = rng.random() < 0.1
    return Identity(
        face_width=rng.uniform(0.68, 0.82),
        jaw_taper=rng.uniform(0.1, 0.35),
        skin=skin,
        hair=rng.uniform(15.0, 90.0) if rng.random() < 0.8 else rng.uniform(90.0, 200.0),
        hairline=-2.0 if bald else rng.uniform(-0.82, -0.6),
        parting=rng.normal(0.0, 0.06),
        hair_length=rng.uniform(-0.2, 0.1) if rng.random() < 0.5 else rng.uniform(0.7, 1.4),
        eye_spacing=rng.uniform(0.31, 0.37),
        eye_size=rng.uniform(0.88, 1.12),
        brow_thickness=rng.uniform(0.035, 0.085),
        nose_width=rng.uniform(0.12, 0.18),
        lip_fullness=rng.uniform(0.6, 1.3),
        mouth_width=rng.uniform(0.24, 0.32),
        age=rng.random(),
        clothes=rng.uniform(20.0, 200.0),
        beard=bool(rng.random() < 0.15),
        glasses=bool(rng.random() < 0.15),
    )


def _random_pose(rng: np.random.Generator) -> Pose:
    return Pose(
        yaw=rng.normal(0.0, 0.13),
        pitch=rng.normal(0.0, 0.05),
        roll=rng.normal(0.0, 0.07),
        scale=rng.uniform(0.46, 0.53),
        centre=complex(rng.uniform(0.48, 0.52), rng.uniform(0.46, 0.5)),
    )


def _random_light(rng: np.random.Generator) -> Light:
    return Light(
        gain_x=rng.normal(0.0, 0.2),
        gain_y=rng.normal(-0.08, 0.1),
        falloff=rng.uniform(0.1, 0.4),
        gamma=rng.uniform(0.75, 1.35),
        contrast=rng.uniform(0.85, 1.25),
        blur=rng.uniform(0.2, 0.7),
        noise=rng.uniform(1.0, 5.0),
    )


def _random_background(rng: np.random.Generator, side: int) -> npt.NDArray[np.uint8]:
    """Return a few large smooth patches around a random gray, like an unfocused background."""
    patches = rng.uniform(30.0, 220.0) + rng.uniform(0.0, 45.0) * rng.standard_normal((4, 4))
    patches = np.clip(patches, 0.0, 255.0).astype(np.uint8)
    return np.asarray(cv2.resize(patches, (side, side), interpolation=cv2.INTER_LINEAR), np.uint8)


def _photograph(
    albedo: npt.NDArray[np.uint8], pose: Pose, light: Light, rng: np.random.Generator
) -> npt.NDArray[np.uint8]:
    """Apply shading, lens blur, tone curve and noise; uint8 (S, S) in and out."""
    side = len(albedo)
    along = (np.arange(side) + 0.5) / side
    x, y = (along - pose.centre.real) / pose.scale, (along[:, np.newaxis] - pose.centre.imag) / pose.scale
    shade = 1.0 + light.gain_x * x + light.gain_y * y - light.falloff * np.minimum(x**2 + y**2, 1.0)
    picture = cv2.GaussianBlur(albedo * np.clip(shade, 0.2, 2.0), (0, 0), light.blur * side / FACE_SIZE)
    picture = 255.0 * np.clip(picture / 255.0, 0.0, 1.0) ** light.gamma
    picture = 128.0 + light.contrast * (picture - 128.0) + rng.normal(0.0, light.noise, picture.shape)
    return np.asarray(np.clip(np.rint(picture), 0.0, 255.0), np.uint8)
