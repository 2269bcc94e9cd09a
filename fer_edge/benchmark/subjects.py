"""What is measured: the project's files, other projects', and models that somebody else has loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fer_edge.labels import EXPRESSIONS
from fer_edge.runtime.classifier import ScoresFaces
from fer_edge.runtime.delegation import OWN_KERNELS, Delegation
from fer_edge.runtime.family import Family


class Role(str, Enum):
    """Whose a subject is: the model that the others came from, this project's file, or another project's."""

    FULL = "full"
    FILE = "file"
    PEER = "peer"


@dataclass(frozen=True, eq=False)
class Subject:
    """A model in an interpreter, loaded.

    Attributes:
        name: Unique among those that are measured together.
        path: Its file.
        role: Whose it is.
        classifier: Scores faces; its card tells the labels, the input's size and how faces are cut out for it.
        precision: Of its weights and activations, as read from the file.
        threads: Of the interpreter.
        delegation: What runs the graph.
        reopen: Loads it again with so many threads; `None` if that cannot be chosen for it alone.
        fresh_command: Measures it in a fresh process, as `fer_edge.benchmark.fresh` does; `None` if nothing can.
    """

    name: str
    path: Path
    role: Role
    classifier: ScoresFaces
    precision: str
    threads: int = 1
    delegation: Delegation = OWN_KERNELS
    reopen: Callable[[int], ScoresFaces] | None = None
    fresh_command: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PeerFile:
    """Another project's .tflite or .onnx file, which does not say itself how it is used.

    The size of its input is read from the tensor; an input of three channels gets the gray face in each.

    Attributes:
        path: The file.
        labels: Of its scores in order: this project's seven names, `EXPRESSIONS`, in any order.
        minimum: Value of black in its input.
        maximum: Value of white.
        logits: Whether its scores have not been through a softmax.
    """

    path: Path
    labels: tuple[str, ...] = EXPRESSIONS
    minimum: float = 0.0
    maximum: float = 255.0
    logits: bool = False

    def __post_init__(self) -> None:
        raise NotImplementedError


def load_subjects(
    files: Sequence[Path],
    peers: Sequence[PeerFile] = (),
    *,
    threads: int = 1,
    families: Sequence[Family] | None = None,
    on_note: Callable[[str], None] | None = None,
) -> list[Subject]:
    """Load files, each in every interpreter that runs it.

    An interpreter counts as running a file if it gives the scores of the file's preferred interpreter.

    Args:
        files: This project's, with cards; those of equal content are loaded once.
        peers: Other projects'.
        threads: Of each interpreter.
        families: Only these; `None` for all that are installed here.
        on_note: Told in a line of each installed interpreter that is left out for a file, and why.

    Raises:
        ModelError: If a file cannot be used, or none of the interpreters runs it.
        InputError: If a file of this project tells other expressions apart.
    """
    raise NotImplementedError
