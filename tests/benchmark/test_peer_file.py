"""Other projects' files: real ONNX models, run by onnxruntime, that tell what they were shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from fer_edge.benchmark.peer_file import PeerFile, state_peers
from fer_edge.cards.input_spec import InputSpec
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.cards.storage import ONNX_CARD_KEY
from fer_edge.errors import ModelError
from fer_edge.labels import EXPRESSIONS

MakePeer = Callable[..., Path]

NAMES = ("--peer-labels", "--peer-range", "--peer-logits")
RAW = StatedFacts(EXPRESSIONS, (0, 255), names=NAMES)
FACE = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)


@pytest.fixture
def make_peer(tmp_path: Path) -> MakePeer:
    """A function that writes a network of one dense layer, with softmax or without."""

    def make(shape: tuple[int, ...], weights: np.ndarray, *, softmax: bool = True) -> Path:
        nodes = [
            helper.make_node("Flatten", ["x"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
            *([helper.make_node("Softmax", ["logits"], ["y"])] if softmax else []),
        ]
        output = helper.make_tensor_value_info("y" if softmax else "logits", TensorProto.FLOAT, [1, weights.shape[1]])
        graph = helper.make_graph(
            nodes,
            "peer",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [output],
            [numpy_helper.from_array(weights.astype(np.float32), "weights")],
        )
        path = tmp_path / "peer.onnx"
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
        return path

    return make


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


@pytest.mark.parametrize("shape", [(1, 4, 6, 1), (1, 1, 4, 6), (1, 4, 6, 3), (1, 3, 4, 6)])
@pytest.mark.parametrize(("minimum", "maximum"), [(0.0, 255.0), (0.0, 1.0), (-1.0, 1.0)])
def test_peer_gets_its_layout_and_range(
    make_peer: MakePeer, shape: tuple[int, ...], minimum: float, maximum: float
) -> None:
    weights = np.random.default_rng(1).normal(0, 0.01, (np.prod(shape), 7))
    classifier = PeerFile(make_peer(shape, weights), StatedFacts(EXPRESSIONS, (minimum, maximum))).load(1)
    assert classifier.card.input.size_wh == (6, 4)
    scaled = minimum + FACE / 255 * (maximum - minimum)
    channels = {1: scaled, 3: np.stack([scaled] * 3, axis=0 if shape[1] == 3 else -1)}[3 if 3 in shape else 1]
    assert classifier.classify(FACE) == pytest.approx(softmax(channels.reshape(-1) @ weights), abs=1e-4)


def test_logits_become_probabilities(make_peer: MakePeer) -> None:
    weights = np.random.default_rng(1).normal(0, 0.01, (24, 7))
    path = make_peer((1, 4, 6, 1), weights, softmax=False)
    with pytest.raises(ModelError, match="if they are logits, state so"):
        PeerFile(path, RAW).load(1)
    assert PeerFile(path, replace(RAW, logits=True)).load(1).classify(FACE) == pytest.approx(
        softmax(FACE.reshape(-1) @ weights), abs=1e-4
    )


@pytest.mark.parametrize(
    ("shape", "classes", "message"),
    [
        ((1, 4, 6, 2), 7, "one or three channels, got the shape"),
        ((1, 24), 7, "one or three channels, got the shape"),
        ((1, 4, 6, 1), 8, "to 7 scores"),
    ],
)
def test_file_for_another_task_is_rejected(
    make_peer: MakePeer, shape: tuple[int, ...], classes: int, message: str
) -> None:
    path = make_peer(shape, np.zeros((np.prod(shape), classes)))
    with pytest.raises(ModelError, match=message):
        PeerFile(path, RAW).load(1)


@pytest.mark.parametrize("labels", [EXPRESSIONS[:6], (*EXPRESSIONS[:6], "anger"), (*EXPRESSIONS, "contempt")])
def test_other_labels_are_rejected(make_peer: MakePeer, labels: tuple[str, ...]) -> None:
    path = make_peer((1, 4, 6, 1), np.zeros((24, len(labels))))
    with pytest.raises(ModelError, match=r"expected scores of angry, disgust.*; its classes are "):
        PeerFile(path, replace(RAW, labels=labels)).load(1)


def test_peer_of_own_classes_is_loaded(make_peer: MakePeer) -> None:
    path = make_peer((1, 4, 6, 1), np.zeros((24, 2)))
    peer = PeerFile(path, replace(RAW, labels=("smile", "other")))
    assert peer.load(1, classes=("other", "smile")).classify(FACE).tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("facts", "asked"), [(StatedFacts(None, (0, 1)), "labels"), (StatedFacts(EXPRESSIONS), "range")]
)
def test_missing_facts_are_named(make_peer: MakePeer, facts: StatedFacts, asked: str) -> None:
    path = make_peer((1, 4, 6, 1), np.zeros((24, 7)))
    with pytest.raises(ModelError, match=f"peer.onnx: it has no model card.*--peer-{asked} "):
        PeerFile(path, replace(facts, names=NAMES)).load(1)


def test_peers_card_must_have_the_seven_expressions(make_peer: MakePeer) -> None:
    path = make_peer((1, 4, 6, 1), np.zeros((24, 7)))
    model = onnx.load(path)
    card = ModelCard("other", "other", labels=(*EXPRESSIONS[:6], "contempt"), input=InputSpec(6, 4))
    helper.set_model_props(model, {ONNX_CARD_KEY: card.to_json()})
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r"peer\.onnx: expected scores of angry.*; its classes are .*contempt"):
        PeerFile(path, StatedFacts(names=NAMES)).load(1)


def test_equal_black_and_white_are_rejected(make_peer: MakePeer) -> None:
    path = make_peer((1, 4, 6, 1), np.zeros((24, 7)))
    with pytest.raises(ModelError, match="expected a value of black below that of white, got 1 and 1"):
        PeerFile(path, StatedFacts(EXPRESSIONS, (1, 1))).load(1)


def test_fact_stated_once_holds_for_all_peers() -> None:
    names = tuple(reversed(EXPRESSIONS))
    files = [Path("a.tflite"), Path("b.onnx")]
    assert not state_peers([], [], [])
    plain = state_peers(files, [], [])
    assert [(peer.facts.labels, peer.facts.input_range) for peer in plain] == 2 * [(None, None)]
    given = state_peers(files, [names], [(0, 1), (-1, 1)], logits=True)
    assert [(peer.path, peer.facts.input_range) for peer in given] == [(files[0], (0, 1)), (files[1], (-1, 1))]
    assert all(peer.facts.labels == names and peer.facts.logits for peer in given)
