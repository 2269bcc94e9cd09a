from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.detector import Pictures, export_detector
from export.detector_parity import compare_faces
from fer_edge.cards.detector_card import append_detector_card
from fer_edge.inference.tflite import load_tflite
from fer_edge.models import YUNET_FILE
from fer_edge.precision import Precision
from fer_edge.preprocess import resize
from fer_edge.runtime.faces.engines import DetectorEngine, open_yunet
from fer_edge.runtime.faces.yunet import TFLiteYuNet
from fer_edge.runtime.sources.demo import DemoSource


@pytest.fixture(scope="module")
def pictures() -> Pictures:
    source = DemoSource()
    return Pictures(np.stack([resize(source.draw(number), (160, 128)) for number in range(0, 240, 40)]))


@pytest.mark.slow
@pytest.mark.parametrize("precision", [Precision.INT8, Precision.FP16])
def test_exported_files_find_the_float_networks_faces(tmp_path: Path, pictures: Pictures, precision: Precision) -> None:
    content, card = export_detector(YUNET_FILE, precision, pictures)
    path = tmp_path / "detector.tflite"
    path.write_bytes(append_detector_card(content, card))
    (details,) = load_tflite(path)[1].get_input_details()
    assert details["dtype"] is (np.int8 if precision is Precision.INT8 else np.float32)
    assert card.precision == precision.value
    yunet, reference = TFLiteYuNet(path, 0.6), open_yunet(DetectorEngine.OPENCV, 0.6)
    shown = [resize(DemoSource().draw(number), (160, 120)) for number in range(20, 240, 40)]
    parity = compare_faces(*([each.find(picture) for picture in shown] for each in (yunet, reference)))
    assert (parity.faces, parity.found, parity.extra) == (len(shown), 1, 0)
    assert parity.iou > (0.9 if precision is Precision.INT8 else 0.99)
    assert parity.landmark_distance < 0.03


def test_inputs_span_a_byte_and_have_the_padding() -> None:
    inputs = Pictures(np.full((2, 32, 64, 3), 90, np.uint8)).inputs()
    assert inputs.shape == (2, 33, 65, 3)
    assert (inputs.min(), inputs.max()) == (0, 255)
    assert not inputs[:, 0].any()
    assert not inputs[:, :, 0].any()
    np.testing.assert_array_equal(inputs[1, 1:, 1:], 90)
