"""Make and verify the face detector's files that ship: `python -m benchmarks.detector.files`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import keras
import numpy as np
from rich.console import Console

from benchmarks.detector.frames import faceless_frames, mixed_frames, padded
from export.detector import Pictures, export_detector
from export.detector_parity import DetectorParity, compare_faces
from fer_edge.cards.detector_card import DetectorCard, append_detector_card
from fer_edge.dataset.loading import load_dataset
from fer_edge.errors import ToleranceError
from fer_edge.files import write_atomic
from fer_edge.models import YUNET_FILE
from fer_edge.precision import Precision
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE, DEFAULT_WIDTH
from fer_edge.runtime.faces.engines import DETECTOR_FILES, DetectorEngine, OpenCvYuNet
from fer_edge.runtime.faces.yunet import TFLiteYuNet

_PRECISIONS = {DetectorEngine.FP32: Precision.FP16, DetectorEngine.INT8: Precision.INT8}


@click.command()
@click.option("--data", metavar="PATH", help="Labelled faces, of which some are pasted into frames.  [$FER_EDGE_DATA]")
@click.option("--calibration", default=96, show_default=True, help="Frames to calibrate on, with training faces.")
@click.option("--frames", default=1000, show_default=True, help="Frames to verify on, with validation faces.")
@click.option("--faceless", default=1500, show_default=True, help="Frames without a face to verify on.")
def main(data: str | None, calibration: int, frames: int, faceless: int) -> None:
    """Write both files into fer_edge/models/detector; the draws of frames have fixed seeds."""
    faces = load_dataset(data)
    drawn = mixed_frames(faces.train.images, calibration, seed=0)
    pictures = Pictures(np.stack([padded(frame, DEFAULT_WIDTH) for frame in drawn]))
    shown = _scaled(mixed_frames(faces.validation.images, frames, seed=1)), _scaled(faceless_frames(faceless, seed=2))
    for engine, path in DETECTOR_FILES.items():
        keras.backend.clear_session()  # else names in the file count on from the one before
        content, card = export_detector(YUNET_FILE, _PRECISIONS[engine], pictures)
        parity = _verify(content, card, *shown)
        Console(highlight=False).print(path.name, parity)
        if parity.faults():
            raise ToleranceError(f"{path.name}: {'; '.join(parity.faults())}")
        write_atomic(path, append_detector_card(content, replace(card, parity=parity.as_dict())))


def _verify(content: bytes, card: DetectorCard, frames: list[Image], faceless: list[Image]) -> DetectorParity:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detector.tflite"
        path.write_bytes(append_detector_card(content, card))
        both = TFLiteYuNet(path, DEFAULT_CONFIDENCE), OpenCvYuNet(DEFAULT_CONFIDENCE)
        parity = compare_faces(*([yunet.find(frame) for frame in frames] for yunet in both))
        alarms = [sum(len(yunet.find(frame)) > 0 for frame in faceless) for yunet in both]
    return replace(parity, faceless_frames=len(faceless), false_alarms=alarms[0], float_false_alarms=alarms[1])


def _scaled(frames: Iterator[Image]) -> list[Image]:
    """Return frames of 640x480 as the detector looks at them; larger ones would take gigabytes."""
    return [resize(frame, (DEFAULT_WIDTH, DEFAULT_WIDTH * 3 // 4)) for frame in frames]


if __name__ == "__main__":
    main()
