from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from export.onnx import add_onnx_card, convert_to_onnx
from export.onnx_graph import onnx_operators, onnx_precision, onnx_shapes
from fer_edge.cards.model_card import ModelCard
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.interpreter import open_interpreter
from fer_edge.precision import Precision
from fer_edge.training.networks.keras_file import KerasClassifier

PRECISIONS = ("fp32", "int8")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_checker_passes_the_file(exported_paths: dict[str, Path], precision: str) -> None:
    onnx.checker.check_model(str(exported_paths[f"onnx {precision}"]), full_check=True)


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("batch", [1, 5])
def test_any_batch_size_runs(exported_paths: dict[str, Path], faces: Dataset, precision: str, batch: int) -> None:
    session = onnxruntime.InferenceSession(exported_paths[f"onnx {precision}"], providers=["CPUExecutionProvider"])
    (image,), (output,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.type, image.shape[1:]) == ("image", "tensor(float)", [48, 48, 1])
    assert isinstance(image.shape[0], str)
    assert output.name == "scores"
    inputs = faces.validation.inputs()[:batch]
    (scores,) = session.run(None, {"image": inputs})
    singly = np.concatenate([session.run(None, {"image": one[np.newaxis]})[0] for one in inputs])
    assert scores.shape == (batch, 7)
    assert scores == pytest.approx(singly, abs=1e-5)


def test_float_scores_agree_with_the_parent(
    exported_paths: dict[str, Path], tiny_classifier: KerasClassifier, faces: Dataset
) -> None:
    session = onnxruntime.InferenceSession(exported_paths["onnx fp32"], providers=["CPUExecutionProvider"])
    (scores,) = session.run(None, {"image": faces.validation.inputs()})
    assert scores == pytest.approx(tiny_classifier.classify_all(faces.validation.images), abs=1e-5)


def test_batchnorm_is_folded(exported_paths: dict[str, Path]) -> None:
    operators = onnx_operators(exported_paths["onnx fp32"].read_bytes())
    assert operators.count("Conv") == 2
    assert not {"BatchNormalization", "Mul", "Sub", "Div", "Shape"} & set(operators)


def test_int8_is_quantized_in_pairs(exported_paths: dict[str, Path]) -> None:
    content = exported_paths["onnx int8"].read_bytes()
    operators = set(onnx_operators(content))
    assert {"QuantizeLinear", "DequantizeLinear"} < operators
    assert not {"ConvInteger", "MatMulInteger", "QLinearConv", "DynamicQuantizeLinear"} & operators
    kernels = [one for one in onnx.load_from_string(content).graph.initializer if list(one.dims) == [32, 16, 5, 5]]
    assert [one.data_type for one in kernels] == [onnx.TensorProto.INT8]


def test_int8_weights_cannot_saturate_16_bits(exported_paths: dict[str, Path]) -> None:
    graph = onnx.load_from_string(exported_paths["onnx int8"].read_bytes()).graph
    kernels = [
        onnx.numpy_helper.to_array(one)
        for one in graph.initializer
        if one.data_type == onnx.TensorProto.INT8 and len(one.dims) > 1
    ]
    assert len(kernels) == 4
    for kernel in kernels:
        # Processors without VNNI add two products with an unsigned 8-bit activation in 16 bits.
        assert 2 * 255 * np.abs(kernel.astype(int)).max() <= np.iinfo(np.int16).max


@pytest.mark.parametrize("precision", PRECISIONS)
def test_precision_is_read_from_the_tensors(exported_paths: dict[str, Path], precision: str) -> None:
    assert onnx_precision(exported_paths[f"onnx {precision}"].read_bytes()).value == precision


def test_a_graph_that_is_quantized_in_part_is_mixed(exported_paths: dict[str, Path]) -> None:
    model = onnx.load_from_string(exported_paths["onnx int8"].read_bytes())
    convolution = next(node for node in model.graph.node if node.op_type == "Conv")
    convolution.input[1] = "a float kernel"
    assert onnx_precision(model.SerializeToString()) is Precision.MIXED


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_card_is_among_the_metadata(exported_paths: dict[str, Path], precision: str) -> None:
    card = read_card(exported_paths[f"onnx {precision}"])
    assert (card.name, card.precision) == ("tiny", precision)
    assert card.parity["passed"] is True


def test_card_is_replaced(exported_paths: dict[str, Path]) -> None:
    card = ModelCard("second", "tiny")
    content = add_onnx_card(exported_paths["onnx fp32"].read_bytes(), replace(card, name="third"))
    assert [one.key for one in onnx.load_from_string(content).metadata_props] == [
        "fer_edge_card",
        "fer_edge_card_sha256",
    ]


@pytest.mark.parametrize("precision", [Precision.FP16, Precision.DYNAMIC, Precision.INT16X8])
def test_onnx_rejects_unsupported_precision(tiny_classifier: KerasClassifier, precision: Precision) -> None:
    with pytest.raises(InputError, match=f"ONNX is written in fp32 and int8, not {precision.value}"):
        convert_to_onnx(tiny_classifier.model, precision)


def test_int8_without_calibration_images_is_rejected(tiny_classifier: KerasClassifier) -> None:
    with pytest.raises(InputError, match="expected calibration images for int8, got none"):
        convert_to_onnx(tiny_classifier.model, Precision.INT8)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_declared_shapes(exported_paths: dict[str, Path], precision: str) -> None:
    content = exported_paths[f"onnx {precision}"].read_bytes()
    assert onnx_shapes(content) == ([None, 48, 48, 1], [None, 7])


def test_weights_among_the_inputs_are_not_inputs(tmp_path: Path) -> None:
    helper = onnx.helper
    weights = onnx.numpy_helper.from_array(np.ones((3, 2), np.float32), "weights")
    shapes: dict[str, list[str | int | None]] = {"x": ["batch", 3], "weights": [3, 2], "y": ["batch", 2]}
    edges = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    product = helper.make_node("MatMul", ["x", "weights"], ["y"])
    graph = helper.make_graph([product], "g", edges[:2], edges[2:], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "old.onnx")
    interpreter = open_interpreter(tmp_path / "old.onnx")
    assert (interpreter.input_shape, interpreter.output_size) == ((1, 3), 2)
    assert onnx_shapes(model.SerializeToString()) == ([None, 3], [None, 2])
