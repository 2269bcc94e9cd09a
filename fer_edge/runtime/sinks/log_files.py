"""Text files that survive: whole lines, on the disk within a second, and no file that grows for ever."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import lock_file
from fer_edge.notes import OnNote, ignore_note

_LONGEST_LINE = 1 << 20
_HEAD_BYTES = 16


@dataclass(frozen=True)
class LogPolicy:
    """How a file is kept.

    Attributes:
        append: Go on with a file that is there, rather than begin it anew.
        rotate_bytes: Size at which the file becomes `NAME.1`, what was that `NAME.2`, and so on; `None` for never.
        keep: How many such older files there may be.
        sync_s: Longest time for which a line is not yet safe from a power cut; 0 for none, at a disk's pace.
    """

    append: bool = False
    rotate_bytes: int | None = None
    keep: int = 10
    sync_s: float = 1.0

    def __post_init__(self) -> None:
        if self.keep < 1 or self.sync_s < 0 or (self.rotate_bytes is not None and self.rotate_bytes < 1):
            raise InputError(f"expected a size of 1 byte, 1 older file and 0 seconds or more, got {self}")


class LogFile:
    """A file of lines: each is handed to the system whole and at once, and is on the disk within `sync_s`.

    A file that is gone on with may end within a line, after a power cut: that piece is cut off. One with another header
    is put among the older files.
    """

    def __init__(self, path: Path, policy: LogPolicy, header: str = "", on_note: OnNote = ignore_note) -> None:
        """Open or make the file, and its folders.

        Args:
            path: Also a named pipe or a device, which is only written to.
            policy: How the file is kept.
            header: Whole lines at the beginning of each file.
            on_note: Is told, in a sentence, what was cut off.

        Raises:
            InputError: If the file is to be gone on with and holds no lines.
            OSError: If it cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._policy = policy
        self._on_note = on_note
        self._header = header.encode()
        self._is_file = path.is_file() or not path.exists()  # rather than a pipe or device
        self._unsynced = False
        self._failure: OSError | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._open(append=policy.append and self._is_file)
        self._start_syncing()

    def reopen(self) -> bool:
        """Open the closed file again, and append to it; return False if it is a pipe or device.

        Raises:
            InputError: If another process writes to it, or it holds no lines.
            OSError: If it cannot be written.
        """
        if not self._is_file:
            return False
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._open(append=True)
        except BaseException:
            self._file.close()
            raise
        self._failure = None
        self._closing.clear()
        self._start_syncing()
        return True

    def write(self, lines: str) -> None:
        """Write whole lines: all of them, or none if the disk is full.

        Raises:
            OSError: If it cannot be done; `filename` is set.
        """
        content = lines.encode()
        limit = self._policy.rotate_bytes
        with self._lock:
            if self._failure:
                raise self._failure
            if self._is_file and limit and len(self._header) < self._size > limit - len(content):
                self._rotate()
            self._put(content)
            if not self._policy.sync_s:
                self._sync()

    def close(self) -> None:
        """Bring everything to the disk and close the file; raises as `write` does."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock, self._file:
            self._sync()
            if self._failure:
                raise self._failure

    def _start_syncing(self) -> None:
        self._thread = threading.Thread(target=self._sync_regularly, name=f"sync of {self._path}", daemon=True)
        if self._is_file and self._policy.sync_s:
            self._thread.start()

    def _open(self, append: bool) -> None:
        """Always to append, so that bytes cut off at the end leave no hole."""
        self._file = self._path.open("ab", buffering=0)
        if self._is_file:
            self._claim()
            if not self._is_file_at(self._path):  # another process has rotated it since it was opened
                self._file.close()
                self._open(append)
                return
            if self._is_file_at(self._older(1)):  # a rotation that was killed half way
                self._older(1).unlink()
        if append:
            self._repair()
        elif self._is_file:
            self._file.truncate(0)
        self._size = self._file.tell() if append else 0
        if self._header and self._size and not self._has_header():
            self._rotate()
        elif self._header and not self._size:
            self._put(self._header)

    def _is_file_at(self, path: Path) -> bool:
        return path.exists() and os.path.samestat(path.stat(), os.fstat(self._file.fileno()))

    def _claim(self) -> None:
        """Make sure that nobody else writes to the file, and that emptying it loses no picture or model."""
        fault = "" if lock_file(self._file.fileno()) else "another process writes to it; end that one, or name another"
        if not fault and _is_binary(self._path):
            fault = "expected a file of lines to go on with or begin anew, and it is a binary file; name another"
        if fault:
            self._file.close()
            raise InputError(f"{self._path}: {fault}")

    def _repair(self) -> None:
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _LONGEST_LINE, 0))
            tail = file.read()
        piece = len(tail) - (tail.rfind(b"\n") + 1)
        if piece == _LONGEST_LINE:
            self._file.close()
            raise InputError(f"{self._path}: expected a file of lines to go on with, and it ends in none; name another")
        if piece:
            self._file.truncate(size - piece)
            self._file.seek(0, os.SEEK_END)
            self._on_note(f"{self._path}: cut off {piece} bytes of a last line that was never completed")

    def _has_header(self) -> bool:
        with self._path.open("rb") as file:
            return file.read(len(self._header)) == self._header

    def _put(self, content: bytes) -> None:
        left = memoryview(content)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            if self._is_file:
                self._file.truncate(self._size)
            error.filename = str(self._path)
            raise
        self._size += len(content)
        self._unsynced = self._is_file

    def _rotate(self) -> None:
        self._sync()
        if os.name == "nt":  # where no open file can be renamed
            self._file.close()
            self._make_way(linked=False)
            self._open(append=False)
            return
        path = self._path.with_name(f".{self._path.name}.new")
        with ExitStack() as undo:
            new = undo.enter_context(path.open("wb", buffering=0))
            undo.callback(path.unlink)
            lock_file(new.fileno())
            new.write(self._header)
            self._make_way(linked=True)
            undo.pop_all()
        path.replace(self._path)
        self._file.close()  # and unlocked, now that the new file is locked and in its place
        self._file, self._size = new, len(self._header)

    def _make_way(self, *, linked: bool) -> None:
        """Let each older file become the next one, and the file itself the first of them.

        Args:
            linked: Whether the file keeps its own name too, so that no other process finds the place empty.
        """
        for number in range(self._policy.keep - 1, 0, -1):
            if self._older(number).exists():
                self._older(number).replace(self._older(number + 1))
        if linked:
            with suppress(OSError):  # a file system without hard links
                self._older(1).hardlink_to(self._path)
                return
        self._path.replace(self._older(1))

    def _older(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _sync(self) -> None:
        if self._unsynced:
            self._unsynced = False
            try:
                os.fsync(self._file.fileno())
            except OSError as error:
                error.filename = str(self._path)
                raise

    def _require_folder(self) -> None:
        """Raise where lines would be lost without an error, as the system goes on with a file that nobody can open."""
        if not self._path.parent.exists():
            raise FileNotFoundError(errno.ENOENT, "its folder was removed while it was written", str(self._path))

    def _sync_regularly(self) -> None:
        while not self._closing.wait(self._policy.sync_s):
            try:
                with self._lock:
                    self._sync()
                    self._require_folder()
            except OSError as error:  # raised again by the next write, or by close
                self._failure = error
                return


def _is_binary(path: Path) -> bool:
    """Return whether a file begins as no text does: like a picture, a video, a model or an archive."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).split(b"\n")[0].rstrip(b"\0")  # a power cut may leave zeros
    return any(byte < 9 or byte > 126 for byte in head)
