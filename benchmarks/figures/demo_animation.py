"""`make readme-pictures`: the README's animation, the demo stream with the shipped network's answers drawn into it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import cv2
import numpy as np
from PIL import Image as Picture

from benchmarks.entry import run_command
from fer_edge.files import write_atomic
from fer_edge.inference.classifier import Classifier
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.detector import FaceDetector
from fer_edge.runtime.pipeline import Pipeline
from fer_edge.runtime.sinks.annotate import annotate
from fer_edge.runtime.sources.demo import FPS, PERIOD_S, DemoSource
from fer_edge.runtime.sources.source import Frame
from fer_edge.terminal.consoles import stdout

_SIZE_WH = (480, 360)
_EVERY = 3
"""One of so many frames is shown: ten a second."""
_QUALITY = 60


def annotated_frames() -> Iterator[Image]:
    """Yield the frames of one period of the demo as an annotated video has them, uint8 (360, 480, 3) BGR.

    It is the second period, in which the face is known from the first, so that the animation repeats without a jump.
    """
    classifier = Classifier.load()
    pipeline = Pipeline(FaceDetector(), classifier)
    period = round(FPS * PERIOD_S)
    small = (
        Frame(resize(frame.image, _SIZE_WH), frame.number, frame.time, frame.position_s)
        for frame in islice(DemoSource(), 2 * period)
    )
    for frame, result in pipeline.process_all(small):
        if frame.number >= period and frame.number % _EVERY == 0:
            yield annotate(frame.image, result, classifier.card.labels)


def encode_animation(frames: Iterator[Image], fps: float) -> bytes:
    """Return frames, uint8 (H, W, 3) BGR, as an endless animated WebP."""
    first, *others = (Picture.fromarray(np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))) for frame in frames)
    content = io.BytesIO()
    duration_ms = round(1000 / fps)
    first.save(
        content, "WEBP", save_all=True, append_images=others, duration=duration_ms, loop=0, quality=_QUALITY, method=4
    )
    return content.getvalue()


@click.command()
@click.argument("picture", type=click.Path(dir_okay=False, path_type=Path), default="docs/images/demo.webp")
def command(picture: Path) -> None:
    """Write an animation of the demo with its annotations to PICTURE, a WebP."""
    content = encode_animation(annotated_frames(), FPS / _EVERY)
    write_atomic(picture, content)
    stdout().print(f"written: {picture} ({len(content) / 1e6:.2f} MB)")


if __name__ == "__main__":
    run_command(command)
