from __future__ import annotations

import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.dataset.class_choice import ALL_CLASSES
from fer_edge.dataset.data import Dataset
from fer_edge.picture_form import FER2013_FORM
from fer_edge.training.recipe import RECIPES

pytestmark = [
    pytest.mark.filterwarnings("ignore:currentThread:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:getName:DeprecationWarning"),
]

FILES = {"search.json", "trials", "trials.csv", "tuning.png", "best.json"}

# A network that trains in no time, as the smallest of the real ones would take a minute of three processes.
WITH_SMALL_NETWORK = """
import keras
from fer_edge.training.networks.architectures import ARCHITECTURES
ARCHITECTURES["small"] = lambda layers=None, task=None: keras.Sequential([
    keras.Input((48, 48, 1)),
    keras.layers.Flatten(),
    keras.layers.Dense(7, activation="softmax", dtype="float32"),
])
from fer_edge.cli import main
main()
"""


@pytest.fixture
def tune_line(
    tiny_architecture: str, command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path
) -> Callable[..., Any]:
    """`fer-edge tune` of the tiny network in two trials of an epoch into `tmp_path/search`."""

    def run(*arguments: object) -> Any:
        common = ("--arch", tiny_architecture, "--epochs", 1, "--trials", 2, "--output", tmp_path / "search")
        return command_line("tune", "--data", faces_zip, *common, *arguments)

    return run


@pytest.mark.slow
def test_search_prints_train_command(
    tune_line: Callable[..., Any], command_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = tune_line("--tuner", "random", "--flip", "--over", "mixup", "--over", "class_balance").require_success()
    assert {path.name for path in (tmp_path / "search").iterdir()} == FILES
    assert ended.stderr.count("trial 0: val_accuracy") == ended.stderr.count("trial 1: val_accuracy") == 1
    best = json.loads((tmp_path / "search" / "best.json").read_text())
    monkeypatch.chdir(tmp_path)
    command_line(*shlex.split(ended.stdout.splitlines()[-1])[1:], "--epochs", 1).require_success()
    trained = json.loads((tmp_path / "runs" / "tiny-tuned" / "settings.json").read_text())["recipe"]
    assert trained == best["recipe"]
    assert trained["flip"] is True


def test_train_command_has_votes_split_and_weights(faces: Dataset) -> None:
    from fer_edge.cli.commands.training_job import LabelledFaces
    from fer_edge.cli.commands.tune import _train_line

    none = LabelledFaces(None, None, False, None, ALL_CLASSES, FER2013_FORM, strict=False, yes=False)
    given = replace(none, votes_file=Path("my votes.csv"), official_split=True)
    data = given.words(faces.source)
    line = _train_line(replace(RECIPES["modern"], arch="efficientnet-lite0-imagenet"), data)
    assert f"--data {faces.source} --votes 'my votes.csv' --official-split" in line
    assert "--arch efficientnet-lite0 --pretrained imagenet" in line
    plain = _train_line(replace(RECIPES["modern"], arch="mobilenet"), none.words(faces.source))
    assert "--arch mobilenet" in plain
    absent = {"--votes", "--official-split", "--pretrained", "--classes", "--merge", "--drop", "--input"}
    assert not absent & set(shlex.split(plain))


@pytest.mark.slow
def test_own_classes_are_searched_and_in_train_command(
    tune_line: Callable[..., Any], command_line: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = ("--classes", "low,happy", "--merge", "low=sad,fear", "--merge", "x=angry,disgust", "--drop", "x")
    ended = tune_line("--tuner", "random", "--over", "mixup", *chosen).require_success()
    assert "fear, sad" in ended.stderr
    monkeypatch.chdir(tmp_path)
    command_line(*shlex.split(ended.stdout.splitlines()[-1])[1:], "--epochs", 1).require_success()
    settings = json.loads((tmp_path / "runs" / "tiny-tuned" / "settings.json").read_text())
    assert settings["classes"]["classes"] == ["low", "happy"]
    assert json.loads((tmp_path / "runs" / "tiny-tuned" / "card.json").read_text())["labels"] == ["low", "happy"]
    assert settings["data_sha256"] == json.loads((tmp_path / "search" / "search.json").read_text())["data_sha256"]


@pytest.mark.slow
def test_ctrl_c_keeps_trials_and_command_resumes(
    tune_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from fer_edge.cli.commands.tune import _SearchDisplay

    with monkeypatch.context() as patch:
        patch.setattr(_SearchDisplay, "on_trial", lambda *_: signal.raise_signal(signal.SIGINT))
        stopped = tune_line()
    assert stopped.exit_code == 130
    assert "to resume: the same command" in stopped.stderr
    assert "the best of 1 trials" in stopped.stdout
    assert "with another batch_size" in tune_line("--batch-size", 7).stderr
    ended = tune_line().require_success()
    assert "resuming after 1 trials" in ended.stderr
    assert "the best of 2 trials" in ended.stdout
    assert "trial" not in tune_line().require_success().stderr.replace("resuming after 2 trials", "")
    assert "trial 0: " in tune_line("--overwrite", "--batch-size", 7).require_success().stderr


@pytest.mark.slow
def test_failed_overwrite_keeps_search(tune_line: Callable[..., Any], tmp_path: Path) -> None:
    def results() -> dict[Path, bytes]:
        return {path: path.read_bytes() for path in (tmp_path / "search").rglob("*") if path.is_file()}

    tune_line().require_success()
    before = results()
    assert tune_line("--overwrite", "--data", "nowhere.zip").exit_code == 2
    assert results() == before
    failed = tune_line("--overwrite", "--learning-rate", "1e30")
    assert (failed.exit_code, "no trial succeeded" in failed.stderr) == (1, True)
    after = results()
    assert {path: after[path] for path in before} == before
    (tmp_path / "search" / "trials").rename(tmp_path / "search" / ".replaced")  # as a kill in the first trial leaves it
    again = tune_line().require_success()
    assert "restored the search that --overwrite" in again.stderr
    assert "resuming after 2 trials" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--over", "learning_rat"], "did you mean 'learning_rate'?"),
        (["--over", "mixup", "--mixup", "0.1"], "leave out the option that gives it a value"),
        (["--data", "nowhere.zip"], "nowhere.zip: no such file or folder"),
    ],
)
def test_a_mistake_is_told(tune_line: Callable[..., Any], arguments: list[str], message: str, tmp_path: Path) -> None:
    ended = tune_line(*arguments)
    assert ended.exit_code == 2
    assert message in ended.stderr
    assert not (tmp_path / "search").exists()


@pytest.mark.slow
def test_given_option_is_not_searched(tune_line: Callable[..., Any], tmp_path: Path) -> None:
    tune_line("--mixup", 0.1).require_success()
    searched = json.loads((tmp_path / "search" / "search.json").read_text())
    assert "mixup" not in searched["over"]
    assert searched["mixup"] == 0.1


def test_without_keras_tuner_the_extra_is_named(child_environment: dict[str, str]) -> None:
    code = "import sys; sys.modules['keras_tuner'] = None; from fer_edge.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "tune", "--help"], env=child_environment, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.endswith("pip install '.[train]'\n")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow
def test_a_chief_and_a_worker_share_a_search(
    child_environment: dict[str, str], faces_zip: Path, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    address = {"KERASTUNER_ORACLE_IP": "127.0.0.1", "KERASTUNER_ORACLE_PORT": port}
    arguments = f"tune --data {faces_zip} --arch small --epochs 1 --trials 3 --over ema --over mixup --output search"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WITH_SMALL_NETWORK, *arguments.split()],
            cwd=tmp_path,
            env=child_environment | address | {"KERASTUNER_TUNER_ID": name},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("chief", "worker")
    ]
    try:
        (chief_out, chief_err), (worker_out, worker_err) = [process.communicate(timeout=900) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], chief_err + worker_err
    assert "the best of 3 trials" in chief_out
    assert worker_out == ""
    for number in range(3):
        assert f"trial {number}: val_accuracy" in chief_err
        assert f"trial {number}: val_accuracy" in worker_err
    assert {path.name for path in (tmp_path / "search").iterdir()} == FILES
