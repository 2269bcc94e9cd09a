"""Classifier and detector of `fer-edge run`, as a user chooses them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fer_edge.inference.model_choice import choice_in_words
from fer_edge.labels import EXPRESSIONS
from tests.cli.jsonl import read_jsonl


@pytest.mark.parametrize("engine", ["auto", "int8", "fp32", "opencv"])
def test_every_detector_engine_finds_the_demos_face(run_command: Any, engine: str) -> None:
    done = run_command("--camera", "demo", "--frames", "2", "--jsonl", "-", "--detector", engine)
    assert done.returncode == 0, done.stderr
    assert [len(result["faces"]) for result in read_jsonl(done.stdout)] == [1, 1]
    assert done.stderr.startswith("2 frames, ")


def test_unknown_detector_engine_is_refused(run_command: Any) -> None:
    done = run_command("--camera", "demo", "--detector", "haar")
    assert done.returncode == 2
    assert "'haar' is not one of" in done.stderr


def test_the_model_that_suits_the_processor_is_named(run_command: Any, tmp_path: Path) -> None:
    (tmp_path / "run.toml").write_text('model = "auto"\n')
    demo = ("--camera", "demo", "--frames", "1", "--jsonl", "-", "--config", str(tmp_path / "run.toml"))
    done = run_command(*demo, "--model", "auto")
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(f"note: the model auto is {choice_in_words()}\n")
    done = run_command(*demo, "--model", "compact-s")
    assert (done.returncode, "note:" in done.stderr) == (0, False)


def test_a_truncated_model(run_command: Any, model_file: Path, tmp_path: Path) -> None:
    content = model_file.read_bytes()
    (tmp_path / "cut.tflite").write_bytes(content[: len(content) // 2])
    done = run_command("--camera", "demo", "--model", "cut.tflite")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "truncated" in line
    stated = ("--labels", ",".join(EXPRESSIONS), "--input-range", "0..255")
    done = run_command("--camera", "demo", "--model", "cut.tflite", *stated)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot load it" in line


@pytest.mark.slow
def test_a_model_of_another_task(run_command: Any, made_models: Path) -> None:
    other_task = ("--model", f"{made_models}/other_task.tflite", "--labels", "a,b,c", "--input-range", "0..255")
    done = run_command("--camera", "demo", *other_task)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "it is for another task" in line


def test_a_model_without_a_card_takes_labels_and_input_range(run_command: Any, made_models: Path) -> None:
    names = ",".join("abcdefg")
    arguments = ("--camera", "demo", "--model", f"{made_models}/bare.tflite", "--frames", "1", "--jsonl", "-")
    refused = run_command(*arguments, "--labels", names)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    assert "--input-range 0..1, -1..1 or 0..255" in line
    done = run_command(*arguments, "--labels", names, "--input-range", "0..255")
    assert done.returncode == 0
    assert list(read_jsonl(done.stdout)[0]["faces"][0]["scores"]) == list("abcdefg")
