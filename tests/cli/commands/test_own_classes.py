from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.cards.storage import read_zipped_card
from fer_edge.dataset.synthetic import draw_face
from fer_edge.training.run_folder import RunFolder

EXPRESSION_OF = {"Smile": "happy", "rest": "neutral"}
SKIN_BGR = np.array([0.7, 0.85, 1.0])


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Return a folder with forty colour pictures, 72x72, of each of two classes, without split folders."""
    root = tmp_path / "photos"
    for label, (folder, expression) in enumerate(EXPRESSION_OF.items()):
        (root / folder).mkdir(parents=True)
        for number in range(40):
            gray = draw_face(expression, np.random.default_rng((label, number)), 72)
            picture = np.clip(gray[..., np.newaxis] * SKIN_BGR, 0, 255).astype(np.uint8)
            assert cv2.imwrite(str(root / folder / f"{number}.png"), picture)
    return root


@pytest.mark.slow
def test_photos_become_a_device_file_that_names_its_classes(
    photos: Path, tmp_path: Path, command_line: Callable[..., Any]
) -> None:
    run = RunFolder(tmp_path / "mine")
    trained = command_line(
        "train", "--data", photos, "--input", "64x64x3", "--recipe", "fine-tune", "--start-from", "compact-s",
        "--epochs", 1, "--output", run.path,
    ).require_success()  # fmt: skip
    shown = " ".join(trained.stderr.split())
    assert "Smile smile 32 8" in shown
    assert "20% of each class drawn with seed 0" in shown
    exported = command_line("export", run.model, "--format", "tflite", "--keep-failed", "--skip-failed")
    (file,) = run.export_folder.glob("*.tflite")
    assert exported.exit_code in (0, 1)
    assert "classes of" not in exported.stderr
    card = read_zipped_card(file)
    assert card is not None
    assert (card.labels, card.input.size_wh, card.input.colour) == (("rest", "smile"), (64, 64), "rgb")
    lines = tmp_path / "faces.jsonl"
    command_line(
        "run", "--model", file, "--camera", "demo", "--frames", 2, "--threshold", 0, "--jsonl", lines
    ).require_success()
    face = json.loads(lines.read_text().splitlines()[0])["faces"][0]
    assert sorted(face["scores"]) == ["rest", "smile"]
    assert face["label"] in face["scores"]
    measured = command_line(
        "evaluate", file, "--data", photos, "--json", "--plot", tmp_path / "c.png"
    ).require_success()
    assert set(json.loads(measured.stdout)["per_class"]) == {"rest", "smile"}
    assert "int8 (1, 64, 64, 3)" in command_line("info", "--all", file).require_success().stdout


@pytest.mark.slow
def test_merged_classes_are_kept_on_resuming_and_measuring(
    faces_zip: Path, tmp_path: Path, tiny_architecture: str, command_line: Callable[..., Any]
) -> None:
    run = RunFolder(tmp_path / "run")
    merged = ("--merge", "negative=angry,disgust,fear,sad", "--drop", "surprise")
    common = ("--arch", tiny_architecture, "--output", run.path)
    command_line("train", "--data", faces_zip, *merged, "--epochs", 1, *common).require_success()
    assert json.loads((run.path / "card.json").read_text())["labels"] == ["happy", "negative", "neutral"]
    command_line("train", "--resume", "--output", run.path).require_success()
    refused = command_line("train", "--resume", "--output", run.path, *merged)
    assert (refused.exit_code, "--resume keeps the run's own classes" in refused.stderr) == (2, True)
    measured = command_line(
        "evaluate", run.model, "--data", faces_zip, "--json", "--plot", tmp_path / "c.png"
    ).require_success()
    assert set(json.loads(measured.stdout)["per_class"]) == {"happy", "negative", "neutral"}


@pytest.mark.slow
def test_raters_of_own_classes_are_learned_and_judged_by(
    photos: Path, tmp_path: Path, tiny_architecture: str, command_line: Callable[..., Any]
) -> None:
    votes = tmp_path / "votes.csv"
    rows = [f"{folder}/{i}.png,{4 - i % 2},{1 + i % 2}" for folder in EXPRESSION_OF for i in range(40)]
    votes.write_text("\n".join(["image,Smile,rest", *rows]) + "\n")
    run = RunFolder(tmp_path / "run")
    common = ("--data", photos, "--votes", votes)
    trained = command_line(
        "train", *common, "--votes-weight", 1, "--arch", tiny_architecture, "--epochs", 1, "--output", run.path
    ).require_success()
    assert "other than the classes" in " ".join(trained.stderr.split())
    card = json.loads((run.path / "card.json").read_text())
    assert card["training"]["votes"]["prior"] == pytest.approx({"rest": 0.3, "smile": 0.7}, abs=0.02)
    plot = ("--plot", tmp_path / "c.png")
    judged = command_line("evaluate", run.model, *common, *plot, "--json", "--prior", "rest=0.8").require_success()
    facts = json.loads(judged.stdout)
    assert facts["prior_shares"] == pytest.approx({"rest": 0.8, "smile": 0.2})
    assert facts["people"]["per_class"]["smile"]["support"] == facts["people"]["samples"] > 0
    assert set(facts["people_by_prior"]) > {"photos", "balanced"}
    wrong = command_line("evaluate", run.model, *common, *plot, "--prior", "happy=0.8")
    assert (wrong.exit_code, "of rest, smile, got 'happy=0.8'" in wrong.stderr) == (2, True)


@pytest.mark.slow
def test_option_that_needs_votes_says_so_without_any(
    photos: Path, tmp_path: Path, tiny_architecture: str, command_line: Callable[..., Any]
) -> None:
    run = RunFolder(tmp_path / "run")
    arguments = ("--data", photos, "--arch", tiny_architecture, "--epochs", 1, "--output", run.path)
    trained = command_line("train", *arguments, "--votes-weight", 1).require_success()
    assert "note: --votes-weight 1: no training image has votes, so labels alone are learned" in trained.stderr
    refused = command_line("evaluate", run.model, "--data", photos, "--prior", "balanced")
    assert (refused.exit_code, "card says which prior" in refused.stderr) == (2, True)
    refused = command_line("train", *arguments, "--official-split", "--overwrite")
    assert (refused.exit_code, "expected a copy of FER2013" in refused.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--classes", "happy,"), "expected names with commas between"),
        (("--merge", "bad"), "expected a new class and those that it joins"),
        (("--input", "64x32"), "expected a square of 16 to 512 pixels"),
        (("--drop", "contmept"), "has no class contmept; its classes are angry"),
        (("--classes", "happy,sad", "--drop", "sad"), "sad is both picked and dropped"),
        (("--recipe", "fine-tune"), "compact_int8.tflite: expected --arch compact, got --arch tiny"),
    ],
)
def test_wrong_choice_is_one_line(
    faces_zip: Path,
    tiny_architecture: str,
    command_line: Callable[..., Any],
    tmp_path: Path,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    ended = command_line(
        "train", "--data", faces_zip, "--arch", tiny_architecture, "--output", tmp_path / "run", *arguments
    )
    assert ended.exit_code == 2
    assert message in " ".join(ended.stderr.split())
