"""Augmentation on an accelerator: the changes of `fer_edge.training.augment`, in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from fer_edge.training.augment import ERASED_AREA, ERASED_ASPECT
from fer_edge.training.recipe import Recipe


def augment(images: jax.Array, recipe: Recipe, key: jax.Array) -> jax.Array:
    """Augment each image independently, by `recipe`.

    Args:
        images: float32 (N, S, S, 1), 0..255.
        recipe: Recipe with the extent of each change.
        key: Key of everything random.

    Returns:
        float32 (N, S, S, 1), 0..255.
    """
    flip, warp, light, erase = jax.random.split(key, 4)
    if recipe.flip:
        images = mirror(images, flip)
    if recipe.shift or recipe.scale or recipe.rotate:
        images = _warp(images, recipe, warp)
    if recipe.brightness or recipe.contrast:
        images = _relight(images, recipe, light)
    return _erase(images, recipe.erase, erase) if recipe.erase else images


def mirror(images: jax.Array, key: jax.Array) -> jax.Array:
    """Mirror each image, (N, S, S, 1), with probability 1/2."""
    return jnp.where(jax.random.bernoulli(key, shape=(len(images), 1, 1, 1)), images[:, :, ::-1], images)


def mixup(images: jax.Array, targets: jax.Array, alpha: float, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mix each image and its target with another of the batch, by shares from a Beta(alpha, alpha) distribution.

    Args:
        images: float32 (N, S, S, 1).
        targets: float32 (N, K).
        alpha: Both parameters of the distribution.
        key: Key of shares and partners.
    """
    of_share, of_partner = jax.random.split(key)
    share = jax.random.beta(of_share, alpha, alpha, (len(images), 1))
    partner = jax.random.permutation(of_partner, len(images))
    of_image = share[:, :, None, None]
    mixed = of_image * images + (1 - of_image) * images[partner]
    return mixed, share * targets + (1 - share) * targets[partner]


def _warp(images: jax.Array, recipe: Recipe, key: jax.Array) -> jax.Array:
    """Rotate and scale about the centre, and shift, in one bilinear interpolation; the border is reflected."""
    count, side = images.shape[:2]
    of_angle, of_factor, of_shift = jax.random.split(key, 3)
    limit = jnp.deg2rad(recipe.rotate)
    angle = jax.random.uniform(of_angle, (count, 1, 1), minval=-limit, maxval=limit)
    factor = jax.random.uniform(of_factor, (count, 1, 1), minval=1 - recipe.scale, maxval=1 + recipe.scale)
    shift = jax.random.uniform(of_shift, (2, count, 1, 1), minval=-recipe.shift, maxval=recipe.shift) * side
    centre = (side - 1) / 2
    y, x = jnp.mgrid[:side, :side] - centre
    cosine, sine = jnp.cos(angle) * factor, jnp.sin(angle) * factor
    rows = cosine * y + sine * x + centre + shift[0]
    columns = cosine * x - sine * y + centre + shift[1]
    return _interpolated(images[..., 0], _reflected(rows, side), _reflected(columns, side))[..., None]


def _reflected(position: jax.Array, side: int) -> jax.Array:
    folded = jnp.abs(position) % (2 * (side - 1))
    return jnp.minimum(folded, 2 * (side - 1) - folded)


def _interpolated(images: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
    count, side = images.shape[:2]
    top = jnp.clip(jnp.floor(rows).astype(jnp.int32), 0, side - 2)
    left = jnp.clip(jnp.floor(columns).astype(jnp.int32), 0, side - 2)
    down, right = rows - top, columns - left
    flat = images.reshape(count, side * side)
    first = (top * side + left).reshape(count, -1)

    def corner(offset: int) -> jax.Array:
        return jnp.take_along_axis(flat, first + offset, axis=1).reshape(rows.shape)

    upper = corner(0) * (1 - right) + corner(1) * right
    lower = corner(side) * (1 - right) + corner(side + 1) * right
    return upper * (1 - down) + lower * down


def _relight(images: jax.Array, recipe: Recipe, key: jax.Array) -> jax.Array:
    of_contrast, of_brightness = jax.random.split(key)
    shape = (len(images), 1, 1, 1)
    contrast = jax.random.uniform(of_contrast, shape, minval=1 - recipe.contrast, maxval=1 + recipe.contrast)
    change = jax.random.uniform(of_brightness, shape, minval=-recipe.brightness, maxval=recipe.brightness) * 255
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    return jnp.clip((images - mean) * contrast + mean + change, 0, 255)


def _erase(images: jax.Array, probability: float, key: jax.Array) -> jax.Array:
    """Fill a rectangle with noise in some images."""
    count, side = images.shape[:2]
    chosen, of_area, of_aspect, of_place, of_noise = jax.random.split(key, 5)
    shape = (count, 1, 1)
    area = jax.random.uniform(of_area, shape, minval=ERASED_AREA[0], maxval=ERASED_AREA[1]) * side**2
    aspect = jnp.exp2(jax.random.uniform(of_aspect, shape, minval=-ERASED_ASPECT, maxval=ERASED_ASPECT))
    height, width = jnp.sqrt(area * aspect), jnp.sqrt(area / aspect)
    place = jax.random.uniform(of_place, (2, *shape))
    top, left = place[0] * (side - height), place[1] * (side - width)
    y, x = jnp.mgrid[:side, :side]
    inside = (y >= top) & (y < top + height) & (x >= left) & (x < left + width)
    inside &= jax.random.bernoulli(chosen, probability, shape)
    noise = jax.random.uniform(of_noise, images.shape, maxval=255.0)
    return jnp.where(inside[..., None], noise, images)
