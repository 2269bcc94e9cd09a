"""The subjects of `pytest benchmarks`: full models, their exported files, the shipped files and peers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.files.keras_model import keras_subject
from benchmarks.peers.peers import PEERS, fetch
from fer_edge.benchmark.peer_file import PeerFile, state_peers
from fer_edge.benchmark.subjects import Subject, load_subjects
from fer_edge.cards.stated_facts import StatedFacts, parse_labels, parse_range
from fer_edge.dataset.loading import SYNTHETIC
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.models import shipped_models
from fer_edge.terminal.native_logs import native_stderr_muffled
from fer_edge.training.run_folder import RUNS, RunFolder

DOCUMENTED = "documented"
"""Architecture that the others are compared with."""

_BRIEF = ("--epochs", "8", "--batch-size", "64", "--learning-rate", "0.0005")
"""Options that learn the synthetic faces in about a minute."""

_FACT_NAMES = ("--peer-labels", "--peer-range", "--peer-logits")

OnNote = Callable[[str], None]


def find_models(data_sha256: str) -> list[Path]:
    """Return the newest run on this data of the documented network and of each network that ships.

    If there is none of them, return the newest run of any network on the data.
    """
    models = sorted(RUNS.glob("*/model.keras"), key=lambda path: path.stat().st_mtime, reverse=True)
    newest: dict[str, Path] = {}
    for path in models:
        card = read_card(path)
        if card.training.get("data_sha256") == data_sha256:
            newest.setdefault(card.architecture, path)
    wanted = [newest[name] for name in (DOCUMENTED, *shipped_models()) if name in newest]
    return wanted or list(newest.values())[:1]


def train_briefly(folder: Path, on_note: OnNote) -> Path:
    """Train the documented network on synthetic faces; returns the model."""
    _fer_edge(on_note, "train", "--data", SYNTHETIC, *_BRIEF, "--output", str(folder))
    return folder / "model.keras"


def load_all(
    models: Sequence[Path], data_words: Sequence[str], peers: Sequence[PeerFile], on_note: OnNote
) -> list[Subject]:
    """Load full models, their files, the shipped ones and peers, each file in every interpreter that is installed.

    Args:
        models: Keras models; one without files in export/ beside it is exported first.
        data_words: Options that name the labelled faces for fer-edge export.
        peers: Other projects' files.
        on_note: Called with each command that is run and each interpreter that is left out.
    """
    for model in models:
        if not RunFolder(model.parent).exports():
            _fer_edge(on_note, "export", str(model), "--all", *data_words)
    files = [path for model in models for path in RunFolder(model.parent).exports()]
    notes: list[str] = []
    with native_stderr_muffled():
        subjects = [
            *map(keras_subject, models),
            *load_subjects([*files, *shipped_models().values()], peers, on_note=notes.append),
        ]
    for note in notes:
        on_note(note)
    return subjects


def find_peers(names: Sequence[str], labels: Sequence[str], ranges: Sequence[str]) -> list[PeerFile]:
    """Return peers by their names in `PEERS`, downloaded if need be, or by their files.

    Args:
        names: Names in `PEERS`, or paths of .tflite and .onnx files.
        labels: Names of the files' scores in order, with commas between: once for all files, or for each.
        ranges: Black and white in the files' inputs, such as 0..1: once for all files, or for each.

    Raises:
        FerEdgeError: If a peer cannot be downloaded.
        InputError: If labels or ranges cannot be read, or do not fit the number of files.
    """
    known = {peer.name: peer for peer in PEERS}
    cache = RUNS / "peers" / "cache"
    try:
        stated = [parse_labels(text) for text in labels], [parse_range(text) for text in ranges]
    except ValueError as error:
        raise InputError(f"labels or input range of a peer: {error}") from error
    return [
        *(
            PeerFile(fetch(known[name], cache), StatedFacts(known[name].labels, known[name].input_range))
            for name in names
            if name in known
        ),
        *state_peers([Path(name) for name in names if name not in known], *stated, fact_names=_FACT_NAMES),
    ]


def _fer_edge(on_note: OnNote, *arguments: str) -> None:
    on_note(f"fer-edge {' '.join(arguments)}")
    done = subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=False)
    if done.returncode:
        raise FerEdgeError(f"fer-edge {arguments[0]} ended with exit code {done.returncode}")
