"""Augmentation: random changes of training images that keep their expression."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.scores import FloatArray
from fer_edge.training.recipe import Recipe

ERASED_AREA = (0.02, 0.2)
"""Least and largest area of an erased rectangle, as shares of the image."""
ERASED_ASPECT = 1.0
"""Largest aspect ratio of an erased rectangle, height to width or width to height, as a power of 2."""

_PARTS = ("flip", "shift", "scale", "rotate", "brightness", "contrast", "erase", "mixup")


def is_augmenting(recipe: Recipe) -> bool:
    """Return whether a recipe trains on images that differ from those of the data set."""
    return any(getattr(recipe, part) for part in _PARTS)


def augment(images: npt.NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator) -> FloatArray:
    """Augment each image independently.

    Args:
        images: Square images, uint8 (N, S, S) or (N, S, S, 3), 0..255.
        recipe: Recipe with the extent of each change.
        rng: Source of everything random; the same state gives the same images.

    Returns:
        float32 of the same shape, 0..255.
    """
    if recipe.flip:
        images = mirror(images, rng)
    if recipe.shift or recipe.scale or recipe.rotate:
        images = _warp(images, recipe, rng)
    changed = images.astype(np.float32)
    if recipe.brightness or recipe.contrast:
        changed = _relight(changed, recipe, rng)
    if recipe.erase:
        _erase(changed, recipe.erase, rng)
    return changed


def mirror(images: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Mirror each image, uint8 (N, H, W) or (N, H, W, 3), with probability 1/2."""
    return np.where(rng.random(_each(images)) < 0.5, images[:, :, ::-1], images)


def mixup(
    images: FloatArray, targets: FloatArray, alpha: float, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Mix each image and its target with another of the batch (Zhang et al., mixup, 2017).

    Args:
        images: float32 (N, H, W) or (N, H, W, 3).
        targets: float32 (N, K).
        alpha: Both parameters of the shares' Beta distribution.
        rng: Source of shares and partners.

    Returns:
        Mixed images and targets, of the same shapes.
    """
    share = rng.beta(alpha, alpha, (len(images), 1)).astype(np.float32)
    partner = rng.permutation(len(images))
    of_image = share.reshape(_each(images))
    mixed = of_image * images + (1 - of_image) * images[partner]
    return mixed, share * targets + (1 - share) * targets[partner]


def _warp(images: npt.NDArray[np.uint8], recipe: Recipe, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Rotate and scale about the centre, and shift, in one interpolation; the border is reflected."""
    side = images.shape[1]
    centre = (side - 1) / 2
    angle = np.deg2rad(rng.uniform(-recipe.rotate, recipe.rotate, len(images)))
    factor = rng.uniform(1 - recipe.scale, 1 + recipe.scale, len(images))
    shift = rng.uniform(-recipe.shift, recipe.shift, (len(images), 2)) * side
    cosine, sine = factor * np.cos(angle), factor * np.sin(angle)
    matrix = np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], 1)
    offset = centre - matrix.sum(axis=2) * centre + shift
    affine = np.concatenate([matrix, offset[..., np.newaxis]], axis=2)
    size, border = (side, side), cv2.BORDER_REFLECT_101
    return np.stack(
        [cv2.warpAffine(image, m, size, borderMode=border) for image, m in zip(images, affine, strict=True)]
    ).astype(np.uint8)


def _relight(images: FloatArray, recipe: Recipe, rng: np.random.Generator) -> FloatArray:
    shape = _each(images)
    contrast = rng.uniform(1 - recipe.contrast, 1 + recipe.contrast, shape)
    brightness = rng.uniform(-recipe.brightness, recipe.brightness, shape) * 255
    mean = images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    relit: FloatArray = np.clip((images - mean) * contrast + mean + brightness, 0, 255).astype(np.float32)
    return relit


def _erase(images: FloatArray, probability: float, rng: np.random.Generator) -> None:
    """Fill a rectangle with noise in some images, in place (Zhong et al., Random Erasing, 2017)."""
    side = images.shape[1]
    chosen = np.flatnonzero(rng.random(len(images)) < probability)
    area = rng.uniform(*ERASED_AREA, len(chosen)) * side**2
    aspect = np.exp2(rng.uniform(-ERASED_ASPECT, ERASED_ASPECT, len(chosen)))
    heights, widths = np.sqrt(area * aspect).astype(int), np.sqrt(area / aspect).astype(int)
    for index, height, width in zip(chosen, heights, widths, strict=True):
        top, left = rng.integers(0, side - height + 1), rng.integers(0, side - width + 1)
        noise = rng.integers(0, 256, (height, width, *images.shape[3:]))
        images[index, top : top + height, left : left + width] = noise


def _each(images: npt.NDArray[np.generic]) -> tuple[int, ...]:
    """Return the shape of a factor of each image: (N, 1, 1), with one more axis for RGB images."""
    return len(images), *[1] * (images.ndim - 1)
