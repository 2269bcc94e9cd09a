from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peers import peers
from benchmarks.peers.peers import PEERS, Peer, fetch
from fer_edge.errors import FerEdgeError


def test_peer_with_other_labels_is_rejected() -> None:
    with pytest.raises(ValueError, match="expected the names"):
        replace(PEERS[0], labels=("anger", *PEERS[0].labels[1:]))


@pytest.fixture
def peer() -> Peer:
    return replace(PEERS[0], sha256=hashlib.sha256(b"weights").hexdigest())


def test_cached_file_is_not_downloaded_again(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    downloads: list[str] = []

    def download(wanted: Peer) -> bytes:
        downloads.append(wanted.name)
        return b"weights"

    monkeypatch.setattr(peers, "_download", download)
    assert fetch(peer, tmp_path).read_bytes() == b"weights"
    assert fetch(peer, tmp_path).read_bytes() == b"weights"
    assert downloads == ["fer"]


def test_file_with_another_digest_is_rejected_and_removed(
    peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "_download", lambda _: b"other weights")
    with pytest.raises(FerEdgeError, match=r"with SHA-256 [0-9a-f]{64}, got"):
        fetch(peer, tmp_path)
    assert not any(tmp_path.iterdir())
