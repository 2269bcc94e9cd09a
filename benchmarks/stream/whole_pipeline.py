"""Accuracy of the whole pipeline, with detection, crop and rotation, compared with the classifier's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from rich.console import Console

from benchmarks.stream.scenes import Placement, anywhere, photographs, place
from fer_edge.dataset.data import Split
from fer_edge.inference.classifier import Classifier
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sources.source import Frame
from fer_edge.terminal.tables import make_table

SIDES = (60, 100, 160, 300)
TURNS = (0.0, 10.0, 20.0)


@dataclass(frozen=True)
class EndToEnd:
    """Results for faces of one size and turn.

    Attributes:
        side: Side of the pasted faces, pixels.
        turn: Rotation of the pasted faces to either side, degrees.
        faces: Number of faces.
        found: Share of them that the detector found, 0..1.
        accuracy: Accuracy of the pipeline on those found, 0..1.
        bare_accuracy: Accuracy of the classifier on the labelled images of the same faces, 0..1.
    """

    side: int
    turn: float
    faces: int
    found: float
    accuracy: float
    bare_accuracy: float

    @property
    def kept(self) -> float:
        """Accuracy of the pipeline divided by the classifier's."""
        return self.accuracy / self.bare_accuracy if self.bare_accuracy else 0.0


def measure_end_to_end(faces: Split) -> list[EndToEnd]:
    """Paste faces into photographs at every size and turn, and run each frame through the shipped pipeline."""
    classifier = Classifier.load()
    pipeline = Pipeline(FaceDetector(), classifier, stills=True)
    bare = classifier.classify_all(faces.images).argmax(axis=1) == faces.labels
    backgrounds, rng = photographs(), np.random.default_rng(0)
    results = []
    for side in SIDES:
        for turn in TURNS:
            right = [
                _is_right(pipeline, place(face, background, placement), placement, int(label))
                for i, (face, label) in enumerate(zip(faces.images, faces.labels, strict=True))
                for background, placement in [(backgrounds[i % len(backgrounds)], anywhere(side, turn, rng))]
            ]
            found = np.array([one is not None for one in right])
            accuracy = float(np.mean([one for one in right if one is not None])) if found.any() else 0.0
            bare_accuracy = float(bare[found].mean()) if found.any() else 0.0
            results.append(EndToEnd(side, turn, len(faces), float(found.mean()), accuracy, bare_accuracy))
    return results


def print_end_to_end(results: list[EndToEnd], console: Console) -> None:
    """Print the table."""
    table = make_table(
        f"{results[0].faces} validation faces in photographs, through the whole pipeline",
        ["pixels"],
        ["turned", "found", "accuracy", "bare crops", "kept"],
    )
    for one in results:
        table.add_row(
            str(one.side),
            f"{one.turn:g}°",
            f"{one.found:.1%}",
            f"{one.accuracy:.2%}",
            f"{one.bare_accuracy:.2%}",
            f"{one.kept:.1%}",
        )
    console.print(table)


def _is_right(pipeline: Pipeline, image: np.ndarray, placement: Placement, label: int) -> bool | None:
    """Return whether the face at its place got its label; `None` if none was found there."""
    for face in pipeline.process(Frame(image, 0, 0.0)).faces:
        centre = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2
        if np.abs(centre - placement.centre).max() < placement.side / 3:
            return bool(face.scores.argmax() == label)
    return None
