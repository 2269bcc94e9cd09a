"""The summary of analyses of real films."""

from __future__ import annotations

import re
from collections import Counter
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
    changes = Counter(re.findall(r"<strong>(\w+) . (\w+)</strong>", page))
    # A face half-way may be read as another expression.
    assert (changes["happy", "surprise"], changes["surprise", "happy"]) == (2, 2)
    assert pictures(page) == 2 * changes.total()


def test_thumbnails_outlive_the_process_and_leave_with_their_file(
    analyze_files: Callable[..., Manifest], changing: Path, film: Path, tmp_path: Path
) -> None:
    analyze_files(changing, film)
    analyze_files(changing, film)
    assert pictures(write_summary(tmp_path / "out").read_text("utf-8")) >= 2 * 2 * 4
    thumbnails = tmp_path / "out" / THUMBNAILS
    earlier = set(thumbnails.iterdir())
    analyze_files(film, overwrite=True)
    left = set(thumbnails.iterdir()) if thumbnails.exists() else set()
    assert left < earlier
    assert pictures(write_summary(tmp_path / "out").read_text("utf-8")) == len(list(thumbnails.rglob("*.jpg")))


def test_privacy_deletes_the_pictures_of_an_earlier_call(
    command_line: Callable[..., Ended], model_file: Path, changing: Path, tmp_path: Path
) -> None:
    call = ("analyze", changing, "--model", model_file, "--output", tmp_path / "out")
    command_line(*call).require_success()
    thumbnails = list((tmp_path / "out").rglob("*.jpg"))
    assert len(thumbnails) >= 2 * 4
    ended = command_line(*call, "--privacy")
    assert SUMMARY in ended.require_success().stdout
    page = (tmp_path / "out" / SUMMARY).read_text("utf-8")
    assert "two.mp4" in page
    assert (page.count('href="#person"'), pictures(page)) == (len(thumbnails), 0)
    assert list((tmp_path / "out").rglob("*.jpg")) == []


def test_privacy_with_annotated_videos_is_refused(command_line: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command_line("analyze", tmp_path, "--output", tmp_path / "out", "--privacy", "--video")
    assert (ended.exit_code, "leave one of them out" in ended.stderr) == (2, True)
