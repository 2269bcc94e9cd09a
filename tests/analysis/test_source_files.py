from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fer_edge.analysis.source_files import Kind, find_sources
from fer_edge.errors import InputError
from fer_edge.models import PORTRAIT_FILE


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "archive"
    for name in ("10.mp4", "2.MKV", "run.jsonl", "notes.txt", ".hidden.mp4", "2024/a.webm", "2024/out/seen.mp4"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"-")
    shutil.copy(PORTRAIT_FILE, folder / "3.jpg")
    return folder


def names(*given: Path | str, **options: object) -> list[str]:
    return [source.path.name for source in find_sources([str(each) for each in given], **options)]  # type: ignore[arg-type]


def test_folder_gives_its_files_in_natural_order(archive: Path) -> None:
    assert names(archive) == ["run.jsonl", "2.MKV", "3.jpg", "10.mp4"]


def test_recursive_search_leaves_the_output_out(archive: Path) -> None:
    found = names(archive, recursive=True, apart_from=archive / "2024" / "out")
    assert found == ["run.jsonl", "2.MKV", "3.jpg", "10.mp4", "a.webm"]


def test_pattern_and_names_give_each_file_once_in_their_order(archive: Path) -> None:
    assert names(archive / "run.jsonl", archive / "*.mp4", archive) == ["run.jsonl", "10.mp4", "2.MKV", "3.jpg"]


def test_kinds_and_names_are_told_apart(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(archive.parent)
    found = {source.name: source for source in find_sources(["archive"])}
    assert {name: source.kind for name, source in found.items()} == {
        "archive/2.MKV": Kind.VIDEO,
        "archive/3.jpg": Kind.PICTURE,
        "archive/10.mp4": Kind.VIDEO,
        "archive/run.jsonl": Kind.LOG,
    }
    assert found["archive/3.jpg"].path == archive / "3.jpg"


def test_file_named_itself_may_have_any_suffix(archive: Path) -> None:
    (archive / "video.bin").write_bytes(b"-")
    assert names(archive / "video.bin") == ["video.bin"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("suffix", [".mp4", ".jpg", ".jsonl"])
def test_pipe_or_device_is_refused_before_it_is_opened(archive: Path, suffix: str) -> None:
    os.mkfifo(archive / f"pipe{suffix}")
    (archive / f"endless{suffix}").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        with pytest.raises(InputError, match=r"got a pipe, socket or device"):
            names(archive / f"{name}{suffix}")
    assert names(archive) == ["run.jsonl", "2.MKV", "3.jpg", "10.mp4"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.mp4", "expected a video, a picture, a .jsonl log, a folder or a pattern"),
        ("*.none", "fits none"),
        ("empty", "expected videos, pictures or .jsonl logs in this folder, found none"),
    ],
)
def test_name_that_leads_nowhere_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=message):
        names(tmp_path / name)
