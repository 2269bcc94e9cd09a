"""The summary of analyses of real films."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.figures.changing_faces import write_film
from fer_edge.analysis.manifest import Manifest
from fer_edge.analysis.summary import SUMMARY, write_summary
from fer_edge.analysis.summary.thumbnails import THUMBNAILS
from tests.conftest import Ended

PEOPLE = (("happy", "surprise", "happy", "surprise"), ("surprise", "happy"))


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 12 s of two faces."""
    return write_film(tmp_path_factory.mktemp("changing") / "two.mp4", PEOPLE)


def pictures(page: str) -> int:
    return page.count('src="data:image/jpeg')


def test_moments_of_all_chunks_have_thumbnails(
    analyze_files: Callable[..., Manifest], changing: Path, tmp_path: Path
) -> None:
    analyze_files(changing)
    page = write_summary(tmp_path / "out").read_text("utf-8")
    assert sorted(re.findall(r"<strong>(\w+) . (\w+)</strong>", page)) == [
        ("happy", "surprise"),
        ("happy", "surprise"),
        ("surprise", "happy"),
        ("surprise", "happy"),
    ]
    assert pictures(page) == 2 * 4


def test_thumbnails_outlive_the_process_and_leave_with_their_file(
    analyze_files: Callable[..., Manifest], changing: Path, film: Path, tmp_path: Path
) -> None:
    analyze_files(changing, film)
    analyze_files(changing, film)
    assert pictures(write_summary(tmp_path / "out").read_text("utf-8")) == 2 * 2 * 4
    (folder,) = (tmp_path / "out" / THUMBNAILS).iterdir()
    analyze_files(film, overwrite=True)
    assert not folder.exists()
    assert pictures(write_summary(tmp_path / "out").read_text("utf-8")) == 0


def test_privacy_deletes_the_pictures_of_an_earlier_call(
    command_line: Callable[..., Ended], model_file: Path, changing: Path, tmp_path: Path
) -> None:
    call = ("analyze", changing, "--model", model_file, "--output", tmp_path / "out")
    command_line(*call).require_success()
    assert len(list((tmp_path / "out").rglob("*.jpg"))) == 2 * 4
    ended = command_line(*call, "--privacy")
    assert SUMMARY in ended.require_success().stdout
    page = (tmp_path / "out" / SUMMARY).read_text("utf-8")
    assert "two.mp4" in page
    assert (page.count('href="#person"'), pictures(page)) == (2 * 4, 0)
    assert list((tmp_path / "out").rglob("*.jpg")) == []


def test_privacy_with_annotated_videos_is_refused(command_line: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command_line("analyze", tmp_path, "--output", tmp_path / "out", "--privacy", "--video")
    assert (ended.exit_code, "leave one of them out" in ended.stderr) == (2, True)
