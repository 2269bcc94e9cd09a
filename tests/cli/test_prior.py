"""`--prior` of `run`, `evaluate` and `export`, and a model's own prior in `info`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fer_edge.cards.storage import append_card
from fer_edge.dataset.peoples_answer import PRIORS
from fer_edge.inference.card_reader import read_card
from fer_edge.labels import EXPRESSIONS
from fer_edge.models import PORTRAIT_FILE
from fer_edge.prior import read_prior
from fer_edge.training.run_folder import RunFolder

PHOTOS = dict(zip(EXPRESSIONS, (0.09, 0.02, 0.04, 0.26, 0.33, 0.14, 0.12), strict=True))


@pytest.fixture
def voted_file(model_file: Path, tmp_path: Path) -> Path:
    """A TFLite file whose scores assume the photographs' prior."""
    card, path = read_card(model_file), tmp_path / "voted.tflite"
    voted = replace(card, prior=PHOTOS, training={"votes": {"prior": PHOTOS}})
    path.write_bytes(append_card(model_file.read_bytes()[: card.model_bytes], voted))
    return path


@pytest.fixture
def voted_faces(faces_zip: Path, tmp_path: Path) -> tuple[str, ...]:
    """Options of faces on which seven people of ten agree with the label."""
    with zipfile.ZipFile(faces_zip) as archive:
        names = [name for name in archive.namelist() if "validation/" in name and name.endswith(".png")]
    votes = tmp_path / "votes.csv"
    rows = [[name, *("7" if f"/{each}/" in name else "0" for each in EXPRESSIONS)] for name in names]
    votes.write_text("\n".join(",".join(row) for row in [["image", *EXPRESSIONS], *rows]) + "\n")
    return "--data", str(faces_zip), "--votes", str(votes), "--plot", str(tmp_path / "c.png")


def test_run_reweighs_the_scores_of_every_output(child_line: Callable[..., Any], voted_file: Path) -> None:
    def scores(*arguments: str) -> dict[str, float]:
        common = ("--camera", PORTRAIT_FILE, "--model", voted_file, "--jsonl", "-")
        (face,) = json.loads(child_line("run", *common, *arguments).require_success().stdout)["faces"]
        return dict(face["scores"])

    own, balanced = scores(), scores("--prior", "balanced")
    assert scores("--prior", "photos") == pytest.approx(own, abs=2e-3)
    weighted = {name: score / PHOTOS[name] for name, score in own.items()}
    expected = {name: score / sum(weighted.values()) for name, score in weighted.items()}
    assert balanced == pytest.approx(expected, abs=0.02)  # JSON's scores are rounded
    assert balanced != pytest.approx(own, abs=1e-4)


def test_config_sets_prior_of_run(child_line: Callable[..., Any], voted_file: Path, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text(f"camera = {json.dumps(str(PORTRAIT_FILE))}\nmodel = {json.dumps(str(voted_file))}\n")
    child_line("run", "--config", config, "--prior", "photos^0.5").require_success()
    config.write_text(config.read_text() + 'prior = "photos^2"\n')
    refused = child_line("run", "--config", config)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == ("error: --prior photos^2: expected a power from 0 (balanced) to 1 (photos), got '2'\n")


@pytest.mark.parametrize("command", [("predict",), ("analyze", "--output", "tables")])
def test_error_about_a_prior_names_the_option(
    command_line: Callable[..., Any],
    voted_file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    refused = command_line(*command, PORTRAIT_FILE, "--model", voted_file, "--prior", "sad=3")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == "error: --prior sad=3: expected a share from 0 to 1 such as neutral=0.7, got 'sad=3'\n"


def test_evaluate_reports_prior_and_results_under_five_priors(
    command_line: Callable[..., Any], voted_file: Path, voted_faces: tuple[str, ...]
) -> None:
    own, half = (
        json.loads(command_line("evaluate", voted_file, *voted_faces, "--json", *arguments).require_success().stdout)
        for arguments in ((), ("--prior", "photos^0.5"))
    )
    assert (own["prior"], half["prior"]) == ("photos", "photos^0.5")
    assert own["prior_shares"] == PHOTOS
    assert half["prior_shares"] == pytest.approx(read_prior("photos^0.5", PHOTOS))
    assert tuple(own["people_by_prior"]) == PRIORS
    assert own["people"]["accuracy"] == own["people_by_prior"]["photos"]["accuracy"]
    assert half["people"]["accuracy"] == own["people_by_prior"]["photos^0.5"]["accuracy"]
    assert half["accuracy"] == half["people"]["accuracy"], "the labels' results are those of the new scores, too"
    shown = command_line("evaluate", voted_file, *voted_faces).require_success().stdout
    assert "prior photos: the label on validation of" in " ".join(shown.split())
    rows = [line.split()[:2] for line in shown.splitlines()]
    for name, figures in own["people_by_prior"].items():
        assert [name, f"{figures['accuracy']:.2%}"] in rows


@pytest.mark.parametrize(
    ("prior", "words"),
    [
        ("photo", "--prior photo: expected photos, balanced, photos^0.5 or shares"),
        ("neutral=1.5", "--prior neutral=1.5: expected a share from 0 to 1"),
        ("smile=0.5", "got 'smile=0.5'"),
    ],
)
@pytest.mark.parametrize("command", ["run", "evaluate"])
def test_invalid_prior_is_one_line(
    command_line: Callable[..., Any], voted_file: Path, command: str, prior: str, words: str
) -> None:
    model = ("--model", voted_file, "--camera", "demo") if command == "run" else (voted_file, "--data", "synthetic")
    ended = command_line(command, *model, "--prior", prior)
    assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1)
    assert words in ended.stderr


def test_model_without_known_prior_is_refused(
    command_line: Callable[..., Any], voted_file: Path, tiny_run: RunFolder, tmp_path: Path
) -> None:
    card = read_card(voted_file)
    unknown = tmp_path / "unknown.tflite"
    unknown.write_bytes(append_card(voted_file.read_bytes()[: card.model_bytes], replace(card, prior=None)))
    for command in (
        ("run", "--camera", "demo", "--model", unknown),
        ("evaluate", unknown, "--data", "synthetic"),
        ("export", tiny_run.model, "--data", "synthetic", "--output", tmp_path / "out"),
    ):
        ended = command_line(*command, "--prior", "photos")
        assert (ended.exit_code, ended.stdout, len(ended.stderr.splitlines())) == (2, "", 1), command
        assert "expected a model whose card says which prior its scores assume" in ended.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_export_folds_the_prior_and_the_card_says_it(
    command_line: Callable[..., Any], voted_model: Path, voted_faces: tuple[str, ...], faces_zip: Path, tmp_path: Path
) -> None:
    common = ("--precision", "fp32", "--data", faces_zip, "--output", tmp_path / "out")
    command_line("export", voted_model, *common, "--prior", "photos^0.5").require_success()
    shown = command_line("info", tmp_path / "out" / "voted_fp32.tflite").require_success().stdout
    assert "prior photos^0.5" in " ".join(shown.split())

    def evaluated(model: Path, *arguments: str) -> dict[str, Any]:
        ended = command_line("evaluate", model, *voted_faces, "--json", *arguments).require_success()
        return dict(json.loads(ended.stdout))

    parent, files = evaluated(voted_model), [evaluated(path) for path in sorted((tmp_path / "out").glob("*_fp32.*"))]
    assert len(files) == 2
    for folded in files:
        assert folded["prior"] == "photos^0.5"
        assert folded["people_by_prior"] == parent["people_by_prior"]
        assert folded["people"]["accuracy"] == parent["people_by_prior"]["photos^0.5"]["accuracy"]
    again = evaluated(voted_model, "--prior", "photos^0.5")
    assert again["log_loss"] == pytest.approx(files[0]["log_loss"], rel=1e-4)
