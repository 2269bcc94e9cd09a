"""Manifest of an analysis, `analysis.json`: what was analyzed with what, and how far each file has come."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any, get_type_hints

from fer_edge.analysis.rows import require_sound
from fer_edge.analysis.source_files import Kind, SourceFile
from fer_edge.bounded_json import parse_json
from fer_edge.errors import InputError
from fer_edge.files import read_text_file, write_atomic
from fer_edge.names import printable

NAME = "analysis.json"
_FORMAT = 1
_KEY = re.compile("[0-9a-f]+")
_MOST_PARTS = 1_000_000
"""Parts of a file: nine years at 300 s each."""


class State(str, Enum):
    """States of a file."""

    WAITING = "waiting"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"


@dataclass(frozen=True)
class Entry:
    """One file.

    Attributes:
        file: Its name in the tables.
        path: Its absolute path.
        kind: Kind of file.
        size: Its size in bytes.
        modified_ns: Time of its last change, in nanoseconds since 1970.
        state: State of its analysis.
        reason: Reason why it is partial or failed.
        key: Name of the folder of its parts.
        parts: Number of its parts.
        frames: Number of frames read.
        seconds: Presentation time of the last one.
        faces: Number of its rows in the table of faces.
        tracks: Number of its rows in the table of tracks.
        video: Path of its annotated video, below the folder.
    """

    file: str
    path: str
    kind: Kind
    size: int
    modified_ns: int
    state: State = State.WAITING
    reason: str | None = None
    key: str = ""
    parts: int = 0
    frames: int = 0
    seconds: float = 0.0
    faces: int = 0
    tracks: int = 0
    video: str | None = None

    @staticmethod
    def of_source(source: SourceFile, key: str) -> Entry:
        """Return the entry of a file that was not analyzed yet."""
        return Entry(source.name, str(source.path), source.kind, source.size, source.modified_ns, key=key)

    @property
    def is_finished(self) -> bool:
        """True if it needs no work unless it changes."""
        return self.state in (State.DONE, State.PARTIAL)


@dataclass(frozen=True)
class Manifest:
    """Files of an analysis, its model and its settings.

    Attributes:
        model: Name and digest of the model and its labels.
        settings: Other settings that the results depend on.
        entries: The files by their keys, in the order of the tables.
        is_joined: True if the tables hold what the entries say.
    """

    model: Mapping[str, Any]
    settings: Mapping[str, Any]
    entries: dict[str, Entry] = field(default_factory=dict)
    is_joined: bool = False

    def write(self, directory: Path) -> None:
        """Write the manifest to a folder, whole or not at all."""
        files = [asdict(entry) for entry in self.entries.values()]
        facts = {"format": _FORMAT, "model": self.model, "settings": self.settings, "joined": self.is_joined}
        content = {**facts, "files": files}
        write_atomic(directory / NAME, json.dumps(content, indent=1) + "\n")

    @staticmethod
    def read(directory: Path) -> Manifest | None:
        """Read the manifest in a folder; `None` if there is none.

        Raises:
            InputError: If it is damaged or of another version.
        """
        path = directory / NAME
        if not path.exists():
            return None
        try:
            content = parse_json(read_text_file(path, "an analysis' manifest"))
            if content["format"] != _FORMAT:
                raise ValueError(f"its format is {content['format']}")
            entries = [_entry(each) for each in content["files"]]
            by_key = {entry.key: entry for entry in entries}
            _require_model(content["model"])
            _require_settings(content["settings"])
            return Manifest(content["model"], content["settings"], by_key, content["joined"] is True)
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise InputError(f"{path}: expected an analysis' manifest of format {_FORMAT} ({error})") from error

    def require_same(self, other: Manifest, directory: Path) -> None:
        """Check that another analysis has the same model and settings.

        Raises:
            InputError: If it does not; the message names the first difference.
        """
        ours, theirs = ({"model": each.model, **each.settings} for each in (self, other))
        for name, value in json.loads(json.dumps(ours)).items():
            if value != theirs.get(name):
                raise InputError(
                    f"{directory}: it holds an analysis with another {setting_name(name)} "
                    f"({_shown(theirs.get(name))}, now {_shown(value)}); choose another folder, or overwrite it"
                )


def setting_name(key: str) -> str:
    """Return a setting in words, with its unit."""
    name = key.removesuffix("_s")
    return name.replace("_", " ") + ("" if name == key else " in seconds")


def _entry(members: dict[str, Any]) -> Entry:
    entry = replace(Entry(**members), kind=Kind(members["kind"]), state=State(members["state"]))
    for name, known in get_type_hints(Entry).items():
        if not isinstance(getattr(entry, name), known):
            raise TypeError(f"{name}: got {getattr(entry, name)!r}")
    counts = (entry.parts, entry.frames, entry.faces, entry.tracks)
    require_sound((*counts, entry.size), (entry.seconds,))
    if min(*counts, entry.seconds) < 0 or entry.parts > _MOST_PARTS or not _KEY.fullmatch(entry.key):
        raise ValueError(f"{printable(entry.file)}: expected the facts of a file, got other ones")
    entry.file.encode()  # or no table could hold its name
    return entry


def _require_model(model: dict[str, Any]) -> None:
    labels = model["labels"]
    if not all(isinstance(model[name], (str, type(None))) for name in ("name", "sha256")):
        raise TypeError("model: expected a name and a digest")
    if not (isinstance(labels, list) and labels and all(isinstance(label, str) for label in labels)):
        raise TypeError("model: expected labels")


def _require_settings(settings: Any) -> None:
    if not isinstance(settings, dict) or any(isinstance(value, dict) for value in settings.values()):
        raise TypeError("settings: expected an object of values")


def _shown(value: Any) -> str:
    """Describe a setting's value, or a model by its name and the beginning of its digest."""
    if isinstance(value, dict):
        return f"{value['name']} {str(value['sha256'])[:8]}"
    return f"{value:g}" if isinstance(value, float) else str(value)
