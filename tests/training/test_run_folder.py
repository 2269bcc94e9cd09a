from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.dataset.data import Dataset
from fer_edge.errors import DataError, InputError
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RunFolder, newest_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "runs" / "one")


def test_settings_are_read_as_written(run: RunFolder, faces: Dataset) -> None:
    recipe = Recipe(epochs=3, learning_rate=0.1 + 0.2, bfloat16=True)
    run.begin(recipe, faces)
    assert run.resume() == (recipe, faces.source, faces.sha256())


def test_settings_of_a_later_version_are_read(run: RunFolder, faces: Dataset) -> None:
    run.begin(Recipe(), faces)
    facts = json.loads(run.settings.read_text())
    facts["recipe"]["of_a_later_version"] = 0.2
    run.settings.write_text(json.dumps(facts))
    assert run.resume()[0] == Recipe()


def test_data_is_found_from_other_working_folder(
    run: RunFolder, faces: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run.data() is None
    monkeypatch.chdir(tmp_path)
    (tmp_path / "faces.zip").touch()
    run.begin(Recipe(), replace(faces, source="faces.zip"))
    assert run.data() == str(tmp_path / "faces.zip")
    run.begin(Recipe(), replace(faces, source="synthetic"))
    assert run.data() == "synthetic"


def test_nothing_to_resume(run: RunFolder) -> None:
    with pytest.raises(DataError, match="nothing to resume"):
        run.resume()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"recipe": {"epochs": "many"}}', '{"recipe": 3}'])
def test_damaged_settings_are_a_data_error(run: RunFolder, text: str) -> None:
    run.path.mkdir(parents=True)
    run.settings.write_text(text)
    with pytest.raises(DataError, match="is damaged"):
        run.resume()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("arch", {}),
        ("arch", None),
        ("start_from", 3),
        ("flip", "yes"),
        ("epochs", 1.5),
        ("teachers", [1]),
        ("shift", []),
    ],
)
def test_recipe_of_other_types_is_a_data_error(run: RunFolder, faces: Dataset, name: str, value: Any) -> None:
    run.begin(Recipe(), faces)
    facts = json.loads(run.settings.read_text())
    facts["recipe"][name] = value
    run.settings.write_text(json.dumps(facts))
    with pytest.raises(DataError, match="is damaged"):
        run.resume()


def test_existing_run_is_not_overwritten(run: RunFolder, faces: Dataset) -> None:
    run.require_empty()
    run.begin(Recipe(), faces)
    run.require_empty()  # nothing has been trained that could be lost
    run.checkpoints.mkdir()
    (run.checkpoints / "state.npz").touch()
    with pytest.raises(InputError, match="already holds a run: resume it"):
        run.require_empty()


def contents(run: RunFolder) -> dict[str, str]:
    files = (path for path in run.path.rglob("*") if path.is_file())
    return {str(path.relative_to(run.path)): path.read_text() for path in files}


@pytest.fixture
def finished(run: RunFolder) -> RunFolder:
    """Return a run whose files each hold the word "old"."""
    run.checkpoints.mkdir(parents=True)
    for path in (*run.files, run.checkpoints / "state.npz", run.checkpoints / "best.weights.h5"):
        path.write_text("old")
    return run


def test_failed_replacement_restores_earlier_run(finished: RunFolder) -> None:
    before = contents(finished)

    def fail() -> None:
        with finished.replacement.replacing():
            assert finished.model.read_text() == "old"
            assert not finished.settings.exists()
            assert not finished.checkpoints.exists()
            finished.settings.write_text("new")
            (finished.checkpoints / "half").mkdir(parents=True)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert {name: text for name, text in contents(finished).items() if name in before} == before
    assert set(contents(finished)) - set(before) == {"checkpoints/settings.json", "checkpoints/leave-out.txt"}


def test_first_complete_epoch_removes_earlier_run(finished: RunFolder) -> None:
    with finished.replacement.replacing():
        finished.settings.write_text("new")
        finished.checkpoints.mkdir()
        (finished.checkpoints / "state.npz").write_text("new")
        finished.replacement.settle()
        assert contents(finished) == {"settings.json": "new", "checkpoints/state.npz": "new"}
        finished.model.write_text("new")
    assert finished.model.read_text() == "new"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
@pytest.mark.parametrize("is_begun", [True, False])
def test_run_whose_checkpoints_are_linked_elsewhere_is_replaced_or_restored(
    finished: RunFolder, tmp_path: Path, is_begun: bool
) -> None:
    elsewhere = tmp_path / "other disk"
    finished.checkpoints.rename(elsewhere)
    finished.checkpoints.symlink_to(elsewhere)
    kept = {path.name for path in elsewhere.iterdir()}
    before = contents(finished)
    with finished.replacement.replacing():
        finished.settings.write_text("new")
        finished.checkpoints.mkdir()
        (finished.checkpoints / ("state.npz" if is_begun else "best.weights.h5")).write_text("new")
    assert kept <= {path.name for path in elsewhere.iterdir()}
    if is_begun:
        assert contents(finished) == {"settings.json": "new", "checkpoints/state.npz": "new"}
    else:
        assert before.items() <= contents(finished).items()
    assert not finished.replacement.settle()


def test_nothing_is_restored_while_new_run_trains(finished: RunFolder) -> None:
    with finished.replacement.replacing():
        finished.settings.write_text("new")
        finished.replacement.confirm()
        assert contents(finished)["settings.json"] == "new"
        assert not finished.checkpoints.exists()


def test_nothing_is_set_aside_in_empty_folder(run: RunFolder) -> None:
    run.path.mkdir(parents=True)
    with run.replacement.replacing():
        run.settings.write_text("new")
    assert contents(run) == {"settings.json": "new"}


KILL_AT_EVERY_STEP = """
import os, shutil, sys
from pathlib import Path
from fer_edge.training.run_folder import RunFolder

STEPS = {"open", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.copyfile"}
folder = Path(sys.argv[1])
run = RunFolder(folder / "run")
outputs = [path for path in run.files if path not in (run.settings, run.left_out)]

def replace(last_step):
    done = 0
    def count(event, arguments):
        nonlocal done
        if event in STEPS and str(folder) in str(arguments[0]):
            done += 1
            if done > last_step:
                os._exit(9)
    if last_step is not None:
        sys.addaudithook(count)
    run.replacement.settle()
    with run.replacement.replacing():
        run.settings.write_text("new")
        run.checkpoints.mkdir()
        (run.checkpoints / "best.weights.h5").write_text("new")
        shutil.copyfile(run.settings, run.checkpoints / "half")
        os.rename(run.checkpoints / "half", run.checkpoints / "state.npz")
        run.replacement.settle()
    for path in outputs:
        path.write_text("new")

def in_child(last_step):
    child = os.fork()
    if not child:
        replace(last_step)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

def texts(*paths):
    return {path.read_text() for path in paths if path.exists()}

code, step = 9, 0
while code == 9:
    shutil.rmtree(run.path, ignore_errors=True)
    run.checkpoints.mkdir(parents=True)
    for path in (*run.files, run.checkpoints / "state.npz", run.checkpoints / "best.weights.h5"):
        path.write_text("old")
    code = in_child(step)
    again = in_child(step // 2)  # killed again while it recovers
    run.replacement.settle()
    whole = texts(run.settings, run.checkpoints / "state.npz", run.checkpoints / "best.weights.h5")
    assert whole in ({"old"}, {"new"}), (step, whole)
    assert (run.checkpoints / "state.npz").exists()
    if whole == {"old"}:
        assert run.left_out.exists() and texts(*outputs) == {"old"} and all(map(Path.exists, outputs)), step
    else:
        assert not run.left_out.exists() and texts(*outputs) <= {"new"}, step
    assert in_child(None) == 0 and texts(*outputs, run.settings) == {"new"}, step
    assert set(run.path.iterdir()) == {*outputs, run.settings, run.checkpoints}, step
    step += 1
print(code, step)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="it forks")
def test_kill_at_any_moment_loses_neither_run(tmp_path: Path, child_environment: dict[str, str]) -> None:
    command = [sys.executable, "-W", "ignore", "-c", KILL_AT_EVERY_STEP, str(tmp_path)]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    code, steps = map(int, done.stdout.split())
    assert (code, steps > 30) == (0, True)


@pytest.mark.parametrize(
    ("history", "text"),
    [
        ([], ""),
        (
            [{"loss": 2.0, "val_accuracy": 0.5}, {"loss": 1.5, "val_accuracy": 0.25}],
            "epoch,loss,val_accuracy\r\n1,2.0,0.5\r\n2,1.5,0.25\r\n",
        ),
    ],
)
def test_history_has_one_row_per_epoch(run: RunFolder, history: list[dict[str, float]], text: str) -> None:
    run.write_history(history)
    assert (run.path / "history.csv").read_bytes().decode() == text


def test_exports_are_the_verified_files_float_first(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    folder.mkdir()
    expected = ["n_fp32.tflite", "n_int8.tflite", "n_int16x8.tflite", "mine.tflite", "n_fp32.onnx"]
    for name in (*sorted(expected), "n_int8.failed.tflite", "calibration.json"):
        (folder / name).touch()
    assert [path.name for path in RunFolder(tmp_path).exports()] == expected


def test_no_run_says_how_to_train(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="train a model first: fer-edge train"):
        newest_run(tmp_path / "runs")


def test_newest_run_is_the_one_written_last(tmp_path: Path) -> None:
    for time, (name, file) in enumerate(
        (("b", "model.keras"), ("a", "model.keras"), ("c", "settings.json"), ("d", "notes.txt"))
    ):
        path = tmp_path / name / file
        path.parent.mkdir()
        path.touch()
        os.utime(path, (1e9 + time, 1e9 + time))
    assert newest_run(tmp_path).path.name == "a"
    assert newest_run(tmp_path, trained=False).path.name == "c"
