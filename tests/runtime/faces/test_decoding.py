from __future__ import annotations

import cv2
import numpy as np
import pytest

from fer_edge.models import PORTRAIT_FILE, YUNET_FILE
from fer_edge.preprocess import Image, resize
from fer_edge.runtime.faces.decoding import STRIDES, decode, least_logit, place_anchors, surest
from fer_edge.runtime.faces.engines import DetectorEngine, open_yunet
from fer_edge.scores import FloatArray

HEADS = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}


def raw_outputs(picture: Image) -> FloatArray:
    """Return what OpenCV's dnn module computes before any decoding, in the order of `decode`'s `values`."""
    network = cv2.dnn.readNet(str(YUNET_FILE))
    network.setInput(cv2.dnn.blobFromImage(picture))
    names = [f"{head}_{stride}" for stride in STRIDES for head in HEADS]
    outputs = dict(zip(names, network.forward(names), strict=True))
    levels = []
    for stride in STRIDES:
        parts = [np.float64(outputs[f"{head}_{stride}"]).reshape(-1, width) for head, width in HEADS.items()]
        shares = np.clip(np.concatenate(parts[:2], axis=1), 1e-9, 1 - 1e-7)
        levels.append(np.concatenate([np.log(shares / (1 - shares)), *parts[2:]], axis=1))
    return np.concatenate(levels).astype(np.float32)


@pytest.fixture(scope="module")
def crowd() -> Image:
    portrait = cv2.imread(str(PORTRAIT_FILE))
    assert portrait is not None
    tiles = [resize(np.ascontiguousarray(portrait[20:230, 100:310]), (side, side)) for side in (64, 32, 64)]
    picture = np.zeros((128, 160, 3), np.uint8)
    for number, tile in enumerate(tiles):
        picture[: len(tile), 64 * number : 64 * number + len(tile)] = tile[:, : 160 - 64 * number]
    picture[64:, 64:128] = tiles[0]
    return picture


@pytest.mark.parametrize("confidence", [0.3, 0.7])
def test_decoded_rows_equal_face_detector_yns(crowd: Image, confidence: float) -> None:
    expected = open_yunet(DetectorEngine.OPENCV, confidence).find(crowd)
    assert len(expected) >= 2
    rows = decode(raw_outputs(crowd), place_anchors((160, 128)), confidence)
    np.testing.assert_allclose(rows, expected, atol=0.02)


def test_anchors_are_in_the_outputs_order() -> None:
    anchors = place_anchors((64, 32))
    assert len(anchors) == 8 * 4 + 4 * 2 + 2 * 1
    np.testing.assert_array_equal(anchors[[0, 1, 8, 32, -1]], [[0, 0, 8], [1, 0, 8], [0, 1, 8], [0, 0, 16], [1, 0, 32]])


@pytest.mark.parametrize("confidence", [0.02, 0.3, 0.7, 0.99])
def test_no_face_has_a_logit_below_the_least(confidence: float) -> None:
    values = np.zeros((2, 16), np.float32)
    values[:, 0] = 30  # as sure as can be
    values[:, 1] = least_logit(confidence) + np.array([-0.01, 0.01])
    anchors = np.array([[0, 0, 8], [20, 0, 8]], np.float32)
    assert len(decode(values, anchors, confidence)) == 1


def test_no_candidate_gives_no_row() -> None:
    empty = decode(np.empty((0, 16), np.float32), np.empty((0, 3), np.float32), 0.7)
    assert empty.shape == (0, 15)


def test_the_surest_of_overlapping_boxes_is_kept() -> None:
    boxes = np.array([[0, 0, 10, 10], [1, 0, 10, 10], [30, 0, 10, 10], [31, 1, 10, 10]], np.float32)
    assert surest(boxes, np.array([0.7, 0.8, 0.95, 0.9], np.float32)) == [2, 1]
