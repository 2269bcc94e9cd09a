"""What is read of ONNX files without a library, against what onnx itself says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_edge.errors import ModelError
from fer_edge.runtime.onnx_file import OnnxFile, read_onnx_file

SHAPES: dict[str, list[str | int | None]] = {"x": ["batch", 3], "weights": [3, 2], "y": ["batch", 2]}


def test_the_exported_files(exported_paths: dict[str, Path]) -> None:
    for precision in ("fp32", "int8"):
        path = exported_paths[f"onnx {precision}"]
        file = read_onnx_file(path)
        assert list(file.inputs.values()) == [(None, 48, 48, 1)]
        assert list(file.outputs.values()) == [(None, 7)]
        assert file.metadata == {each.key: each.value for each in onnx.load(path).metadata_props}


def test_weights_among_the_inputs_are_none(tmp_path: Path) -> None:
    weights = numpy_helper.from_array(np.ones((3, 2), np.float32), "weights")
    edges = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in SHAPES.items()]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"])], "g", edges[:2], edges[2:], [weights]
    )
    onnx.save(helper.make_model(graph), tmp_path / "old.onnx")
    assert read_onnx_file(tmp_path / "old.onnx") == OnnxFile({"x": (None, 3)}, {"y": (None, 2)}, {})


@pytest.mark.parametrize("content", [b"", b"text\n", bytes(64), b"\xff" * 20, b"\x3a\x05abc", b"\x3a\x00\x3a\x00"])
def test_something_else_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.onnx: expected an ONNX model"):
        read_onnx_file(path)


def test_every_truncation_is_noticed(exported_paths: dict[str, Path], tmp_path: Path) -> None:
    content = exported_paths["onnx int8"].read_bytes()
    path = tmp_path / "a.onnx"
    for length in np.linspace(1, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            read_onnx_file(path)
