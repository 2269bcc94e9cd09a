"""The demo's portrait with other expressions, which nobody photographed: its face is warped and its mouth redrawn."""

from __future__ import annotations

from functools import cache, lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.models import PORTRAIT_FILE
from fer_edge.pictures.decoding import decode_picture
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.portrait_poses import (
    CORNER_XY,
    HAPPY,
    SIZE_WH,
    Points,
    Pose,
    photographed_points,
    point_names,
    posed_points,
)

Mask = npt.NDArray[np.float32]
"""float32 (140, 128), 0..1: the share of each pixel of the face that is covered."""

_FOLDS = (((186, 126), (176, 137)), ((176, 137), (178, 141)), ((214, 124), (231, 139)), ((231, 139), (230, 143)))
"""Lines of the folds beside the mouth, which go with the smile."""

_LIPS_COLOUR = (66, 58, 116)
_MOUTH_COLOUR = (30, 22, 48)
"""Blue, green, red of the line between closed lips, and of the inside of an open mouth."""

_FINE = 4
"""Pixels of a mask for one of the picture, so that edges are smooth."""


def draw_portrait(pose: Pose) -> Image:
    """Return the portrait, uint8 (420, 420, 3) BGR, with its face in a pose."""
    portrait = _photograph()
    if pose != HAPPY:
        (left, top), (width, height) = CORNER_XY, SIZE_WH
        portrait = portrait.copy()
        portrait[top : top + height, left : left + width] = _draw_face(pose)
    return portrait


@lru_cache(maxsize=128)
def _draw_face(pose: Pose) -> Image:
    """Return the face alone, uint8 (140, 128, 3)."""
    points = posed_points(pose)
    face = _warp(_without_folds(min(pose.smile_off, 1.0)), points)
    at = dict(zip(point_names(), points, strict=False))
    openness = min(3 * pose.jaw_drop, 1.0)
    closed = float(np.clip(2 * pose.smile_off - 1, 0, 1)) * (1 - openness)
    tops, bottoms = (
        [at[f"{edge} left"], at[f"{edge}_middle"], at[f"{edge} right"]] for edge in ("mouth_top", "mouth_bottom")
    )
    ends = at["corner left"], at["corner right"]
    between = [(top + bottom) / 2 for top, bottom in zip(tops, bottoms, strict=True)]
    lips = _mask([ends[0], *between, ends[1]], blur=0.6, filled=False)
    mouth = _mask([ends[0] + (2, 0), *tops, ends[1] - (2, 0), *reversed(bottoms)], blur=1.0, filled=True)
    return _blend(_blend(face, _LIPS_COLOUR, lips * closed * 0.9), _MOUTH_COLOUR, mouth * openness)


@cache
def _photograph() -> Image:
    return decode_picture(PORTRAIT_FILE.read_bytes())


@cache
def _triangles() -> list[list[int]]:
    """Return the Delaunay triangles of the photograph's points, three indices each."""
    points, (width, height) = photographed_points(), SIZE_WH
    division = cv2.Subdiv2D((-1, -1, width + 3, height + 3))
    for x, y in points.tolist():
        division.insert((x, y))
    triangles = []
    for corners in np.asarray(division.getTriangleList()).reshape(-1, 3, 2):
        distances = np.linalg.norm(points[:, np.newaxis] - corners, axis=2)
        if distances.min(axis=0).max() < 0.5:  # else it ends at a corner that OpenCV adds outside
            triangles.append(distances.argmin(axis=0).tolist())
    return triangles


def _warp(face: Image, points: Points) -> Image:
    """Return the face with each triangle of the photograph's points moved to where `points` has it."""
    width, height = SIZE_WH
    area = np.zeros((height, width), np.uint8)  # number of each pixel's triangle, from 1
    to_photograph = [np.eye(2, 3)]
    for number, triangle in enumerate(_triangles(), 1):
        here, there = points[triangle], photographed_points()[triangle]
        has_pixels = cv2.contourArea(here) > 0.1  # none between closed lips
        to_photograph.append(np.array(cv2.getAffineTransform(here, there)) if has_pixels else np.eye(2, 3))
        if has_pixels:
            cv2.fillConvexPoly(area, np.rint(here * 16).astype(np.int32), (number,), shift=4)
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    matrix = np.array(to_photograph)[area]
    moved = matrix[..., 0] * x[..., np.newaxis] + matrix[..., 1] * y[..., np.newaxis] + matrix[..., 2]
    shift = cv2.GaussianBlur((moved - np.stack([x, y], axis=-1)).astype(np.float32), (0, 0), 0.8)
    columns, rows = (x + shift[..., 0]).astype(np.float32), (y + shift[..., 1]).astype(np.float32)
    return np.asarray(cv2.remap(face, columns, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _without_folds(share: float) -> Image:
    """Return the photographed face with the smile's folds softened by a share, 0..1."""
    face, smooth, folds = _folds()
    return _blend(face, smooth, folds * share)


@cache
def _folds() -> tuple[Image, Image, Mask]:
    """Return the photographed face, the same with its folds painted over, and where those are."""
    (left, top), (width, height) = CORNER_XY, SIZE_WH
    face = _photograph()[top : top + height, left : left + width]
    folds = np.zeros((height, width), np.float32)
    for start, end in np.array(_FOLDS) - CORNER_XY:
        cv2.line(folds, start.tolist(), end.tolist(), 1.0, 5)
    folds = np.asarray(cv2.GaussianBlur(folds, (0, 0), 1.5), np.float32)
    painted = cv2.inpaint(face, (folds > 0.3).astype(np.uint8), 5, cv2.INPAINT_TELEA)
    return face, np.asarray(cv2.GaussianBlur(painted, (0, 0), 1.2), np.uint8), folds


def _mask(points: list[npt.NDArray[np.float32]], *, blur: float, filled: bool) -> Mask:
    """Draw a polygon, or a line, with soft edges; returns float32 (140, 128), 0..1."""
    (width, height), corners = SIZE_WH, [np.rint(np.array(points) * _FINE).astype(np.int32)]
    mask = np.zeros((height * _FINE, width * _FINE), np.float32)
    if filled:
        cv2.fillPoly(mask, corners, (1.0,))
    else:
        cv2.polylines(mask, corners, False, (1.0,), 7)
    return np.asarray(
        cv2.GaussianBlur(cv2.resize(mask, SIZE_WH, interpolation=cv2.INTER_AREA), (0, 0), blur), np.float32
    )


def _blend(face: Image, over: Image | tuple[int, int, int], share: Mask) -> Image:
    """Return a face under a picture or colour, which covers it by a share, float32 (140, 128), 0..1."""
    weight = share[..., np.newaxis]
    return np.rint(face * (1 - weight) + np.asarray(over) * weight).astype(np.uint8)
