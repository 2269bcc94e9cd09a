from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_edge.files import write_atomic
from fer_edge.temporary import temporary_folder

HOLD = """
import sys
from pathlib import Path
from fer_edge.files import atomic_path
with atomic_path(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(bytes(1000))
    print("held", flush=True)
    sys.stdin.read()
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks for folders")


def test_a_killed_process_leaves_nothing_after_the_next_write(
    tmp_path: Path, child_environment: dict[str, str]
) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "killed.npz")]
    with subprocess.Popen(command, env=child_environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        write_atomic(tmp_path / "other", "while it is held")
        assert len(list(tmp_path.iterdir())) == 2
        process.kill()
    write_atomic(tmp_path / "other", "after the kill")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_only_own_folders_are_removed(tmp_path: Path) -> None:
    others = [tmp_path / ".state-abcd1234", tmp_path / "work.tmp", tmp_path / "a.fer-edge-tmp.txt"]
    for folder in others:
        folder.mkdir()
    file, link = tmp_path / "file.fer-edge-tmp", tmp_path / "link.fer-edge-tmp"
    file.touch()
    link.symlink_to(others[0])
    (tmp_path / ".state-abcd1234.fer-edge-tmp" / "within").mkdir(parents=True)
    with temporary_folder(tmp_path) as folder:
        assert set(tmp_path.iterdir()) == {*others, file, link, folder}
        with temporary_folder(tmp_path) as second:
            assert set(tmp_path.iterdir()) == {*others, file, link, folder, second}
    assert set(tmp_path.iterdir()) == {*others, file, link}


def test_ctrl_c_while_the_folder_is_made_or_removed_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in ((tempfile, "mkdtemp"), (os, "open"), (fcntl, "flock"), (shutil, "rmtree"), (os, "close")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupted_after(getattr(module, name)))
            with pytest.raises(KeyboardInterrupt), temporary_folder(tmp_path):
                pass
        assert list(tmp_path.iterdir()) == [], name


def interrupted_after(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a Ctrl-C between its end and the caller's next step."""

    def interrupted(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        signal.raise_signal(signal.SIGINT)
        return result

    return interrupted


def test_vanished_folder_is_no_error(tmp_path: Path) -> None:
    with temporary_folder(tmp_path) as folder:
        folder.rmdir()
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("n" * 250), "text")
    assert [path.name for path in tmp_path.iterdir()] == ["n" * 250]


def test_folder_that_cannot_be_made_is_reported_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError) as caught, temporary_folder(tmp_path / "file"):
        pass
    assert caught.value.filename == str(tmp_path / "file")
