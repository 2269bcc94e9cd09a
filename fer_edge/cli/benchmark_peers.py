"""Other projects' model files on the command line, with what such a file does not say itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from fer_edge.benchmark.subjects import PeerFile
from fer_edge.errors import InputError

_T = TypeVar("_T")

LABELS_HELP = "The peers' scores in order, as angry,disgust,fear,...: once for all, or for each --peer in turn."
RANGE_HELP = "Black and white in the peers' inputs, as 0..255, 0..1 or -1..1: once for all, or for each --peer in turn."


def read_peers(
    files: Sequence[Path], labels: Sequence[str], ranges: Sequence[str], *, logits: bool = False
) -> list[PeerFile]:
    """Put together the options of each file; what is given once holds for all.

    Args:
        files: .tflite or .onnx files.
        labels: Names with commas between.
        ranges: Two numbers with two dots between.
        logits: Whether their scores have not been through a softmax.

    Raises:
        InputError: If the numbers of options do not fit, or one cannot be read.
    """
    peers = []
    for path, names, span in zip(files, _spread("labels", labels, files), _spread("range", ranges, files), strict=True):
        facts = {} if names is None else {"labels": tuple(name.strip() for name in names.split(","))}
        minimum, maximum = (0.0, 255.0) if span is None else _range(span)
        peers.append(PeerFile(path, minimum=minimum, maximum=maximum, logits=logits, **facts))
    return peers


def _spread(what: str, values: Sequence[str], files: Sequence[Path]) -> Sequence[str | None]:
    if (len(values) > 1 and len(values) != len(files)) or (values and not files):
        raise InputError(f"expected --peer-{what} once, or once for each --peer ({len(files)}), got {len(values)}")
    return values if len(values) == len(files) else [*values, None][:1] * len(files)


def _range(text: str) -> tuple[float, float]:
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*\.\.\s*(-?\d+(?:\.\d+)?)\s*", text)
    if match is None or float(match[1]) == float(match[2]):
        raise InputError(f"--peer-range: expected two different numbers such as 0..1 or -1..1, got {text!r}")
    return float(match[1]), float(match[2])
