from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import ModelError
from fer_edge.inference.inspection import inspect_tflite
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import Precision


@pytest.mark.parametrize("content", [None, b"", b"\x1c\0\0\0TFL3", b"text\n"])
def test_other_file_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.tflite"):
        inspect_tflite(path)


def test_operators_are_counted(exported_paths: dict[str, Path]) -> None:
    graph = inspect_tflite(exported_paths["tflite fp32"])
    assert graph.operator_counts() == {
        "CONV_2D": 2,
        "MAX_POOL_2D": 2,
        "RESHAPE": 1,
        "FULLY_CONNECTED": 2,
        "SOFTMAX": 1,
    }


def test_graph_has_no_delegate(exported_paths: dict[str, Path], faces: Dataset) -> None:
    path = exported_paths["tflite int8"]
    open_interpreter(path).run(faces.validation.images[0])
    assert "DELEGATE" not in inspect_tflite(path).operators


def test_precision_is_read_from_the_tensors(exported_paths: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "model_int8.tflite"
    path.write_bytes(exported_paths["tflite dynamic"].read_bytes())
    assert inspect_tflite(path).precision is Precision.DYNAMIC
