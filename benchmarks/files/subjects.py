"""What `pytest benchmarks` measures: full models, every file exported from them, the shipped files and peers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.files.keras_model import keras_subject
from benchmarks.peers.peers import PEERS, fetch
from fer_edge.benchmark.subjects import PeerFile, Subject, load_subjects
from fer_edge.cli.commands.benchmark_peers import read_peers
from fer_edge.cli.quiet import native_stderr_muffled
from fer_edge.dataset.loading import SYNTHETIC
from fer_edge.errors import FerEdgeError
from fer_edge.inference.card_reader import read_card
from fer_edge.models import shipped_models
from fer_edge.stated_facts import StatedFacts
from fer_edge.training.run_folder import RUNS, RunFolder

DOCUMENTED = "documented"
"""The network that others are set beside."""

_BRIEF = ("--epochs", "8", "--batch-size", "64", "--learning-rate", "0.0005")
"""Enough for the synthetic faces to be told apart, in a minute or so."""

Tell = Callable[[str], None]


def find_models(data_sha256: str) -> list[Path]:
    """The newest run of the documented network and of each that ships, of those that were trained on this data.

    If there is none of them, the newest run of any network on it.
    """
    models = sorted(RUNS.glob("*/model.keras"), key=lambda path: path.stat().st_mtime, reverse=True)
    newest: dict[str, Path] = {}
    for path in models:
        card = read_card(path)
        if card.training.get("data_sha256") == data_sha256:
            newest.setdefault(card.architecture, path)
    wanted = [newest[name] for name in (DOCUMENTED, *shipped_models()) if name in newest]
    return wanted or list(newest.values())[:1]


def train_for_a_moment(folder: Path, tell: Tell) -> Path:
    """Train the documented network on drawn faces, where there is no run to measure."""
    _fer_edge(tell, "train", "--data", SYNTHETIC, *_BRIEF, "--output", str(folder))
    return folder / "model.keras"


def load_all(models: Sequence[Path], data_words: Sequence[str], peers: Sequence[PeerFile], tell: Tell) -> list[Subject]:
    """Load full models, their files, the shipped ones and peers, each file in every interpreter that is installed.

    Args:
        models: Of each, the files in export/ beside it; it is exported first if there is none.
        data_words: Options of fer-edge export that name the labelled faces.
        peers: Other projects' files.
        tell: Told of commands that are run, and of interpreters that are left out.
    """
    for model in models:
        if not RunFolder(model.parent).exports():
            _fer_edge(tell, "export", str(model), "--all", *data_words)
    files = [path for model in models for path in RunFolder(model.parent).exports()]
    notes: list[str] = []
    with native_stderr_muffled():
        subjects = [
            *map(keras_subject, models),
            *load_subjects([*files, *shipped_models().values()], peers, on_note=notes.append),
        ]
    for note in notes:
        tell(note)
    return subjects


def find_peers(names: Sequence[str], labels: Sequence[str], ranges: Sequence[str]) -> list[PeerFile]:
    """Peers by their names in `PEERS`, downloaded if need be, or by their files, which `labels` and `ranges` are of.

    Raises:
        FerEdgeError: If one cannot be downloaded or read.
    """
    known = {peer.name: peer for peer in PEERS}
    named = [known[name] for name in names if name in known]
    files = [Path(name) for name in names if name not in known]
    return [
        *(
            PeerFile(fetch(peer, RUNS / "peers" / "cache"), StatedFacts(peer.labels, peer.input_range))
            for peer in named
        ),
        *read_peers(files, labels, ranges),
    ]


def _fer_edge(tell: Tell, *arguments: str) -> None:
    tell(f"fer-edge {' '.join(arguments)}")
    done = subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=False)
    if done.returncode:
        raise FerEdgeError(f"fer-edge {arguments[0]} ended with exit code {done.returncode}")
