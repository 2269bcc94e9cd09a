from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from benchmarks.pi.processors.comparison import compare_files, compare_scores
from benchmarks.pi.processors.emulation import EMULATED, missing_emulator
from export.onnx import add_onnx_card
from fer_edge.dataset.data import Dataset
from fer_edge.inference.card_reader import read_card
from fer_edge.precision import Precision

HASWELL = EMULATED[0]


@pytest.mark.parametrize(
    ("precision", "there", "other_class", "fault"),
    [
        (Precision.INT8, [[0.6, 0.3, 0.1], [0.1, 0.455, 0.445]], 0, None),
        (Precision.INT8, [[0.5, 0.4, 0.1], [0.1, 0.455, 0.445]], 0, None),
        (Precision.INT8, [[0.6, 0.3, 0.1], [0.1, 0.445, 0.455]], 1, None),
        (Precision.FP32, [[0.6, 0.3, 0.1], [0.1, 0.445, 0.455]], 1, "another class on 1 of 2 faces"),
        (Precision.INT8, [[0.4, 0.5, 0.1], [0.1, 0.445, 0.455]], 2, "another class on 1 of 2 faces"),
        (Precision.INT8, [[0.6, 0.3, 0.1], [0.455, 0.445, 0.1]], 1, "another class on 1 of 2 faces"),
        (Precision.INT8, [[0.6, 0.3, 0.1], [np.nan, 0.5, 0.5]], 2, "scores that are not finite"),
    ],
)
def test_another_class_fails_unless_it_was_a_tie(
    precision: Precision, there: list[list[float]], other_class: int, fault: str | None
) -> None:
    here = np.array([[0.6, 0.3, 0.1], [0.1, 0.455, 0.445]], np.float32)
    found, _, _, reason = compare_scores(here, np.array(there, np.float32), precision)
    assert (found, reason) == (other_class, fault)


@pytest.mark.slow
@pytest.mark.skipif(missing_emulator() is not None, reason=str(missing_emulator()))
def test_int8_files_agree_without_vnni(exported_paths: dict[str, Path], faces: Dataset, tmp_path: Path) -> None:
    files = [exported_paths["tflite int8"], exported_paths["onnx int8"]]
    found = compare_files(files, faces.validation.images, [HASWELL])
    assert [(one.file, one.precision, one.faces) for one in found] == [(file, Precision.INT8, 112) for file in files]
    assert [(one.other_class, one.fault) for one in found] == [(0, None)] * 2


@pytest.mark.slow
@pytest.mark.skipif(missing_emulator() is not None, reason=str(missing_emulator()))
def test_file_with_weights_of_8_bits_is_found(exported_paths: dict[str, Path], faces: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "saturates.onnx"
    exact = exported_paths["onnx int8"]
    path.write_bytes(add_onnx_card(double_weights(exact.read_bytes()), read_card(exact)))
    (found,) = compare_files([path], faces.validation.images, [HASWELL])
    assert found.fault is not None
    assert "another class on" in found.fault


def double_weights(content: bytes) -> bytes:
    """Return the same network with kernels in steps of half the size, which takes the eighth bit."""
    model = onnx.load_from_string(content)
    tensors = {each.name: each for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in tensors:
            stored, scale = (tensors[name] for name in node.input[:2])
            values = numpy_helper.to_array(stored)
            largest = np.iinfo(values.dtype).max
            doubled = np.clip(2 * values.astype(np.int64), -largest, largest).astype(values.dtype)
            stored.CopyFrom(numpy_helper.from_array(doubled, stored.name))
            scale.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(scale) / 2, scale.name))
    return bytes(model.SerializeToString())
