from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fer_edge.analysis.manifest import NAME, Entry, Manifest
from fer_edge.analysis.source_files import Kind
from fer_edge.errors import InputError

NO_TEXT: tuple[Any, ...] = (float("nan"), [[]], 1)
NO_KEY: tuple[Any, ...] = ("", "..", "a/../../b", None, 1)
NO_COUNT: tuple[Any, ...] = (-1, 10**9, 1.5, "1", None)
NO_SECONDS: tuple[Any, ...] = (float("inf"), 1e308, -1.0, "")
NO_LABELS: tuple[Any, ...] = ([], "ab", [1], None)


@pytest.fixture
def facts(tmp_path: Path) -> dict[str, Any]:
    entry = Entry("film.mp4", "/films/film.mp4", Kind.VIDEO, 9, 1, key="0a1b", parts=1)
    model = {"name": "compact", "sha256": "00", "labels": ["no", "yes"]}
    Manifest(model, {"every_s": 0.0}, {entry.key: entry}).write(tmp_path)
    content: dict[str, Any] = json.loads((tmp_path / NAME).read_text())
    return content


def test_manifest_is_read_as_it_was_written(facts: dict[str, Any], tmp_path: Path) -> None:
    manifest = Manifest.read(tmp_path)
    assert manifest is not None
    manifest.write(tmp_path)
    assert json.loads((tmp_path / NAME).read_text()) == facts


@pytest.mark.parametrize(
    ("place", "name", "value"),
    [
        *(("files", "reason", value) for value in NO_TEXT),
        *(("files", "key", value) for value in NO_KEY),
        *(("files", "parts", value) for value in NO_COUNT),
        *(("files", "seconds", value) for value in NO_SECONDS),
        *(("files", "size", value) for value in (10**400, "1")),
        ("files", "file", "\ud800"),
        ("files", "kind", "tape"),
        *(("model", "labels", value) for value in NO_LABELS),
        *(("model", name, 1) for name in ("name", "sha256")),
        *(("settings", "every_s", value) for value in ({}, {"name": "compact"})),
        *((name, "", value) for name in ("files", "model", "settings") for value in NO_TEXT),
    ],
)
def test_other_value_is_refused(facts: dict[str, Any], tmp_path: Path, place: str, name: str, value: Any) -> None:
    if not name:
        facts[place] = value
    else:
        (facts["files"][0] if place == "files" else facts[place])[name] = value
    (tmp_path / NAME).write_text(json.dumps(facts))
    with pytest.raises(InputError, match=f"{NAME}: expected an analysis' manifest of format 1"):
        Manifest.read(tmp_path)


def test_deep_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[" * 100_000)
    with pytest.raises(InputError, match="manifest"):
        Manifest.read(tmp_path)
