"""The verification of a detector's file: its faces on many frames against those of the float network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fer_edge.boxes import from_xywh, overlaps
from fer_edge.scores import FloatArray

SAME_FACE_IOU = 0.5
"""Intersection over union from which two boxes are of the same face."""

LEAST_FOUND, LEAST_IOU, MOST_LANDMARK_DISTANCE = 0.97, 0.93, 0.03
"""Limits of a file that passes: shares 0..1, and a distance in widths of the face."""


@dataclass(frozen=True)
class DetectorParity:
    """Deviation of a detector's file from the float network.

    Attributes:
        frames: Number of frames.
        faces: Number of faces that the float network finds in them.
        found: Share of those that the file finds, 0..1.
        extra: Number of faces that only the file finds.
        iou: Mean intersection over union of a face's two boxes, 0..1.
        landmark_distance: Mean distance of a face's landmarks from the float network's, in widths of its box.
        confidence_difference: Mean absolute difference of a face's two confidences.
        faceless_frames: Number of frames without a face.
        false_alarms: Number of those in which the file finds one.
        float_false_alarms: Number of those in which the float network finds one.
    """

    frames: int
    faces: int
    found: float
    extra: int
    iou: float
    landmark_distance: float
    confidence_difference: float
    faceless_frames: int = 0
    false_alarms: int = 0
    float_false_alarms: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the facts for the card, and whether they pass."""
        return {**asdict(self), "passed": not self.faults(), "faults": self.faults()}

    def faults(self) -> list[str]:
        """Return what lies outside the limits, as measured and allowed; empty if nothing does."""
        limit = self.float_false_alarms + 0.01 * self.faceless_frames
        checks = (
            (self.found < LEAST_FOUND, f"finds {self.found:.2%} of the faces, less than {LEAST_FOUND:.0%}"),
            (self.iou < LEAST_IOU, f"mean IoU {self.iou:.3f}, below {LEAST_IOU}"),
            (
                self.landmark_distance > MOST_LANDMARK_DISTANCE,
                f"landmarks off by {self.landmark_distance:.3f} of the face's width, above {MOST_LANDMARK_DISTANCE}",
            ),
            (self.false_alarms > limit, f"{self.false_alarms} false alarms, more than {limit:g}"),
        )
        return [fault for failed, fault in checks if failed]


def compare_faces(rows: Sequence[FloatArray], float_rows: Sequence[FloatArray]) -> DetectorParity:
    """Compare what two detectors found in the same frames.

    Args:
        rows: A file's faces, for each frame float32 (faces, 15) as `fer_edge.runtime.faces.decoding.decode` returns.
        float_rows: The float network's.
    """
    pairs = [_pair(found, expected) for found, expected in zip(rows, float_rows, strict=True)]
    found, expected = (np.concatenate(each) for each in zip(*pairs, strict=True))
    faces = sum(map(len, float_rows))
    boxes, expected_boxes = (from_xywh(each[:, :4]) for each in (found, expected))
    points = (found[:, 4:14] - expected[:, 4:14]).reshape(-1, 5, 2)
    return DetectorParity(
        frames=len(rows),
        faces=faces,
        found=len(found) / max(faces, 1),
        extra=sum(map(len, rows)) - len(found),
        iou=_mean(np.array([overlaps(a[None], b[None])[0, 0] for a, b in zip(boxes, expected_boxes, strict=True)])),
        landmark_distance=_mean(np.linalg.norm(points, axis=2).mean(axis=1) / expected[:, 2]),
        confidence_difference=_mean(np.abs(found[:, 14] - expected[:, 14])),
    )


def _pair(found: FloatArray, expected: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the rows of the faces that are in both, in the same order."""
    if not len(found) or not len(expected):
        return found[:0], expected[:0]
    shared = overlaps(from_xywh(expected[:, :4]), from_xywh(found[:, :4]))
    nearest = shared.argmax(axis=1)
    same = shared.max(axis=1) >= SAME_FACE_IOU
    return found[nearest[same]], expected[same]


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if values.size else 0.0
