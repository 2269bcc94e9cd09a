from __future__ import annotations

import gzip
import json
import sys
import zipfile
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

if not sys.platform.startswith("linux"):
    pytest.skip("the hunt needs Linux", allow_module_level=True)

from benchmarks.fuzz import materials, structured
from benchmarks.fuzz.__main__ import command
from benchmarks.fuzz.hunt import KINDS, plan
from benchmarks.fuzz.mutation import damage_folder, mutate
from fer_edge.cards.storage import read_zipped_card

_RUN_FIRST = ("logs", "analysis folders", "new options")
LIGHT = [kind for kind in KINDS if not KINDS[kind].modules and kind not in ("TFLite", "ONNX", *_RUN_FIRST)]
"""Kinds that run nothing to make their inputs."""


@pytest.mark.parametrize("kind", LIGHT)
def test_the_same_seed_gives_the_same_inputs(kind: str) -> None:
    pytest.importorskip("onnx")
    first = KINDS[kind].make(1, 5)
    assert 0 < len(first) <= 5
    assert first == KINDS[kind].make(1, 5)
    assert first != KINDS[kind].make(2, 5)


def test_no_value_names_a_folder_outside_the_inputs_own() -> None:
    for one in structured.options(3, 40):
        assert not any("/" in word and "//" not in word for word in one.arguments), one.arguments
        assert not any("\0" in word for word in one.arguments)


def test_the_plan_holds_every_kind_and_about_as_many_inputs_as_asked() -> None:
    batches = plan(1000, 0, tuple(KINDS))
    assert {kind for kind, _, _ in batches} == set(KINDS)
    assert sum(count for _, _, count in batches) == pytest.approx(1000, rel=0.02)
    assert len({seed for _, seed, _ in batches}) == len(batches)


def test_each_kind_comes_in_the_first_tenth_of_the_plan() -> None:
    batches = plan(5000, 0, tuple(KINDS))
    assert {kind for kind, _, _ in batches[: len(batches) // 10]} == set(KINDS)


def test_damaged_folder_has_one_other_file(tmp_path: Path) -> None:
    whole = {"a.json": b'{"a": [1, 2], "b": {"c": 3}}', "within/b.csv.gz": gzip.compress(b"1,2\n"), "c.png": b"content"}
    kinds: set[str] = set()
    for number in range(60):
        folder = tmp_path / str(number)
        for name, content in whole.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        damage_folder(folder, Random(number))
        files = {name: (folder / name).read_bytes() for name in whole if (folder / name).is_file()}
        others = whole.items() - files.items()
        assert len(others) <= 1
        kinds.update(name for name, _ in others)
    assert kinds == whole.keys()


def test_damage_changes_only_the_bytes_that_it_may() -> None:
    content = bytes(range(256)) * 4
    assert all(mutate(content, Random(i), 100).endswith(content[100:]) for i in range(50))
    assert sum(mutate(content, Random(i)) != content for i in range(50)) > 40


def test_undamaged_files_are_whole(tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(materials.tflite_file())
    assert read_zipped_card(path) is not None
    assert zipfile.ZipFile(BytesIO(materials.faces_zip())).testzip() is None


@pytest.mark.slow
def test_the_command_counts_inputs_and_writes_a_report(tmp_path: Path) -> None:
    arguments = ["--inputs", "3", "--kind", "model cards", "--workers", "1", "--output", str(tmp_path)]
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 0, done.output
    (kind,) = json.loads((tmp_path / "fuzz.json").read_text())["kinds"].values()
    assert sum(kind["exit_codes"].values()) == 3
