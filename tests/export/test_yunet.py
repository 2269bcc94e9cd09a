from __future__ import annotations

from pathlib import Path

import cv2
import keras
import numpy as np
import onnx
import pytest

from export.yunet import build_yunet
from fer_edge.errors import ModelError
from fer_edge.models import YUNET_FILE
from fer_edge.preprocess import resize
from fer_edge.runtime.faces.decoding import STRIDES
from fer_edge.runtime.sources.demo import DemoSource

HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


@pytest.mark.parametrize("size_wh", [(160, 128), (96, 64)])
def test_raw_outputs_equal_opencvs(size_wh: tuple[int, int]) -> None:
    picture = resize(DemoSource().draw(0), size_wh)
    network = cv2.dnn.readNet(str(YUNET_FILE))
    network.setInput(cv2.dnn.blobFromImage(picture))
    names = [f"{head}_{stride}" for stride in STRIDES for head in HEADS]
    expected = dict(zip(names, network.forward(names), strict=True))
    padded = np.pad(picture, ((1, 0), (1, 0), (0, 0)))[np.newaxis].astype(np.float32)
    levels = build_yunet(YUNET_FILE, size_wh).predict(padded, verbose=0)
    for stride, level in zip(STRIDES, levels, strict=True):
        assert level.shape == (1, size_wh[1] // stride, size_wh[0] // stride, 16)
        rows = level.reshape(-1, 16)
        rows[:, :2] = 1 / (1 + np.exp(-rows[:, :2]))
        parts = [expected[f"{head}_{stride}"].reshape(-1, width) for head, width in HEADS.items()]
        np.testing.assert_allclose(rows, np.concatenate(parts, axis=1), atol=1e-4)


def test_no_weight_is_left_out() -> None:
    initial = {tensor.name: tensor for tensor in onnx.load(YUNET_FILE).graph.initializer}
    weights = [name for node in onnx.load(YUNET_FILE).graph.node if node.op_type == "Conv" for name in node.input[1:]]
    expected = sum(int(np.prod(initial[name].dims)) for name in weights)
    network: keras.Model = build_yunet(YUNET_FILE, (32, 32))
    assert network.count_params() == expected


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    with pytest.raises(ModelError, match="expected YuNet"):
        build_yunet(tmp_path / "text.onnx", (32, 32))
    onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], [])), tmp_path / "empty.onnx")
    with pytest.raises(ModelError, match="53 convolutions, got 0"):
        build_yunet(tmp_path / "empty.onnx", (32, 32))
