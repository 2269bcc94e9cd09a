"""Options about faces and their scores, the same in every command that finds faces."""

from __future__ import annotations

import click

from fer_edge.cli.number_range import NumberRange
from fer_edge.runtime.faces.detector import DEFAULT_CONFIDENCE, DEFAULT_WIDTH, MAX_WIDTH, MIN_WIDTH, PICTURE_WIDTH
from fer_edge.runtime.faces.engines import DetectorEngine
from fer_edge.runtime.faces.smoothing import Smoothing

detector_option = click.option(
    "--detector",
    type=click.Choice([engine.value for engine in DetectorEngine]),
    default=DetectorEngine.AUTO.value,
    show_default=True,
    help="Engine of the face detector: auto is int8 where the processor has 8-bit dot products, else fp32, and "
    "opencv where no TFLite interpreter works.",
)
detector_width_option = click.option(
    "--detector-width",
    type=click.IntRange(MIN_WIDTH, MAX_WIDTH),
    metavar="PIXELS",
    help="Longer side of the frame, in pixels, that the face detector works on: more finds smaller faces, fewer is "
    f"faster.  [default: {DEFAULT_WIDTH}; for pictures their own, up to {PICTURE_WIDTH}]",
)
confidence_option = click.option(
    "--confidence",
    type=NumberRange(0, 1, min_open=True, max_open=True),
    metavar="SHARE",
    default=DEFAULT_CONFIDENCE,
    show_default=True,
    help="Least confidence of the face detector in a face.",
)
max_faces_option = click.option(
    "--max-faces", type=click.IntRange(1), metavar="N", help="Classify only the N largest faces of each frame."
)
smoothing_option = click.option(
    "--smoothing",
    type=NumberRange(0),
    default=Smoothing.seconds,
    show_default=True,
    metavar="SECONDS",
    help="Time over which a face's scores are averaged; 0 leaves each frame to itself.",
)
threshold_option = click.option(
    "--threshold",
    type=NumberRange(0, 1),
    metavar="SCORE",
    default=Smoothing.threshold,
    show_default=True,
    help="Least score of an expression; a face without one is uncertain.",
)
