"""Log files after power cuts and kill -9, on full disks and under rotation."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fer_edge.errors import InputError
from fer_edge.runtime.sinks.log_files import LogFile, LogPolicy

APPEND = LogPolicy(append=True)
ENDLESS = """
import json, sys
from pathlib import Path
from fer_edge.runtime.sinks.log_files import LogFile, LogPolicy
log = LogFile(Path(sys.argv[1]), LogPolicy(append=True, rotate_bytes=200_000, keep=3))
number = 0
while True:
    log.write(json.dumps({"number": number, "filler": "x" * 500}) + "\\n")
    number += 1
"""


def write_all(path: Path, policy: LogPolicy, *lines: str, header: str = "") -> None:
    log = LogFile(path, policy, header)
    for line in lines:
        log.write(line + "\n")
    log.close()


def synced(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Record the size of `path` at each fsync."""
    sizes: list[int] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        fsync(descriptor)
        sizes.append(path.stat().st_size)

    monkeypatch.setattr(os, "fsync", record)
    return sizes


@pytest.mark.parametrize(("policy", "expected"), [(LogPolicy(), "c\n"), (APPEND, "a\nb\nc\n")])
def test_file_is_overwritten_or_appended_to(tmp_path: Path, policy: LogPolicy, expected: str) -> None:
    path = tmp_path / "folder" / "log"
    write_all(path, APPEND, "a", "b")
    write_all(path, policy, "c")
    assert path.read_text() == expected


@pytest.mark.parametrize("piece", [b'{"frame": 1', b"\0" * 4096, b"\xff"])
def test_incomplete_last_line_is_cut_off_and_reported_once(tmp_path: Path, piece: bytes) -> None:
    notes: list[str] = []
    path = tmp_path / "log"
    path.write_bytes(b"whole\n" + piece)
    for line in ("next", "last"):
        log = LogFile(path, APPEND, on_note=notes.append)
        log.write(f"{line}\n")
        log.close()
    assert path.read_text() == "whole\nnext\nlast\n"
    assert notes == [f"{path}: cut off {len(piece)} bytes of an incomplete last line"]


def test_file_without_lines_is_rejected_and_unchanged(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff" * 2_000_000)
    with pytest.raises(InputError, match="expected a text file to append to"):
        LogFile(path, APPEND)
    assert path.stat().st_size == 2_000_000


def test_rotation_loses_no_line_and_keeps_the_given_number_of_files(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    write_all(path, LogPolicy(rotate_bytes=25, keep=2), *(f"line {i}" for i in range(10)), header="head\n")
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "log.csv": "head\nline 8\nline 9\n",
        "log.csv.1": "head\nline 6\nline 7\n",
        "log.csv.2": "head\nline 4\nline 5\n",
    }


def test_line_longer_than_the_limit_gets_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    write_all(path, LogPolicy(rotate_bytes=4), "long line", "another")
    assert path.read_text() == "another\n"
    assert (tmp_path / "log.1").read_text() == "long line\n"
    assert not (tmp_path / "log.2").exists()


def test_header_is_written_once_and_a_file_with_another_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    write_all(path, APPEND, "1", header="a\n")
    write_all(path, APPEND, "2", header="a\n")
    assert path.read_text() == "a\n1\n2\n"
    write_all(path, APPEND, "3", header="b\n")
    assert path.read_text() == "b\n3\n"
    assert (tmp_path / "log.csv.1").read_text() == "a\n1\n2\n"


@pytest.mark.parametrize("wrong", [{"keep": 0}, {"sync_s": -1.0}, {"rotate_bytes": 0}])
def test_policy_out_of_range_is_rejected(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        LogPolicy(**wrong)  # type: ignore[arg-type]


def test_lines_are_synced_without_a_further_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    path = tmp_path / "log"
    log = LogFile(path, LogPolicy(sync_s=1))
    sizes = synced(path, monkeypatch)
    log.write("one\n")
    log.write("two\n")
    wait_until(lambda: sizes)
    assert sizes == [8]
    log.write("three\n")
    log.close()
    assert sizes[-1] == 14


def test_every_line_can_be_synced_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log"
    sizes = synced(path, monkeypatch)
    write_all(path, LogPolicy(sync_s=0), "a", "b", "c")
    assert sizes == [2, 4, 6]


def test_failed_sync_is_raised_by_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., None]
) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    log = LogFile(tmp_path / "log", LogPolicy(sync_s=0.02))
    monkeypatch.setattr(os, "fsync", fail)
    log.write("one\n")
    wait_until(lambda: log._failure)
    with pytest.raises(OSError, match="Input/output error") as caught:
        log.write("two\n")
    assert caught.value.filename == str(tmp_path / "log")
    with pytest.raises(OSError, match="Input/output error"):
        log.close()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return the folder of a file system of 64 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if done.returncode:
        pytest.skip(f"a small file system cannot be mounted: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_full_disk_is_an_error_and_leaves_whole_lines(tiny_disk: Path) -> None:
    path = tiny_disk / "log"
    log = LogFile(path, LogPolicy())
    line = "x" * 999 + "\n"
    for _ in range(15):
        log.write(line * 3)
    with pytest.raises(OSError, match="No space left") as caught:
        log.write(line * 30)
    assert caught.value.filename == str(path)
    log.close()
    content = path.read_text()
    assert len(content) == 45_000
    assert set(content.splitlines(keepends=True)) == {line}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_full_device_ends_the_command_with_one_line(tmp_path: Path, child_environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "fer_edge", "run", "--camera", "demo", "--frames", "3", "--jsonl", "/dev/full"]
    done = subprocess.run(command, env=child_environment, cwd=tmp_path, capture_output=True, text=True, timeout=180)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == "error: /dev/full: No space left on device"
    assert "Traceback" not in done.stderr


def test_pipe_is_never_rotated(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = LogFile(path, LogPolicy(append=True, rotate_bytes=4))
    log.write("one\n")
    log.write("two\n")
    assert os.read(reader, 100) == b"one\ntwo\n"
    os.close(reader)
    with pytest.raises(BrokenPipeError):
        log.write("three\n")
    log.close()


def test_kill_9_leaves_whole_lines_without_a_gap(
    tmp_path: Path, child_environment: dict[str, str], wait_until: Callable[..., None]
) -> None:
    path = tmp_path / "log.jsonl"
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(path)], env=child_environment)
    wait_until((tmp_path / "log.jsonl.2").exists)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # In the middle of a rotation a file may have both names, and the new file a temporary one.
    write_all(path, APPEND)
    (tmp_path / ".log.jsonl.new").unlink(missing_ok=True)
    order = sorted(tmp_path.iterdir(), key=lambda each: -int(re.sub(r"\D", "", each.suffix) or 0))
    numbers = [json.loads(line)["number"] for each in order for line in each.read_text().splitlines()]
    assert len(numbers) > 500
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


@pytest.mark.parametrize("policy", [LogPolicy(), APPEND])
def test_log_of_another_process_is_rejected_also_while_it_rotates(tmp_path: Path, policy: LogPolicy) -> None:
    path = tmp_path / "log"
    process = subprocess.Popen([sys.executable, "-c", ENDLESS, str(path)])
    try:
        while not path.with_name("log.1").exists():
            assert process.poll() is None
            time.sleep(0.01)
        for _ in range(200):  # among them moments at which the other process rotates it
            with pytest.raises(InputError, match="another process writes to it"):
                LogFile(path, policy)
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    write_all(path, policy, "the lock ended with the process")


@pytest.mark.parametrize(("policy", "expected"), [(LogPolicy(), "c\n"), (APPEND, "a\nb\nc\n")])
def test_rotation_killed_halfway_leaves_each_line_once(tmp_path: Path, policy: LogPolicy, expected: str) -> None:
    path = tmp_path / "log"
    write_all(path, APPEND, "a", "b")
    path.with_name("log.1").hardlink_to(path)
    write_all(path, policy, "c")
    assert [each.read_text() for each in sorted(tmp_path.iterdir())] == [expected]


def test_second_log_of_the_same_process_is_rejected(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "log", APPEND)
    (tmp_path / "link").symlink_to("log")
    with pytest.raises(InputError, match="another process writes to it"):
        LogFile(tmp_path / "link", APPEND)
    log.write("kept\n")
    log.close()
    assert (tmp_path / "log").read_text() == "kept\n"


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0\x00\x10JFIF", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"\0\0\0 ftypisom"]
)
@pytest.mark.parametrize("policy", [LogPolicy(), APPEND])
def test_binary_file_is_rejected_and_unchanged(tmp_path: Path, policy: LogPolicy, content: bytes) -> None:
    path = tmp_path / "photo"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected a text file to append to or overwrite, got a binary file"):
        LogFile(path, policy)
    assert path.read_bytes() == content


def test_log_of_zeros_from_a_power_cut_is_emptied(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\0" * 4096)
    write_all(path, APPEND, "next")
    assert path.read_text() == "next\n"


@pytest.mark.skipif(sys.platform == "win32", reason="an open file's folder cannot be removed")
def test_removed_folder_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log.jsonl"
    log = LogFile(path, LogPolicy(sync_s=0.01))
    log.write("a line\n")
    path.parent.rename(tmp_path / "elsewhere")
    log._thread.join(60)
    with pytest.raises(FileNotFoundError, match="its folder was removed") as fault:
        log.write("another\n")
    assert fault.value.filename == str(path)
    with pytest.raises(FileNotFoundError):
        log.close()


def test_closed_log_is_reopened_and_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    log = LogFile(path, LogPolicy(), "header\n")
    log.write("first\n")
    log.close()
    assert log.reopen()
    log.write("second\n")
    log.close()
    assert path.read_text() == "header\nfirst\nsecond\n"


@pytest.mark.skipif(os.name == "nt", reason="an open file's folder cannot be removed")
def test_log_in_a_removed_folder_is_reopened(tmp_path: Path, wait_until: Callable[..., None]) -> None:
    path = tmp_path / "folder" / "a.csv"
    log = LogFile(path, LogPolicy(sync_s=0.01), "header\n")
    shutil.rmtree(path.parent)
    wait_until(lambda: log._failure)
    with pytest.raises(FileNotFoundError):
        log.close()
    assert log.reopen()
    log.write("kept\n")
    log.close()
    assert path.read_text() == "header\nkept\n"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right there")
def test_linked_log_is_rotated_where_the_link_leads(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "log"
    link.symlink_to(tmp_path / "disk" / "log")
    write_all(link, LogPolicy(append=True, rotate_bytes=4, keep=2), "1", "2", "3", "4", "5")
    assert link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"disk", "log"}
    assert {path.name: path.read_text() for path in (tmp_path / "disk").iterdir()} == {
        "log": "5\n",
        "log.1": "3\n4\n",
        "log.2": "1\n2\n",
    }
