"""Cards in ONNX files, compared with what the onnx package reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.errors import ModelError
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.onnx_card import append_card_to_onnx, read_onnx_card, read_onnx_metadata

onnx = pytest.importorskip("onnx", reason="a device lacks the package that makes ONNX files")


def test_metadata_of_exported_files(exported_paths: dict[str, Path]) -> None:
    for precision in ("fp32", "int8"):
        path = exported_paths[f"onnx {precision}"]
        assert read_onnx_metadata(path) == {each.key: each.value for each in onnx.load(path).metadata_props}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"text\n",
        bytes(64),
        b"\xff" * 20,
        b"\x3a\x05abc",
        b"\x3a\x00\x3a\x00",
        b"\xff" * 1_000_000,
        b"\x08\x01" * 200_000,
        b"\x3a\xff\xff\xff\x7f",
    ],
    ids=len,
)
def test_other_file_is_a_model_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=r"a\.onnx: expected an ONNX model"):
        read_onnx_metadata(path)


def test_every_truncation_is_noticed(exported_paths: dict[str, Path], tmp_path: Path) -> None:
    content = exported_paths["onnx int8"].read_bytes()
    path = tmp_path / "a.onnx"
    for length in np.linspace(1, len(content) - 1, 40).astype(int):
        path.write_bytes(content[:length])
        with pytest.raises(ModelError):
            read_card(path)  # an end between two fields leaves a model without a card


def small_model() -> bytes:
    """A classifier of 48x48 gray images in 1 KB."""
    edges = [onnx.helper.make_tensor_value_info(*each) for each in (("x", 1, [None, 48, 48, 1]), ("y", 1, [None, 7]))]
    weights = onnx.numpy_helper.from_array(np.ones((1, 7), np.float32), "weights")
    axes = onnx.numpy_helper.from_array(np.array([1, 2], np.int64), "axes")
    nodes = [
        onnx.helper.make_node("ReduceMean", ["x", "axes"], ["mean"], keepdims=0),
        onnx.helper.make_node("MatMul", ["mean", "weights"], ["logits"]),
        onnx.helper.make_node("Softmax", ["logits"], ["y"]),
    ]
    graph = onnx.helper.make_graph(nodes, "g", edges[:1], edges[1:], [weights, axes])
    return bytes(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)]).SerializeToString())


SIGNED = append_card_to_onnx(small_model(), ModelCard("small", "unknown"))


def test_card_and_digests_are_ordinary_metadata(tmp_path: Path) -> None:
    model = onnx.load_from_string(SIGNED)
    onnx.checker.check_model(model, full_check=True)
    assert [each.key for each in model.metadata_props] == ["fer_edge_card", "fer_edge_card_sha256"]
    assert model.SerializeToString() == SIGNED, "another tool that only loads and saves it leaves it verified"
    (tmp_path / "a.onnx").write_bytes(SIGNED)
    card = read_onnx_card(tmp_path / "a.onnx")
    assert card is not None
    assert (card.name, card.model_bytes, card.is_verified) == ("small", len(small_model()), True)


def test_flipped_bits_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    random = np.random.default_rng(0)
    for position in range(0, len(SIGNED), 7):
        flipped = bytearray(SIGNED)
        flipped[position] ^= 1 << random.integers(8)
        path.write_bytes(flipped)
        with pytest.raises(ModelError):
            read_card(path)  # one without a card is refused, too


@pytest.mark.parametrize("extra", [b"\x3a\x00", b"\x72\x00", SIGNED[-100:], b"\x00"])
def test_bytes_after_the_card_are_rejected(tmp_path: Path, extra: bytes) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(SIGNED + extra)
    with pytest.raises(ModelError, match=r"a\.onnx"):
        read_card(path)


def test_another_graph_with_the_same_card_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "a.onnx"
    path.write_bytes(small_model().replace(b"logits", b"digits") + SIGNED[len(small_model()) :])
    with pytest.raises(ModelError, match="not what its card was written for"):
        read_card(path)


def test_card_without_digests_is_read_as_unverified(tmp_path: Path) -> None:
    model = onnx.load_from_string(small_model())
    onnx.helper.set_model_props(model, {"fer_edge_card": ModelCard("old", "unknown").to_json()})
    onnx.save(model, tmp_path / "old.onnx")
    assert not read_card(tmp_path / "old.onnx").is_verified
