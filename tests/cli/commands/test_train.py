from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.loading import load_dataset
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder

RUN_FILES = {
    "model.keras", "card.json", "history.csv", "curves.png", "confusion.png", "samples.png", "summary.txt",
    "settings.json", "checkpoints",
}  # fmt: skip


@pytest.fixture
def train_line(
    tiny_architecture: str, command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path
) -> Callable[..., Any]:
    """`fer-edge train` of the tiny network for two epochs into `tmp_path/run`."""

    def run(*arguments: object) -> Any:
        common = ("--data", faces_zip, "--arch", tiny_architecture, "--epochs", 2, "--output", tmp_path / "run")
        return command_line("train", *common, *arguments)

    return run


@pytest.mark.slow
def test_run_folder_has_all_files(train_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = train_line("--mixed-precision", "off").require_success()
    assert {path.name for path in (tmp_path / "run").iterdir()} == RUN_FILES
    assert "2 epochs, ended by the number of epochs" in ended.stdout
    assert ended.stderr.count("epoch 1/2:") == ended.stderr.count("epoch 2/2:") == 1
    assert "usable" in ended.stderr
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["training"]["data"] == "faces.zip"
    assert card["prior"] is None
    recipe = card["training"]["recipe"]
    assert (recipe["epochs"], recipe["batch_size"], recipe["learning_rate"]) == (2, 128, 1e-4)


@pytest.mark.slow
def test_a_run_on_votes_ends_with_peoples_answer_under_each_prior(
    train_line: Callable[..., Any], faces_zip: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(faces_zip) as archive:
        names = [name for name in archive.namelist() if name.endswith(".png")]
    votes = tmp_path / "votes.csv"
    # Of each face, seven people in ten give its label, and the others say neutral.
    counts = [[7 * (f"/{each}/" in name) + 3 * (each == "neutral") for each in EXPRESSIONS] for name in names]
    rows = [["image", *EXPRESSIONS], *([name, *map(str, row)] for name, row in zip(names, counts, strict=True))]
    votes.write_text("\n".join(map(",".join, rows)) + "\n")
    ended = train_line("--votes", votes, "--votes-weight", 1, "--class-balance", "full").require_success()
    assert "people's answer, prior photos^" in " ".join(ended.stdout.split())
    shown = [line.split()[0] for line in ended.stdout.splitlines() if line.split()]
    assert {"photos", "photos^0.5", "balanced"} <= set(shown)
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["training"]["votes"]["prior"]["neutral"] == pytest.approx(0.3 + 0.7 / 7)
    assert 1 / 7 < card["prior"]["neutral"] < card["training"]["votes"]["prior"]["neutral"]
    assert set(card["evaluation"]["people_by_prior"]["photos"]) == {"accuracy", "mean_recall"}


@pytest.mark.slow
def test_existing_run_is_not_overwritten(train_line: Callable[..., Any]) -> None:
    train_line().require_success()
    refused = train_line()
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith("error: ")
    assert "resume it, overwrite it, or choose another folder" in refused.stderr
    train_line("--overwrite").require_success()
    assert "2 epochs" in train_line("--resume").require_success().stdout


@pytest.mark.slow
def test_resume_refuses_other_images(train_line: Callable[..., Any], faces: Dataset, tmp_path: Path) -> None:
    train_line().require_success()
    other = write_folder(tmp_path / "other", faces, slice(None, None, 4))
    ended = train_line("--resume", "--data", other)
    assert ended.exit_code == 2
    assert "was trained on other images" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere.zip"], "nowhere.zip: no such file or folder"),
        (["--resume", "--output", "empty"], "nothing to resume"),
    ],
)
def test_a_mistake_is_one_line(train_line: Callable[..., Any], arguments: list[str], message: str) -> None:
    ended = train_line(*arguments)
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_value_out_of_bounds_names_option(train_line: Callable[..., Any]) -> None:
    ended = train_line("--learning-rate", "0")
    assert ended.exit_code == 2
    assert "--learning-rate" in ended.stderr
    assert "0.0 is not in the range x>0" in ended.stderr


def test_infinite_number_is_refused(train_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = train_line("--learning-rate", "inf")
    assert (ended.exit_code, ended.stderr) == (2, "error: learning_rate must be a finite number, got inf\n")
    assert not (tmp_path / "run").exists()


def test_divergence_is_one_line_and_leaves_no_model(train_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = train_line("--learning-rate", "1e30")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1].startswith("error: training diverged at epoch 1, step ")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {"settings.json"}
    assert "nothing to resume" in train_line("--resume").stderr


@pytest.mark.slow
def test_failed_overwrite_keeps_earlier_model(train_line: Callable[..., Any], tmp_path: Path) -> None:
    train_line().require_success()
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert train_line("--overwrite", "--data", "nowhere.zip").exit_code == 2
    assert {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()} == before
    assert train_line("--overwrite", "--learning-rate", "1e30").exit_code == 1
    after = {path: path.read_bytes() for path in (tmp_path / "run").rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    train_line("--resume").require_success()


@pytest.mark.slow
def test_killed_overwrite_can_be_resumed_or_replaced(train_line: Callable[..., Any], tmp_path: Path) -> None:
    train_line().require_success()
    run = RunFolder(tmp_path / "run")
    settings = run.settings.read_text()
    run.replacement._set_aside()  # as a process that is killed in the new run's first epoch leaves it
    run.settings.write_text("{}")
    (run.checkpoints / ".state-abcd1234").mkdir(parents=True)
    resumed = train_line("--resume").require_success()
    assert "restored the run that --overwrite" in resumed.stderr
    assert run.settings.read_text() == settings
    (run.checkpoints / ".state-abcd1234").mkdir()
    train_line("--overwrite").require_success()
    assert {path.name for path in run.path.iterdir()} == RUN_FILES
    assert not (run.checkpoints / ".state-abcd1234").exists()


@pytest.mark.slow
def test_too_few_images_for_temperature_print_note(train_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = train_line("--held-back", 0.1).require_success()
    reason = "fewer than 100 images would be held back to fit it on; all were trained on"
    assert f"note: the scores got no temperature: {reason}\n" in ended.stderr
    assert f"no temperature: {reason}\n" in (tmp_path / "run" / "summary.txt").read_text()
    facts = json.loads((tmp_path / "run" / "card.json").read_text())["training"]
    assert (facts["temperature"], facts["no_temperature"]) == (None, reason)


@pytest.mark.slow
def test_start_from_takes_network_of_model(
    train_line: Callable[..., Any], command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path
) -> None:
    train_line().require_success()
    first, again = tmp_path / "run" / "model.keras", tmp_path / "again"
    start = ("train", "--data", faces_zip, "--epochs", 1, "--start-from", first, "--output", again)
    refused = command_line(*start, "--arch", "compact")
    assert (refused.exit_code, again.exists()) == (2, False)
    assert "got --arch compact; leave it out" in refused.stderr
    command_line(*start).require_success()
    recipe = json.loads((again / "card.json").read_text())["training"]["recipe"]
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert recipe["arch"] == card["architecture"]
    assert recipe["start_from"]["name"] == card["name"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--arch", "efficientnet-lite0"], "--pretrained-weights needs --pretrained imagenet"),
        (["--arch", "mobilenet", "--pretrained", "imagenet"], "--pretrained-weights needs --arch efficientnet-lite0"),
        (
            ["--arch", "efficientnet-lite0", "--pretrained", "imagenet"],
            "expected a PyTorch checkpoint of named tensors",
        ),
    ],
    ids=["without --pretrained", "other network", "no checkpoint"],
)
def test_pretrained_weights_are_checked_before_any_data_is_read(
    command_line: Callable[..., Any], tmp_path: Path, options: list[str], message: str
) -> None:
    weights, run = tmp_path / "weights.pth", tmp_path / "run"
    weights.write_bytes(b"<!DOCTYPE html>")
    arguments = ("--data", "nowhere.zip", "--output", run, "--pretrained-weights", weights)
    ended = command_line("train", *arguments, *options)
    assert (ended.exit_code, run.exists()) == (2, False)
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_data_is_one_line(tiny_architecture: str, command_line: Callable[..., Any], tmp_path: Path) -> None:
    ended = command_line("train", "--output", tmp_path / "run")
    assert ended.exit_code == 2
    assert "the word synthetic" in ended.stderr
    assert not (tmp_path / "run").exists()


def test_strict_makes_a_fault_an_error(train_line: Callable[..., Any], faces_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "dirty"
    for path in faces_folder.rglob("*.png"):
        copy = folder / path.relative_to(faces_folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    (folder / "images" / "train" / "happy" / "zero.png").write_bytes(b"")
    ended = train_line("--strict", "--data", folder)
    assert ended.exit_code == 2
    assert "not an image (left out)" in ended.stderr
    assert "has faults: " in ended.stderr
    assert not (tmp_path / "run").exists()


def write_folder(folder: Path, faces: Dataset, rows: slice) -> Path:
    for name, split in faces.splits.items():
        for i in np.arange(len(split))[rows]:
            path = folder / name.value / EXPRESSIONS[split.labels[i]] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            assert cv2.imwrite(str(path), split.images[i])
    return folder


@pytest.mark.slow
def test_ctrl_c_leaves_complete_files_and_resume_continues(
    child_environment: dict[str, str], faces: Dataset, tmp_path: Path
) -> None:
    """The documented network, in a process of its own, interrupted in the middle of its second epoch."""
    data = write_folder(tmp_path / "data", faces, slice(None, None, 4))
    run = tmp_path / "runs" / "documented"
    command = [sys.executable, "-m", "fer_edge", "train"]
    arguments = ["--data", str(data), "--epochs", "3", "--batch-size", "4", "--mixed-precision", "off"]
    with subprocess.Popen(
        [*command, *arguments], cwd=tmp_path, env=child_environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        lines, interrupted = [], False
        for line in process.stderr:
            lines.append(line)
            if line.startswith("epoch 1/") and not interrupted:
                process.send_signal(signal.SIGINT)
                interrupted = True  # a second Ctrl-C would stop the saving too
        assert process.wait(timeout=120) == 130, "".join(lines)
    assert "Traceback" not in "".join(lines)
    assert f"to resume: fer-edge train --resume --output {run.relative_to(tmp_path)}" in lines[-2], "".join(lines)
    assert {path.name for path in run.iterdir()} == RUN_FILES
    assert epochs_of(run) in ([1], [1, 2])
    with zipfile.ZipFile(run / "model.keras") as archive:
        assert archive.testzip() is None
    done = subprocess.run([*command, "--resume"], cwd=tmp_path, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert epochs_of(run) == [1, 2, 3]


@pytest.mark.parametrize("option", ["--batch-size", "--seed"])
def test_resume_keeps_the_runs_own_settings(
    train_line: Callable[..., Any], faces: Dataset, tmp_path: Path, option: str
) -> None:
    RunFolder(tmp_path / "run").begin(Recipe(arch="tiny", epochs=2), faces)
    ended = train_line("--resume", option, "3")
    assert ended.exit_code == 2
    assert f"leave out {option}" in ended.stderr


def epochs_of(run: Path) -> list[int]:
    with (run / "history.csv").open(newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_leave_out_list_is_kept_for_resume(train_line: Callable[..., Any], faces_zip: Path, tmp_path: Path) -> None:
    train = load_dataset(str(faces_zip)).train
    path = tmp_path / "list.txt"
    path.write_text("\n".join(train.names[:3]))
    ended = train_line("--leave-out", path).require_success()
    assert f"3 of {len(train):,} training images left out" in ended.stderr
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["training"]["images"]["train"] == len(train) - 3
    again = train_line("--resume", "--leave-out", path)
    assert again.exit_code == 2
    assert "leave out --leave-out" in again.stderr
    path.unlink()
    assert f"3 of {len(train):,}" in train_line("--resume").require_success().stderr


def test_leave_out_refuses_validation_image(train_line: Callable[..., Any], faces_zip: Path, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(load_dataset(str(faces_zip)).validation.names[0])
    ended = train_line("--leave-out", path)
    assert ended.exit_code == 2
    assert "only training images can be left out" in ended.stderr
