"""`fer-edge data collect`, `data split` and `data check`, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.dataset.loading import load_dataset


@pytest.fixture
def collected(command_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five pictures of two classes each, of the demo's portrait."""
    monkeypatch.chdir(tmp_path)
    for label in ("Smile", "other"):
        arguments = ("--camera", "demo", "--class", label, "--person", "anna", "--count", 5, "--every", 0.05)
        command_line("data", "collect", *arguments).require_success()
    return tmp_path / "faces"


def test_collected_pictures_are_checked_divided_and_loaded(
    command_line: Callable[..., Any], collected: Path, tmp_path: Path
) -> None:
    assert len(list(collected.glob("Smile/anna_*.png"))) == 5
    assert (tmp_path / "faces-review" / "Smile.png").is_file()
    checked = json.loads(command_line("data", "check", collected, "--json").require_success().stdout)
    assert checked["classes"] == {"other": {"all": 5}, "smile": {"all": 5}}
    assert checked["framing"]["ratio"] == pytest.approx(1, abs=0.1)
    told = command_line("data", "check", collected).require_success().stdout
    assert "framing: like the network's" in told
    divided = command_line("data", "split", collected, "--output", "split", "--by", "copies", "--validation", "40%")
    divided.require_success()
    dataset = load_dataset("split")
    assert dataset.classes == ("other", "smile")
    assert len(dataset.train) + len(dataset.validation) == 10


@pytest.mark.parametrize("output", [".", "fa\x10\x1b[31mces"])
def test_folder_of_any_name_is_collected_into_and_shown_escaped(
    command_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    arguments = ("--camera", "demo", "--class", "smile", "--count", 1, "--every", 0, "--output", output)
    shown = command_line("data", "collect", *arguments).require_success().stdout
    assert "\x10" not in shown
    assert "\x1b" not in shown
    assert len(list(Path(output, "smile").glob("*.png"))) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["collect", "--camera", "demo", "--class", "a/b"], "--class: expected a name that a folder can have"),
        (["collect", "--camera", "demo", "--class", "train"], "which is a split's"),
        (["collect", "--camera", "demo", "--class", "a", "--person", "a b"], "letters, digits and hyphens"),
        (["split", "none", "--output", "split"], "expected a folder with a folder of pictures for each class"),
        (["split", ".", "--output", "x/split", "--people", "p.csv"], "--people is for --by person"),
        (["split", ".", "--output", "x/split", "--validation", "100%"], "expected less than 100%"),
        (["check", "none"], "expected a folder with a folder of pictures for each class"),
    ],
)
def test_mistakes_are_refused(
    command_line: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line("data", *arguments)
    assert ended.exit_code == 2
    assert message in " ".join(ended.stderr.split())
