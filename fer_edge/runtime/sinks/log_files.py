"""Log files that survive crashes and power cuts: whole lines, on the disk within a second, rotated by size."""

from __future__ import annotations

import errno
import os
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import lock_file
from fer_edge.native_paths import link_followed
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.sinks.retention import Retention

_LONGEST_LINE = 1 << 20
_HEAD_BYTES = 16
LEAST_KEPT_S = 60
"""Least time that lines can be kept for."""


@dataclass(frozen=True)
class LogPolicy:
    """Rules for keeping a log file.

    Attributes:
        append: Append to an existing file rather than overwrite it.
        rotate_bytes: Size at which the file becomes `NAME.1`, `NAME.1` becomes `NAME.2`, and so on; `None` for never.
        keep: Number of rotated files that are kept.
        sync_s: Seconds after which a line is safe from a power cut at the latest; 0 to sync each line, which is slow.
        keep_s: Greatest age of a line, seconds; older files are rotated and deleted in time. `None` for no limit.
    """

    append: bool = False
    rotate_bytes: int | None = None
    keep: int = 10
    sync_s: float = 1.0
    keep_s: float | None = None

    def __post_init__(self) -> None:
        if self.keep < 1 or self.sync_s < 0 or (self.rotate_bytes is not None and self.rotate_bytes < 1):
            raise InputError(f"expected rotate_bytes and keep of at least 1 and sync_s of at least 0, got {self}")
        if self.keep_s is not None and self.keep_s < LEAST_KEPT_S:
            raise InputError(f"expected keep_s of at least {LEAST_KEPT_S} s, got {self.keep_s:g}")


class LogFile:
    """A file of lines: each is handed to the system whole and at once, and is on the disk within `sync_s`.

    Before a file is appended to, an incomplete last line is cut off, as a power cut leaves one; a file with another
    header is rotated.
    """

    def __init__(self, path: Path, policy: LogPolicy, header: str = "", on_note: OnNote = ignore_note) -> None:
        """Open or create the file and its folders.

        Args:
            path: File to write, or a named pipe or device, which is never rotated or truncated.
            policy: Rules of flushing, rotation and deletion.
            header: Whole lines at the beginning of each file.
            on_note: Takes a note if an incomplete line was cut off.

        Raises:
            InputError: If the file is not a text file, or another process writes to it.
            OSError: If it cannot be written.
        """
        path = link_followed(path)  # so that rotated files lie beside the log itself
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
        self._retention = (
            Retention(path, policy.keep_s, on_note=on_note) if policy.keep_s is not None and self._is_file else None
        )
        self._open(append=policy.append and self._is_file)
        self._retire()
        self._start_syncing()

    def reopen(self) -> bool:
        """Reopen the closed file and append to it; return False for a pipe or device.

        Raises:
            InputError: If the file is not a text file, or another process writes to it.
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
            OSError: If writing fails, now or in an earlier sync; `filename` is set.
        """
        content = lines.encode()
        limit = self._policy.rotate_bytes
        with self._lock:
            if self._failure:
                raise self._failure
            self._retire()
            if self._is_file and limit and len(self._header) < self._size > limit - len(content):
                self._rotate()
            self._put(content)
            if not self._policy.sync_s:
                self._sync()

    def close(self) -> None:
        """Sync the file to the disk and close it; raises as `write` does."""
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
        """Open the file in append mode, so that bytes cut off at its end leave no hole."""
        self._file = self._path.open("ab", buffering=0)
        if self._is_file:
            self._claim()
            if not self._is_file_at(self._path):  # another process has rotated it since it was opened
                self._file.close()
                self._open(append)
                return
            if self._is_file_at(self._rotated(1)):  # a rotation that was killed halfway
                self._rotated(1).unlink()
        if append:
            self._cut_off_incomplete_line()
        elif self._is_file:
            self._file.truncate(0)
            if self._retention is not None:
                self._retention.begin()
        self._size = self._file.tell() if append else 0
        if self._header and self._size and not self._has_header():
            self._rotate()
        elif self._header and not self._size:
            self._put(self._header)

    def _is_file_at(self, path: Path) -> bool:
        return path.exists() and os.path.samestat(path.stat(), os.fstat(self._file.fileno()))

    def _claim(self) -> None:
        """Lock the file, and refuse one whose overwriting would lose a picture or model."""
        fault = "" if lock_file(self._file.fileno()) else "another process writes to it; end it, or choose another file"
        if not fault and _is_binary(self._path):
            fault = "expected a text file to append to or overwrite, got a binary file; choose another file"
        if fault:
            self._file.close()
            raise InputError(f"{self._path}: {fault}")

    def _cut_off_incomplete_line(self) -> None:
        with self._path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _LONGEST_LINE, 0))
            tail = file.read()
        piece = len(tail) - (tail.rfind(b"\n") + 1)
        if piece == _LONGEST_LINE:
            self._file.close()
            raise InputError(f"{self._path}: expected a text file to append to, got one without lines; choose another")
        if piece:
            self._file.truncate(size - piece)
            self._file.seek(0, os.SEEK_END)
            self._on_note(f"{self._path}: cut off {piece} bytes of an incomplete last line")

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

    def _retire(self) -> None:
        """Rotate the file if its first line is old, and delete older files in time; looks only now and then."""
        if self._retention is None or not self._retention.is_check_due():
            return
        if self._size > len(self._header) and self._retention.is_rotation_due():
            self._rotate()
        self._retention.delete_expired(self._rotated(number) for number in range(1, self._policy.keep + 1))

    def _rotate(self) -> None:
        self._sync()
        if self._retention is not None:
            self._retention.begin()
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
        """Rename each rotated file to the next number, and the file itself to number 1.

        Args:
            linked: Let the file keep its own name too, so that no other process finds that name free.
        """
        for number in range(self._policy.keep - 1, 0, -1):
            if self._rotated(number).exists():
                self._rotated(number).replace(self._rotated(number + 1))
        if linked:
            with suppress(OSError):  # a file system without hard links
                self._rotated(1).hardlink_to(self._path)
                return
        self._path.replace(self._rotated(1))

    def _rotated(self, number: int) -> Path:
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
        """Raise if the folder is gone: writing would still succeed, to a file that nobody can open."""
        if not self._path.parent.exists():
            raise FileNotFoundError(errno.ENOENT, "its folder was removed while it was written", str(self._path))

    def _sync_regularly(self) -> None:
        while not self._closing.wait(self._policy.sync_s):
            try:
                with self._lock:
                    self._sync()
                    self._require_folder()
                    self._retire()
            except OSError as error:  # raised again by the next write, or by close
                self._failure = error
                return


def _is_binary(path: Path) -> bool:
    """Return whether a file begins with bytes that no text has, as pictures, videos, models and archives do."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES).split(b"\n")[0].rstrip(b"\0")  # a power cut may leave zeros
    return any(byte < 9 or byte > 126 for byte in head)
