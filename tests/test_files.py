from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.errors import InputError
from fer_edge.files import atomic_path, read_text_file, sha256_file, sole_user, write_atomic


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "text.txt"
    write_atomic(path, "größer")
    assert path.read_bytes() == "größer".encode()
    assert [entry.name for entry in path.parent.iterdir()] == ["text.txt"]


@pytest.mark.parametrize("content", [b"", b"\0\1", ""])
def test_existing_file_is_replaced(tmp_path: Path, content: bytes | str) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize("fault", [OSError, KeyboardInterrupt])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, fault: type[BaseException]) -> None:
    path = tmp_path / "model.weights.h5"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_path(path) as temporary:
            temporary.write_bytes(b"half")
            raise fault

    with pytest.raises(fault):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_temporary_name_keeps_the_suffixes_and_the_file_system(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "model.weights.h5") as temporary:
        assert temporary.name == "model.weights.h5"
        assert tmp_path in temporary.parents
        temporary.touch()


def test_sha256_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


HOLD = """
import sys
import subprocess
import sys
from pathlib import Path
from fer_edge.files import sole_user
with sole_user(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_folder_is_locked_until_its_process_ends(tmp_path: Path, child_environment: dict[str, str]) -> None:
    folder = tmp_path / "runs" / "a"
    command = [sys.executable, "-c", HOLD, str(folder)]
    with subprocess.Popen(command, env=child_environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match="another process writes to it"), sole_user(folder):
            pytest.fail("it was not refused")
        process.kill()
    with sole_user(folder):
        (folder / "model").write_text("kept")
    assert list(folder.iterdir()) == [folder / "model"]


def test_folder_that_stayed_empty_is_removed(tmp_path: Path) -> None:
    with sole_user(tmp_path / "runs" / "a"):
        pass
    assert not (tmp_path / "runs" / "a").exists()


def test_file_in_place_of_a_folder_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("kept")
    with pytest.raises(InputError, match="expected a folder, got a file"), sole_user(tmp_path / "a"):
        pytest.fail("it was not refused")


def test_a_text_file_is_read_with_or_without_a_mark(tmp_path: Path) -> None:
    for content in ("größer".encode(), "größer".encode("utf-8-sig")):
        (tmp_path / "a").write_bytes(content)
        assert read_text_file(tmp_path / "a", "a list") == "größer"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such devices")
def test_devices_pipes_and_folders_are_rejected(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found: dict[Path | str, str] = {
        "/dev/zero": "got a pipe, socket or device",
        tmp_path / "pipe": "got a pipe, socket or device",
        tmp_path: "got a folder",
        tmp_path / "none": "no such file",
        tmp_path / "pipe" / "within": "no such file",
        "a\0b": "one that no file can have",
    }
    for path, reason in found.items():
        with pytest.raises(InputError, match=reason):
            read_text_file(Path(path), "a list")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_names_the_file_that_was_to_be_written(tmp_path: Path) -> None:
    path = tmp_path / "faces.csv"
    with pytest.raises(OSError, match="No space left") as caught, atomic_path(path) as temporary:  # noqa: PT012
        temporary.symlink_to("/dev/full")
        temporary.write_bytes(b"x")
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_place_that_cannot_be_replaced_is_named(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").mkdir()
    with pytest.raises(OSError, match="faces") as caught:
        write_atomic(tmp_path / "faces.csv", b"x")
    assert caught.value.filename == str(tmp_path / "faces.csv")
