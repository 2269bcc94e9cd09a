"""`make detector`: what each way to compute the face detector finds, side by side."""

from __future__ import annotations

import click
import numpy as np
from rich.console import Console
from rich.progress import track

from benchmarks.detector.scenes import Found, look_for, scenes
from fer_edge.dataset.loading import load_dataset
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE, FaceDetector
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.terminal.tables import make_table

_ENGINES = (DetectorEngine.OPENCV, DetectorEngine.FP32, DetectorEngine.INT8)


@click.command()
@click.option("--data", metavar="PATH", help="Labelled faces; some of their validation split are pasted.")
@click.option("--faces", type=click.IntRange(1), default=600, show_default=True, help="Faces to paste.")
@click.option("--cuts", type=click.IntRange(1), default=1500, show_default=True, help="Frames without a face.")
@click.option("--confidence", type=float, default=DEFAULT_CONFIDENCE, show_default=True, help="Least confidence.")
def main(data: str | None, faces: int, cuts: int, confidence: float) -> None:
    """Print the share of faces that OpenCV, float32 and int8 find, and the frames with false alarms."""
    validation = load_dataset(data).validation
    chosen = np.random.default_rng(0).choice(len(validation), min(faces, len(validation)), replace=False)
    names = [engine.value for engine in _ENGINES]
    table = make_table(
        "faces found / frames with something else", ["scene"], [*names, *(f"alarms, {name}" for name in names)]
    )
    for scene in track(scenes(validation.images[chosen], cuts), "scenes"):
        detectors = [FaceDetector(scene.width, confidence, stills=scene.stills, engine=each) for each in _ENGINES]
        found = look_for(detectors, scene.frames())
        table.add_row(scene.name, *(_share(one) for one in found), *(str(one.alarmed) for one in found))
    Console(highlight=False).print(table)


def _share(found: Found) -> str:
    return f"{found.found / found.faces:.1%}" if found.faces else "-"


if __name__ == "__main__":
    main()
