from __future__ import annotations

import csv
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.dataset.leave_out import leave_out, read_list
from fer_edge.dataset.loading import load_dataset
from fer_edge.dataset.votes import CHOICES
from fer_edge.labels import EXPRESSIONS
from fer_edge.training.run_folder import RunFolder

if TYPE_CHECKING:
    from fer_edge.training.networks.keras_file import KerasClassifier

WRITTEN = {"suspects.csv", "contact-sheet.png", "duplicates.png", "leave-out.txt"}


@pytest.fixture
def noisy_folder(faces: Dataset, tmp_path: Path) -> Path:
    """Every second synthetic face; happy/swap.png is a sad one, and surprise/copy.png a copy of happy/120.png."""
    folder = tmp_path / "noisy"
    for name, split in faces.splits.items():
        for i in range(0, len(split), 2):
            write(folder / name.value / EXPRESSIONS[split.labels[i]] / f"{i}.png", split.images[i])
    sad, happy = EXPRESSIONS.index("sad"), EXPRESSIONS.index("happy")
    write(folder / "train/happy/swap.png", faces.train.images[np.flatnonzero(faces.train.labels == sad)[1]])
    row = np.flatnonzero(faces.train.labels == happy)[0]
    write(folder / "train/surprise/copy.png", faces.train.images[row])
    write(folder / "train/fear/black.png", np.zeros((48, 48), np.uint8))
    return folder


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image)


def test_audit_by_model_writes_list_for_leave_out(
    command_line: Callable[..., Any], noisy_folder: Path, tiny_run: RunFolder, tmp_path: Path
) -> None:
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", noisy_folder, "--folds", 0, "--model", tiny_run.model, "--output", output)
    ended = command_line(*arguments, "--worst", 9).require_success()
    assert {path.name for path in output.iterdir()} == WRITTEN
    assert all(word in ended.stdout for word in (*EXPRESSIONS, "in doubt", "share", "leave-out.txt"))
    with (output / "suspects.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert [int(row["rank"]) for row in rows.values()] == list(range(1, len(rows) + 1))
    copy, black = rows["train/surprise/copy.png"], rows["train/fear/black.png"]
    assert (copy["label"], copy["duplicate_group"]) == ("surprise", "1")
    assert "an exact copy has another label" in copy["reasons"]
    assert "constant image" in black["reasons"]
    assert (rows["train/happy/swap.png"]["label"], rows["train/happy/swap.png"]["judges"]) == ("happy", "1")

    names = read_list(output / "leave-out.txt")
    assert "train/fear/black.png" in names
    assert set(list(rows)[:9]) <= set(names) <= set(rows)
    dataset = load_dataset(str(noisy_folder))
    kept = leave_out(dataset, names).train.names
    assert set(dataset.train.names) - set(kept) == set(names)

    refused = command_line(*arguments)
    assert refused.exit_code == 2
    assert "leave-out.txt exists and may have been reviewed" in refused.stderr
    command_line(*arguments, "--overwrite").require_success()


@pytest.mark.slow
def test_audit_reuses_fold_networks(
    tiny_architecture: str, command_line: Callable[..., Any], noisy_folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", noisy_folder, "--output", output, "--arch", tiny_architecture)
    short = ("--folds", 2, "--epochs", 1, "--batch-size", 64, "--mixed-precision", "off")
    ended = command_line(*arguments, *short).require_success()
    assert "fold 1 of 2, epoch 1/" in ended.stderr
    assert "fold 2 of 2, epoch 1/" in ended.stderr
    assert "the judges agree with" in ended.stdout
    (output / "leave-out.txt").unlink()
    again = command_line(*arguments, *short, "--worst", 3).require_success()
    assert "epoch 1:" not in again.stderr
    (output / "leave-out.txt").unlink()
    refused = command_line(*arguments, *short, "--seed", 5)
    assert refused.exit_code == 2
    assert "was trained on other images or by another recipe" in refused.stderr


@pytest.mark.slow
def test_failed_overwrite_keeps_networks_and_list(
    tiny_architecture: str, command_line: Callable[..., Any], noisy_folder: Path, tmp_path: Path
) -> None:
    def results() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (tmp_path / "audit").rglob("*") if path.is_file()}

    arguments = ("data", "audit", "--output", tmp_path / "audit", "--arch", tiny_architecture, "--folds", 2)
    short = ("--epochs", 1, "--batch-size", 64, "--mixed-precision", "off")
    command_line(*arguments, *short, "--data", noisy_folder).require_success()
    before = results()
    assert command_line(*arguments, *short, "--overwrite", "--data", "nowhere.zip").exit_code == 2
    diverges = command_line(*arguments, *short, "--overwrite", "--data", noisy_folder, "--learning-rate", "1e30")
    assert diverges.exit_code == 1
    assert results() == before
    replaced = command_line(*arguments, *short, "--overwrite", "--data", noisy_folder, "--seed", 5).require_success()
    assert "fold 2 of 2, epoch 1/" in replaced.stderr
    assert results().keys() == before.keys()


@pytest.fixture
def votes_file(noisy_folder: Path, tmp_path: Path) -> Path:
    """Ten people agree with every label but happy/swap.png's, which they call sad; no one saw angry/0.png as a face."""
    lines = ["image," + ",".join(CHOICES)]
    for path in sorted((noisy_folder / "train").rglob("*.png")):
        answer = {"happy/swap.png": "sad", "angry/0.png": "no face"}.get(
            f"{path.parent.name}/{path.name}", path.parent.name
        )
        if path.name != "black.png":
            votes = ",".join(str(10 * (choice == answer)) for choice in CHOICES)
            lines.append(f"train/{path.parent.name}/{path.name},{votes}")
    file = tmp_path / "votes.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_audit_by_votes_needs_no_network(
    command_line: Callable[..., Any],
    child_line: Callable[..., Any],
    noisy_folder: Path,
    votes_file: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", noisy_folder, "--by-votes", "--votes", votes_file, "--output", output)
    ended = command_line(*arguments, "--worst", 2).require_success()
    sheets = {"labelled-happy-seen-sad.png", "labelled-angry-seen-no-face.png"}
    assert {path.name for path in output.iterdir()} == {*WRITTEN, *sheets}
    assert "by people's answer" in ended.stdout
    assert "2 sheets such as" in ended.stdout
    with (output / "suspects.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    swap = rows["train/happy/swap.png"]
    assert (swap["predicted"], swap["dissent"], swap["judges"], swap["sad"]) == ("sad", "10", "10", "10")
    assert swap["reasons"] == "people see another expression"
    assert rows["train/angry/0.png"]["reasons"] == "people see no face"
    assert rows["train/fear/black.png"]["predicted"] == ""
    names = read_list(output / "leave-out.txt")
    assert {"train/happy/swap.png", "train/angry/0.png", "train/fear/black.png"} <= set(names)
    assert "happy 0/10, seen sad 10/10" in (output / "leave-out.txt").read_text(encoding="utf-8")
    assert len(leave_out(load_dataset(str(noisy_folder)), names).train) == len(
        load_dataset(str(noisy_folder)).train
    ) - len(names)

    refused = command_line(*arguments)
    assert refused.exit_code == 2
    assert "leave-out.txt exists and may have been reviewed" in refused.stderr


def test_sheets_of_an_earlier_audit_are_removed(
    command_line: Callable[..., Any], noisy_folder: Path, votes_file: Path, tmp_path: Path
) -> None:
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", noisy_folder, "--by-votes", "--votes", votes_file, "--output", output)
    output.mkdir()
    (output / "labelled-fear-seen-happy.png").write_bytes(b"old")
    (output / "labelled-mine.png").write_bytes(b"my own")
    command_line(*arguments).require_success()
    assert not (output / "labelled-fear-seen-happy.png").exists()
    assert (output / "labelled-mine.png").exists()


def test_an_audit_by_votes_loads_no_tensorflow(
    child_environment: dict[str, str], noisy_folder: Path, votes_file: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from fer_edge.cli import _run; assert _run() == 0; "
        "print(sorted({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    arguments = ["--data", noisy_folder, "--by-votes", "--votes", votes_file, "--output", tmp_path / "audit"]
    command = [sys.executable, "-c", code, "data", "audit", *map(str, arguments)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


def test_audit_restores_official_split_of_mixed_fer2013(
    command_line: Callable[..., Any], mixed_fer2013: Path, tmp_path: Path
) -> None:
    arguments = ("data", "audit", "--data", mixed_fer2013, "--by-votes", "--output", tmp_path / "audit")
    mixed = command_line(*arguments).require_success()
    assert "7 of the 21 images in train are not from Training" in mixed.stderr
    official = command_line(*arguments, "--official-split", "--overwrite").require_success()
    assert "official split restored: 21 images of Training, 21 of PublicTest" in " ".join(official.stderr.split())
    assert "not from Training" not in official.stderr
    with (tmp_path / "audit" / "suspects.csv").open(newline="") as file:
        names = {row["name"].split("/")[-1] for row in csv.DictReader(file)}
    assert names
    assert all(name.startswith("train") for name in names)


def test_audit_shows_colour_faces_of_own_classes(
    command_line: Callable[..., Any], noisy_folder: Path, votes_file: Path, tmp_path: Path
) -> None:
    chosen = ("--merge", "bad=angry,disgust,fear,sad", "--classes", "bad,happy", "--input", "64x64x3")
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", noisy_folder, "--votes", votes_file, "--output", output)
    ended = command_line(*arguments, "--by-votes", *chosen).require_success()
    assert "bad happy none of these" in " ".join(ended.stdout.split())
    with (output / "suspects.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    swap = rows["train/happy/swap.png"]
    assert (swap["label"], swap["predicted"], swap["bad"], swap["another class"]) == ("happy", "bad", "10", "0")
    assert (output / "labelled-happy-seen-bad.png").exists()


def test_audit_by_a_model_needs_its_classes(
    command_line: Callable[..., Any], noisy_folder: Path, tiny_run: RunFolder, tmp_path: Path
) -> None:
    judged = ("--folds", 0, "--model", tiny_run.model, "--output", tmp_path / "audit")
    for split in ("train", "validation"):
        (noisy_folder / split / "surprise").rename(noisy_folder / split / "wink")
    refused = command_line("data", "audit", "--data", noisy_folder, *judged)
    assert (refused.exit_code, "has images of wink, which" in refused.stderr) == (2, True)
    refused = command_line("data", "audit", "--data", noisy_folder, "--drop", "wink", *judged)
    assert (refused.exit_code, "expected scores of angry, disgust" in refused.stderr) == (2, True)


@pytest.mark.parametrize("option", ["--distill", "--start-from"])
def test_folds_refuse_teacher_trained_on_same_images(
    command_line: Callable[..., Any],
    tiny_run: RunFolder,
    tiny_architecture: str,
    faces_folder: Path,
    tmp_path: Path,
    option: str,
) -> None:
    output = tmp_path / "audit"
    arguments = ("data", "audit", "--data", faces_folder, "--output", output, "--arch", tiny_architecture)
    command_line(*arguments, "--folds", 0, "--model", tiny_run.model).require_success()
    refused = command_line(*arguments, "--folds", 2, option, tiny_run.model, "--overwrite")
    assert refused.exit_code == 2
    assert "would hand on their wrong labels" in refused.stderr
    assert (output / "leave-out.txt").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "1"], "no judge: give --folds 2 or more"),
        (["--folds", "0"], "no judge: give --folds 2 or more"),
        (["--folds", "0", "--model", "none.keras"], "none.keras: no such model file"),
        (["--worst", "0"], "0 is not in the range"),
        (["--votes-weight", "1"], "--votes-weight: networks that judge labels learn from labels only"),
        (["--by-votes"], "expected people's votes on its training images, got none"),
        (["--by-votes", "--folds", "2", "--epochs", "3"], "no network: leave out --folds, --epochs, or --by-votes"),
        (["--by-votes", "--model", "none.keras"], "leave out --model"),
        (["--votes", "votes.csv"], "--votes is for audits by votes: add --by-votes"),
        (["--by-votes", "--votes", "votes.csv"], "votes.csv: no such file; expected a CSV file of people's votes"),
        (["--arch", "compact-xl"], "error: --arch: 'compact-xl' is not one of"),
    ],
)
def test_a_mistake_is_told(
    tiny_architecture: str, command_line: Callable[..., Any], tmp_path: Path, arguments: list[str], message: str
) -> None:
    ended = command_line("data", "audit", "--data", "synthetic", "--output", tmp_path / "audit", *arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr
    assert not (tmp_path / "audit").exists()


@pytest.mark.parametrize("option", [("--arch", "compact"), ("--pretrained", "imagenet"), ("--start-from", "compact")])
def test_without_tensorflow_the_extra_is_named(
    child_environment: dict[str, str], tmp_path: Path, option: tuple[str, str]
) -> None:
    code = "import sys; sys.modules['tensorflow'] = None; from fer_edge.cli import main; main()"
    command = [sys.executable, "-c", code, "data", "audit", "--data", "synthetic", "--output", str(tmp_path / "audit")]
    done = subprocess.run([*command, *option], env=child_environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.endswith("pip install '.[train]'\n")


def test_import_of_tensorflow_by_an_option_writes_no_line(child_line: Callable[..., Any]) -> None:
    done = child_line("data", "audit", "--data", "synthetic", "--pretrained", "imagenet")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "needs --arch" in done.stderr


def test_help_needs_no_tensorflow(child_environment: dict[str, str]) -> None:
    code = "import sys; sys.modules['tensorflow'] = None; from fer_edge.cli import main; main()"
    command = [sys.executable, "-c", code, "data", "audit", "--help"]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--arch NETWORK" in done.stdout


def test_judge_without_card_is_one_line(
    tiny_classifier: KerasClassifier, command_line: Callable[..., Any], tmp_path: Path
) -> None:
    tiny_classifier.model.save(tmp_path / "own.keras")
    arguments = ("--folds", "0", "--model", tmp_path / "own.keras", "--output", tmp_path / "audit")
    ended = command_line("data", "audit", "--data", "synthetic", *arguments)
    assert (ended.exit_code, len(ended.stderr.splitlines())) == (2, 1)
    assert "it has no model card" in ended.stderr


def test_help_shows_recipe_defaults_of_judges(tiny_architecture: str, command_line: Callable[..., Any]) -> None:
    text = " ".join(command_line("data", "audit", "--help").require_success().stdout.split())
    assert "[default: modern]" in text
    assert "or resnet-l. [default: compact-s]" in text
    assert "Maximum number of epochs. [default: 16;" in text


@pytest.mark.slow
def test_ctrl_c_exits_with_130_and_command_resumes(
    child_environment: dict[str, str], noisy_folder: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "fer_edge", "data", "audit", "--data", str(noisy_folder), "--folds", "2"]
    command += ["--epochs", "2", "--batch-size", "16", "--mixed-precision", "off", "--output", str(tmp_path / "audit")]
    with subprocess.Popen(command, env=child_environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines: list[str] = []
        for line in process.stderr:
            first = not any(earlier.startswith("fold 1 of 2, epoch 1") for earlier in lines)
            lines.append(line)
            if first and line.startswith("fold 1 of 2, epoch 1"):  # it may be repeated
                process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 130, "".join(lines)
    assert lines[-2:] == ["to resume: the same command\n", "stopped\n"]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    before, after = (
        [line.split(":")[0] for line in each if line.startswith("fold")] for each in (lines, done.stderr.splitlines())
    )
    assert [*dict.fromkeys(before), *after] == [
        f"fold {fold} of 2, epoch {epoch}/2" for fold in (1, 2) for epoch in (1, 2)
    ]
