from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fer_edge.terminal.first_time import is_first_time, state_folder


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path / "state"))
    return tmp_path / "state"


def test_each_note_is_new_once() -> None:
    assert [is_first_time("a"), is_first_time("a"), is_first_time("b")] == [True, False, True]


def test_one_of_many_at_once_is_the_first() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: is_first_time("a"), range(40))) == 1


def test_folder_that_cannot_be_written_shows_the_note_each_time(folder: Path) -> None:
    folder.write_text("a file")
    assert [is_first_time("a"), is_first_time("a")] == [True, True]


@pytest.mark.skipif(os.name != "posix", reason="home folders of POSIX")
def test_folder_is_the_services_or_the_users(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    assert state_folder() == folder
    monkeypatch.setenv("STATE_DIRECTORY", "")
    monkeypatch.setenv("XDG_STATE_HOME", "/x")
    monkeypatch.setattr("sys.platform", "linux")
    assert state_folder() == Path("/x/fer-edge")
