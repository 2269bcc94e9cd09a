"""Comparison of the classes that model files pick on an emulated processor and on this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.pi.processes import Processes
from benchmarks.pi.processors.emulation import EMULATED, Faces, Processor, Scores, run_models
from fer_edge.errors import FerEdgeError
from fer_edge.inference.card_reader import read_card
from fer_edge.precision import Precision

_FORMATS = (".tflite", ".onnx")


@dataclass(frozen=True)
class Comparison:
    """One file on one emulated processor, compared with this machine.

    Attributes:
        file: The model file.
        precision: Precision in its card.
        processor: The emulated processor.
        faces: Number of faces.
        other_class: Number of faces with another best class there.
        margin: Largest distance here between the best score and the score of the class that was picked there, 0..1.
        gap: Largest difference of any score, 0..1.
        fault: Reason why it failed; `None` if it passed.
    """

    file: Path
    precision: Precision
    processor: Processor
    faces: int
    other_class: int = 0
    margin: float = 0.0
    gap: float = 0.0
    fault: str | None = None


def tie_margin(precision: Precision) -> float:
    """Return the largest distance between two scores that counts as a tie, 0..1.

    Float sums are added in another order and differ in their last bits. Integer sums are exact, unless they saturate;
    what follows them, such as the softmax, can be a few steps of 1/256 off. Activations that are rounded as they come
    (dynamic) can go to the neighbouring step. Saturated sums move scores by tenths.
    """
    return {
        Precision.FP32: 0.001,
        Precision.FP16: 0.001,
        Precision.INT8: 0.02,
        Precision.INT16X8: 0.02,
    }.get(precision, 0.05)


def compare_files(
    files: Sequence[Path],
    faces: Faces,
    processors: Sequence[Processor] = EMULATED,
    on_done: Callable[[], None] = lambda: None,
) -> list[Comparison]:
    """Run every file here and on each processor, and compare the scores.

    Args:
        files: .tflite and .onnx files, each with a card.
        faces: uint8 (N, H, W), 0..255.
        processors: Processors to emulate.
        on_done: Called after each format on each processor.

    Returns:
        The comparisons, by processor, TFLite first.

    Raises:
        ModelError: If a file has no card.
        FerEdgeError: If the files cannot be run here.
    """
    precisions = {file: Precision(read_card(file).precision) for file in files}
    groups = [group for one in _FORMATS if (group := [file for file in files if file.suffix.lower() == one])]
    processes = Processes()

    def run(group: Sequence[Path], processor: Processor) -> list[Comparison]:
        try:
            there, failure = run_models(processes, group, faces, processor), "its interpreter refuses it there"
        except FerEdgeError as error:
            there, failure = {}, f"its interpreter cannot run there: {error}"
        on_done()
        return [_compare_file(file, precisions[file], processor, here, there, failure) for file in group]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            here = run_models(processes, files, faces, None)
            futures = [pool.submit(run, group, processor) for processor in processors for group in groups]
            return [comparison for future in futures for comparison in future.result()]
        except BaseException:
            processes.stop()
            raise


def compare_scores(
    here: npt.NDArray[np.float32], there: npt.NDArray[np.float32], precision: Precision
) -> tuple[int, float, float, str | None]:
    """Compare scores float32 (N, labels), and return a `Comparison`'s other_class, margin, gap and fault."""
    if not np.isfinite(there).all():
        return len(there), 1.0, 1.0, "scores that are not finite"
    picked = there.argmax(axis=1)
    margins = here.max(axis=1) - here[np.arange(len(here)), picked]
    differs = picked != here.argmax(axis=1)
    wrong = int((margins > tie_margin(precision)).sum())
    fault = f"another class on {wrong} of {len(here)} faces" if wrong else None
    return int(differs.sum()), float(margins.max()), float(np.abs(here - there).max()), fault


def _compare_file(
    file: Path, precision: Precision, processor: Processor, here: Scores, there: Scores, failure: str
) -> Comparison:
    if file not in here:
        raise FerEdgeError(f"{file}: its interpreter here refuses it")
    if file not in there:
        return Comparison(file, precision, processor, len(here[file]), fault=failure)
    return Comparison(file, precision, processor, len(here[file]), *compare_scores(here[file], there[file], precision))
