from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from benchmarks.files import subjects
from benchmarks.files.subjects import find_models, find_peers
from benchmarks.peers.peers import PEERS, Peer
from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import add_card_to_keras
from fer_edge.errors import InputError


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(subjects, "RUNS", tmp_path)
    return tmp_path


def make_run(runs: Path, name: str, network: str, data: str, age: int) -> Path:
    path = runs / name / "model.keras"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w"):
        pass
    add_card_to_keras(path, ModelCard(name, network, training={"data_sha256": data}))
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def test_documented_network_comes_first_and_shipped_ones_next(runs: Path) -> None:
    assert not find_models("faces")
    make_run(runs, "other", "resnet", "faces", 0)
    assert find_models("faces") == [runs / "other/model.keras"], "the only one there is"
    shipped = make_run(runs, "small", "compact", "faces", 1)
    make_run(runs, "old", "documented", "faces", 3)
    documented = make_run(runs, "new", "documented", "faces", 2)
    make_run(runs, "newest", "documented", "other faces", 0)
    assert find_models("faces") == [documented, shipped]


def test_peers_are_names_or_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fetch(peer: Peer, cache: Path) -> Path:
        return cache / peer.file_name

    monkeypatch.setattr(subjects, "fetch", fetch)
    named, file = find_peers(["theirs.onnx", "fer"], [], ["0..1"])
    assert named.path.name == PEERS[0].file_name
    assert (named.facts.labels, named.facts.input_range) == (PEERS[0].labels, (-1, 1))
    assert (file.path, file.facts.labels, file.facts.input_range) == (Path("theirs.onnx"), None, (0, 1))
    with pytest.raises(InputError, match="input ranges once, or once for each of 0 peers"):
        find_peers(["fer"], [], ["0..1"])
