from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections import ChainMap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from fer_edge.cards.model_card import ModelCard
from fer_edge.cards.storage import append_card
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER
from fer_edge.number_format import NONE
from fer_edge.training.run_folder import RunFolder


@pytest.fixture
def models(exported_paths: dict[str, Path], tiny_run: RunFolder) -> ChainMap[str, Path]:
    return ChainMap({"keras": tiny_run.model}, exported_paths)


@pytest.mark.parametrize("file", ["keras", "tflite int8", "onnx fp32"])
def test_json_prints_one_object_only(
    command_line: Callable[..., Any],
    models: ChainMap[str, Path],
    faces_zip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line("evaluate", models[file], "--data", faces_zip, "--json").require_success()
    facts = json.loads(ended.stdout)
    assert facts["accuracy"] == pytest.approx(read_card(models[file]).evaluation["accuracy"])
    assert (facts["samples"], facts["split"], facts["data"]) == (112, "validation", str(faces_zip))
    assert {"macro_f1", "expected_calibration_error", "per_class", "confusion_matrix", "runtime"} <= set(facts)
    assert facts["per_class"]["happy"]["support"] == 16
    assert [path.name for path in tmp_path.iterdir()] == [f"{models[file].stem}_confusion.png"]


def test_tables_and_picture(
    command_line: Callable[..., Any], models: ChainMap[str, Path], faces_zip: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "c.png"
    arguments = ("--data", faces_zip, "--split", "train", "--plot", picture)
    ended = command_line("evaluate", models["tflite fp32"], *arguments).require_success()
    for word in ("precision", "recall", "F1", "support", "calibration error", "rows by label", "280"):
        assert word in ended.stdout
    assert cv2.imread(str(picture)) is not None


def test_a_tflite_file_is_evaluated_without_tensorflow(
    child_environment: dict[str, str], exported_paths: dict[str, Path], faces_zip: Path, tmp_path: Path
) -> None:
    code = (
        "import sys\nfrom fer_edge.cli import main\ntry:\n    main()\nfinally:\n"
        "    print({'tensorflow', 'keras', 'onnx'} & set(sys.modules), file=sys.stderr)"
    )
    model = str(exported_paths["tflite int8"])
    command = [sys.executable, "-c", code, "evaluate", model, "--data", str(faces_zip), "--json"]
    done = subprocess.run(command, cwd=tmp_path, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "set()"
    assert json.loads(done.stdout)["samples"] == 112


@pytest.fixture
def bare(exported_paths: dict[str, Path], tmp_path: Path) -> Path:
    """A TFLite file without a card, which knows the synthetic faces."""
    path, whole = tmp_path / "bare.tflite", exported_paths["tflite int8"]
    path.write_bytes(whole.read_bytes()[: read_card(whole).model_bytes])
    return path


def test_a_model_without_a_card_takes_labels_and_input_range(
    command_line: Callable[..., Any], bare: Path, faces_zip: Path, tmp_path: Path
) -> None:
    common = ("evaluate", bare, "--data", faces_zip, "--plot", tmp_path / "c.png")
    for stated, asked in (((), "--labels angry"), (("--labels", ",".join(EXPRESSIONS)), "--input-range 0..1")):
        refused = command_line(*common, *stated)
        assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)
        assert asked in refused.stderr
    done = command_line(*common, "--labels", ",".join(EXPRESSIONS), "--input-range", "0..255").require_success()
    assert "warning" not in done.stderr
    other = command_line(*common, "--labels", "a,b,c,d,e,f,g", "--input-range", "0..255")
    assert other.exit_code == 2
    assert "expected images of a, b, c, d, e, f, g, got angry, disgust" in other.stderr


def test_labels_in_the_wrong_order_are_warned_of(
    command_line: Callable[..., Any], bare: Path, faces_zip: Path, tmp_path: Path
) -> None:
    common = ("evaluate", bare, "--data", faces_zip, "--plot", tmp_path / "c.png", "--input-range", "0..255", "--json")
    right, wrong = (
        command_line(*common, "--labels", ",".join(order)).require_success() for order in (EXPRESSIONS, FER2013_ORDER)
    )
    before, after = (json.loads(ended.stdout)["accuracy"] for ended in (wrong, right))
    (warning,) = (line for line in wrong.stderr.splitlines() if line.startswith("warning: "))
    assert warning == (
        f"warning: bare.tflite: with the order {','.join(EXPRESSIONS)} the accuracy would be {after:.1%} "
        f"instead of {before:.1%}; check --labels"
    )


def test_a_card_with_labels_in_the_wrong_order_is_warned_of(
    command_line: Callable[..., Any], bare: Path, faces_zip: Path, tmp_path: Path
) -> None:
    card = ModelCard("wrong", "unknown", labels=FER2013_ORDER)
    bare.write_bytes(append_card(bare.read_bytes(), card))
    ended = command_line("evaluate", bare, "--data", faces_zip, "--plot", tmp_path / "c.png").require_success()
    assert "its card may name the scores in the wrong order" in ended.stderr


@pytest.mark.parametrize("name", ["none.tflite", "none.onnx", "none.keras"])
def test_a_missing_model_is_one_line(command_line: Callable[..., Any], tmp_path: Path, name: str) -> None:
    ended = command_line("evaluate", tmp_path / name, "--data", "synthetic")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "no such model file" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_votes_file_adds_peoples_answer(
    command_line: Callable[..., Any], model_file: Path, faces_zip: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(faces_zip) as archive:
        happy = [name for name in archive.namelist() if "validation/happy/" in name and not name.endswith("/")]
    votes = tmp_path / "votes.csv"
    lines = ["image," + ",".join(EXPRESSIONS), *(f"{name},0,0,0,7,3,0,0" for name in happy), "nobody.png,1,1,1,1,1,1,1"]
    votes.write_text("\n".join(lines) + "\n")
    arguments = ("evaluate", model_file, "--data", faces_zip, "--plot", tmp_path / "c.png", "--votes", votes)
    ended = command_line(*arguments).require_success()
    assert "people's answer" in ended.stdout
    assert f"votes on {len(happy)} images; 1 names without an image (nobody.png)" in " ".join(ended.stderr.split())
    facts = json.loads(command_line(*arguments, "--json").require_success().stdout)
    assert facts["people"]["samples"] == len(happy)
    assert facts["people"]["per_class"]["happy"]["support"] == len(happy)
    assert facts["one_person"]["accuracy"] == pytest.approx(0.7)


@pytest.mark.parametrize(("content", "words"), [("", "a column image is missing"), (None, "no such file")])
def test_votes_that_cannot_be_read_are_refused(
    command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path, content: str | None, words: str
) -> None:
    votes = tmp_path / "votes.csv"
    if content is not None:
        votes.write_text(content)
    ended = command_line("evaluate", "--data", faces_zip, "--votes", votes)
    assert ended.exit_code == 2
    assert words in " ".join(ended.stderr.split())


def test_official_split_restores_mixed_fer2013(
    command_line: Callable[..., Any], model_file: Path, mixed_fer2013: Path, tmp_path: Path
) -> None:
    arguments = ("evaluate", model_file, "--data", mixed_fer2013, "--json", "--plot", tmp_path / "c.png")
    mixed = command_line(*arguments).require_success()
    assert "7 of the 21 images in train are not from Training" in mixed.stderr
    assert "--official-split restores these parts" in mixed.stderr
    official = command_line(*arguments, "--official-split").require_success()
    assert "21 images of Training, 21 of PublicTest; 0 others left out" in " ".join(official.stderr.split())
    assert "not from Training" not in official.stderr
    assert json.loads(mixed.stdout)["people"] != json.loads(official.stdout)["people"]


@pytest.mark.slow
def test_synthetic_faces_have_no_official_split(
    command_line: Callable[..., Any], model_file: Path, tmp_path: Path
) -> None:
    ended = command_line(
        "evaluate", model_file, "--data", "synthetic", "--official-split", "--plot", tmp_path / "c.png"
    )
    assert ended.exit_code == 2
    assert "synthetic: expected a copy of FER2013, whose official split can be restored" in ended.stderr


@pytest.fixture
def some_classes(faces_folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """A function from class folders, each with the expression that it shows, to a folder that has them."""

    def fill(**folders: str) -> Path:
        for split in ("train", "validation"):
            for name, expression in folders.items():
                shutil.copytree(faces_folder / "images" / split / expression, tmp_path / "some" / split / name)
        return tmp_path / "some"

    return fill


def test_model_is_judged_on_a_part_of_its_classes(
    command_line: Callable[..., Any], model_file: Path, some_classes: Callable[..., Path], tmp_path: Path
) -> None:
    data = some_classes(happy="happy", sad="sad")
    arguments = ("evaluate", model_file, "--data", data, "--plot", tmp_path / "c.png")
    facts = json.loads(command_line(*arguments, "--json").require_success().stdout)
    assert facts["confusion_matrix"]["labels"] == list(EXPRESSIONS)
    per_class = facts["per_class"]
    assert [name for name in EXPRESSIONS if per_class[name]["support"]] == ["happy", "sad"]
    assert facts["macro_f1"] == pytest.approx((per_class["happy"]["f1"] + per_class["sad"]["f1"]) / 2)
    ended = command_line(*arguments).require_success()
    assert "note: no image of angry, disgust, fear, neutral, surprise: where" in ended.stderr
    (angry,) = (line.split() for line in ended.stdout.splitlines() if line.split()[:2] == ["angry", NONE])
    assert angry[1:] == [NONE, NONE, NONE, "0"]


def test_classes_that_a_model_does_not_score_need_a_choice(
    command_line: Callable[..., Any], model_file: Path, some_classes: Callable[..., Path], tmp_path: Path
) -> None:
    data = some_classes(happy="happy", sad="sad", wink="surprise")
    arguments = ("evaluate", model_file, "--data", data, "--json", "--plot", tmp_path / "c.png")
    refused = command_line(*arguments)
    assert refused.exit_code == 2
    assert "has images of wink, which" in refused.stderr
    assert refused.stderr.endswith("to judge it on the others only, add --classes happy,sad\n")
    assert json.loads(command_line(*arguments, "--classes", "happy,sad").require_success().stdout)["samples"] == 32
    one = json.loads(command_line(*arguments, "--classes", "sad").require_success().stdout)
    assert one["accuracy"] == one["per_class"]["sad"]["recall"]
    for classes, message in (("happy,wink", "does not score wink"), ("fear", "has no class fear")):
        refused = command_line(*arguments, "--classes", classes)
        assert (refused.exit_code, message in refused.stderr) == (2, True)


@pytest.fixture
def grouped(faces_zip: Path, tmp_path: Path) -> Path:
    """Groups of all validation images but one, by turns; and a row of no image."""
    with zipfile.ZipFile(faces_zip) as archive:
        names = [name for name in archive.namelist() if "validation/" in name and not name.endswith("/")]
    rows = [f"{name},{'ab'[i % 2]}" for i, name in enumerate(names[1:])]
    path = tmp_path / "groups.csv"
    path.write_text("\n".join(["image,group", *rows, "nobody.png,a"]) + "\n")
    return path


def test_groups_are_compared_and_counted(
    command_line: Callable[..., Any], model_file: Path, faces_zip: Path, grouped: Path, tmp_path: Path
) -> None:
    arguments = ("evaluate", model_file, "--data", faces_zip, "--plot", tmp_path / "c.png", "--groups", grouped)
    ended = command_line(*arguments).require_success()
    for words in ("recall by group", "largest gap in accuracy", "chance may explain it"):
        assert words in " ".join(ended.stdout.split())
    assert "groups of 111 images; 1 without a group are left out; 1 names without an image" in ended.stderr
    rows = [line.split() for line in ended.stdout.splitlines()]
    assert ["a", "56"] in [row[:2] for row in rows]
    assert ["b", "55"] in [row[:2] for row in rows]


def test_stress_compares_models_and_writes_the_card(
    command_line: Callable[..., Any],
    model_file: Path,
    faces_zip: Path,
    grouped: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    own = tmp_path / "own_int8.tflite"
    own.write_bytes(model_file.read_bytes())
    before = read_card(own)
    arguments = ("--data", faces_zip, "--groups", grouped, "--stress", "--peer", model_file, "--update-card", "--json")
    facts = json.loads(command_line("evaluate", own, *arguments).require_success().stdout)
    assert list(facts["stress"]) == [own.name, model_file.name]
    assert facts["stress"][own.name] == facts["stress"][model_file.name]
    assert facts["stress"][own.name]["unchanged"]["accuracy"]["share"] == pytest.approx(facts["accuracy"])
    assert cv2.imread("own_int8_stress.png") is not None
    card = read_card(own)
    assert card.evaluation["stress"]["axes"].keys() >= {"darker", "smaller"}
    assert set(card.evaluation["groups"]["groups"]) == {"a", "b"}
    assert card.evaluation["accuracy"] == before.evaluation["accuracy"]
    assert card.model_sha256 == before.model_sha256
    assert card.intended_use
    images = {name: each["accuracy"]["images"] for name, each in facts["groups"]["groups"].items()}
    assert images == {"a": 56, "b": 55}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--peer", "compact-s"], "--peer and --stress-plot belong to --stress"),
        (["--update-card"], "--update-card writes the results of --groups or --stress"),
        (["--update-card", "--stress", "--prior", "balanced"], "leave out --prior"),
        (["--update-card", "--stress"], "--update-card changes MODEL's file: name a copy of the shipped model"),
        (["--groups", "gone.csv"], "--groups: gone.csv: no such file"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    ended = command_line("evaluate", "--data", faces_zip, "--plot", tmp_path / "c.png", *options)
    assert ended.exit_code == 2
    assert message in " ".join(ended.stderr.split())


def test_reliability_is_drawn_where_there_are_votes(
    command_line: Callable[..., Any], faces_zip: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(faces_zip) as archive:
        names = [name for name in archive.namelist() if "validation/" in name and name.endswith(".png")]
    votes = tmp_path / "votes.csv"
    rows = [",".join([name, *("7" if f"/{each}/" in name else "1" for each in EXPRESSIONS)]) for name in names]
    votes.write_text("\n".join([f"image,{','.join(EXPRESSIONS)}", *rows]) + "\n")
    picture = tmp_path / "reliability.png"
    arguments = ("evaluate", "--data", faces_zip, "--plot", tmp_path / "c.png", "--reliability-plot", picture)
    refused = command_line(*arguments)
    assert (refused.exit_code, picture.exists()) == (2, False)
    assert refused.stderr.splitlines()[-1].startswith("error: --reliability-plot: expected images with people's votes")
    command_line(*arguments, "--votes", votes).require_success()
    assert cv2.imread(str(picture)) is not None
