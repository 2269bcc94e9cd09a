"""Other projects' model files on the command line, with what such a file does not say itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.errors import InputError
from fer_edge.stated_facts import PEER_OPTIONS, StatedFacts, parse_labels, parse_range

Value = TypeVar("Value")

LABELS_HELP = "Names of the peers' scores in order, as angry,disgust,...: once for all, or for each --peer in turn."
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
    names, spans = _spread("labels", labels, files, parse_labels), _spread("range", ranges, files, parse_range)
    stated = [StatedFacts(each, span, logits, PEER_OPTIONS) for each, span in zip(names, spans, strict=True)]
    return [PeerFile(path, facts) for path, facts in zip(files, stated, strict=True)]


def _spread(
    what: str, values: Sequence[str], files: Sequence[Path], parse: Callable[[str], Value]
) -> Sequence[Value | None]:
    if (len(values) > 1 and len(values) != len(files)) or (values and not files):
        raise InputError(f"expected --peer-{what} once, or once for each --peer ({len(files)}), got {len(values)}")
    try:
        parsed = [parse(value) for value in values]
    except ValueError as error:
        raise InputError(f"--peer-{what}: {error}") from error
    return parsed if len(parsed) == len(files) else [*parsed, None][:1] * len(files)
