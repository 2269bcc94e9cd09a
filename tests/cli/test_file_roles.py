"""No command writes what it reads, nor two outputs into one file; links and spellings do not hide it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.dataset.synthetic import synthetic_dataset
from fer_edge.errors import InputError
from fer_edge.files import sole_user
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder

CommandLine = Callable[..., Any]


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model_file: Path) -> Path:
    """The current folder, with a film, a photo, a folder of two pictures and a model in it."""
    monkeypatch.chdir(tmp_path)
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    for name in ("photo.jpg", "pictures/1.jpg"):
        Path(name).parent.mkdir(exist_ok=True)
        assert cv2.imwrite(name, picture)
    writer = cv2.VideoWriter("film.avi", cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 64))
    for _ in range(3):
        writer.write(picture)
    writer.release()
    Path("pictures/2.jpg").symlink_to(Path("../photo.jpg"))
    Path("soft.avi").symlink_to("film.avi")
    os.link("film.avi", "hard.avi")
    shutil.copy(model_file, "model.tflite")
    Path("run.toml").write_text('camera = "film.avi"\n')
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--camera", "film.avi", "--output", "film.avi"), ("--output film.avi", "--camera")),
        (("--camera", "film.avi", "--output", "hard.avi"), ("--output hard.avi", "--camera")),
        (("--camera", "soft.avi", "--output", "film.avi"), ("--output film.avi", "--camera")),
        (("--camera", "film.avi", "--output", "pictures/../film.avi"), ("--output", "--camera")),
        (("--camera", "film.avi", "--csv", "film.avi"), ("--csv film.avi", "--camera")),
        (("--camera", "photo.jpg", "--jsonl", "photo.jpg"), ("--jsonl photo.jpg", "--camera")),
        (("--camera", "pictures", "--jsonl", "pictures/1.jpg"), ("--jsonl pictures/1.jpg", "--camera pictures")),
        (("--camera", "pictures", "--jsonl", "photo.jpg"), ("--jsonl photo.jpg", "--camera pictures")),
        (("--camera", "pictures", "--csv", "pictures/new.png"), ("--csv pictures/new.png", "--camera pictures")),
        (("--camera", "demo", "--jsonl", "model.tflite"), ("--jsonl model.tflite", "--model")),
        (("--config", "run.toml", "--jsonl", "run.toml"), ("--jsonl run.toml", "--config")),
        (("--config", "run.toml", "--output", "film.avi"), ("--output film.avi", "--camera")),
        (("--camera", "demo", "--jsonl", "new", "--csv", "./new"), ("--jsonl new", "--csv new", "one file")),
        (("--camera", "demo", "--output", "a.avi", "--csv", "a.avi"), ("--output a.avi", "--csv a.avi")),
        (
            ("--camera", "demo", "--jsonl", "log", "--csv", "log.2", "--rotate-size", "1MB"),
            ("--jsonl log.2", "--csv log.2"),
        ),
    ],
)
def test_run_refuses_to_write_what_it_reads(
    in_folder: Path, command_line: CommandLine, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    before = contents(in_folder)
    ended = command_line("run", "--model", "model.tflite", "--frames", "2", *arguments)
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert all(word in ended.stderr for word in words)
    assert contents(in_folder) == before


@pytest.mark.parametrize("name", ["photo.jpg", "film.avi", "model.tflite"])
@pytest.mark.parametrize("options", [(), ("--rotate-size", "1MB")])
def test_run_refuses_picture_video_or_model_as_log(
    in_folder: Path, command_line: CommandLine, name: str, options: tuple[str, ...]
) -> None:
    before = contents(in_folder)
    ended = command_line("run", "--camera", "demo", "--frames", "2", "--jsonl", name, *options)
    assert ended.exit_code == 2
    assert f"{name}: expected a text file" in ended.stderr
    assert contents(in_folder) == before


def test_log_beside_pictures_can_be_rewritten(in_folder: Path, command_line: CommandLine) -> None:
    for _ in range(2):
        command_line("run", "--camera", "pictures", "--jsonl", "pictures/log.jsonl", "--quiet").require_success()
    assert len(Path("pictures/log.jsonl").read_text().splitlines()) == 2


def test_null_device_can_be_output_twice(in_folder: Path, command_line: CommandLine) -> None:
    outputs = ("--jsonl", os.devnull, "--csv", os.devnull)
    command_line("run", "--camera", "demo", "--frames", "1", "--quiet", *outputs).require_success()


@pytest.mark.usefixtures("tiny_architecture")  # before the commands list the networks there are
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("evaluate", "model.tflite", "--data", "synthetic", "--plot", "model.tflite"), ("--plot", "ends in .png")),
        (("evaluate", "model.tflite", "--data", "pictures", "--plot", "pictures/1.png"), ("--plot", "--data pictures")),
        (("evaluate", "model.tflite", "--data", "."), ("--plot model_confusion.png", "--data .")),
        (("samples", "--data", "photo.jpg", "--output", "photo.jpg"), ("--output", "ends in .png")),
        (("samples", "--data", "pictures", "--output", "pictures/new.png"), ("--output", "--data pictures")),
        (("train", "--data", "pictures", "--output", "pictures/run"), ("--output", "--data pictures")),
        (("train", "--data", ".", "--epochs", "1"), ("--output", "--data .")),
        (("tune", "--data", "pictures", "--output", "pictures/search"), ("--output", "--data pictures")),
        (("data", "audit", "--data", "pictures", "--output", "pictures/audit"), ("--output", "--data pictures")),
        (
            ("data", "audit", "--data", "synthetic", "--model", "a/folds/0/model.keras", "--output", "a"),
            ("--output a/folds", "--model a/folds/0/model.keras"),
        ),
        (
            ("train", "--data", "x/checkpoints/faces.zip", "--output", "x", "--overwrite"),
            ("--output x/checkpoints", "--data x/checkpoints/faces.zip"),
        ),
        (
            ("train", "--data", "synthetic", "--leave-out", "y/leave-out.txt", "--output", "y", "--overwrite"),
            ("--output y/leave-out.txt", "--leave-out"),
        ),
        (
            ("benchmark", "model.tflite", "--quick", "--compare", "r/report.json", "--output", "r"),
            ("--output r/report.json", "--compare"),
        ),
    ],
)
def test_other_commands_refuse_to_write_what_they_read(
    in_folder: Path, command_line: CommandLine, arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    for name in ("r/report.json", "a/folds/0/model.keras", "x/checkpoints/faces.zip", "y/leave-out.txt"):
        Path(name).parent.mkdir(parents=True)
        Path(name).write_text("train/happy/1.jpg\n")
    before = contents(in_folder)
    ended = command_line(*arguments)
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1), ended.stderr
    assert all(word in ended.stderr for word in words), ended.stderr
    assert contents(in_folder) == before


@pytest.mark.usefixtures("tiny_architecture")
@pytest.mark.parametrize("command", [("train",), ("tune",), ("data", "audit"), ("train", "--resume")], ids=" ".join)
def test_run_folder_in_use_is_refused(tmp_path: Path, command_line: CommandLine, command: tuple[str, ...]) -> None:
    folder = tmp_path / "run"
    with sole_user(folder):
        if "--resume" in command:
            RunFolder(folder).begin(Recipe(), synthetic_dataset(seed=0, train_per_class=1, validation_per_class=1))
        before = contents(folder)
        ended = command_line(*command, "--data", "synthetic", "--output", folder)
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert f"{folder}: another process writes to it" in ended.stderr
        assert contents(folder) == before


def test_export_and_train_refuse_to_replace_their_model(
    tiny_run: Any, tmp_path: Path, command_line: CommandLine
) -> None:
    model = tmp_path / "run" / "model.keras"
    model.parent.mkdir()
    shutil.copy(tiny_run.model, model)
    data = tmp_path / "out" / "tiny_int8_layers.csv"
    data.parent.mkdir()
    data.write_text("emotion,pixels,Usage\n")
    ended = command_line("export", model, "--data", data, "--output", data.parent)
    assert (ended.exit_code, data.read_text()) == (2, "emotion,pixels,Usage\n")
    assert f"--output {data} is what --data reads" in ended.stderr
    options = ("--data", "synthetic", "--output", model.parent, "--overwrite")
    ended = command_line("train", *options, "--distill", model)
    assert (ended.exit_code, model.read_bytes()) == (2, tiny_run.model.read_bytes())
    assert f"--output {model} is what --distill reads" in ended.stderr


def test_tilde_of_unknown_user_is_literal(in_folder: Path) -> None:
    name = "~no such user.jpg"
    shutil.copy("photo.jpg", name)
    require_apart(roles("--camera", name), roles("--csv", "new.csv"))
    with pytest.raises(InputError, match=r"--csv .* is what --camera reads"):
        require_apart(roles("--camera", name), roles("--csv", in_folder / name))


def test_missing_files_are_compared_by_resolved_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "missing", target_is_directory=True)
    with pytest.raises(InputError, match="are one file"):
        require_apart([], [*roles("--a", tmp_path / "link" / "x"), *roles("--b", tmp_path / "missing" / "x")])


def test_cleared_folder_must_not_contain_inputs(tmp_path: Path) -> None:
    source = roles("--data", tmp_path / "run" / "faces.zip")
    require_apart(source, [folder_role("--output", tmp_path / "run2")])
    with pytest.raises(InputError, match="would be cleared"):
        require_apart(source, [folder_role("--output", tmp_path / "run")])


@pytest.mark.parametrize("option", ["--jsonl", "--csv", "--output"])
def test_path_through_missing_folder_is_resolved(in_folder: Path, command_line: CommandLine, option: str) -> None:
    film = in_folder / "film.mp4"
    film.write_bytes(b"a film")
    ended = command_line("run", "--camera", film, option, "new/../film.mp4")
    assert (ended.exit_code, film.read_bytes()) == (2, b"a film")
    assert "would be lost" in ended.stderr
    assert not (in_folder / "new").exists()
