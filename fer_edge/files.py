"""Reading of text files, and atomic writing: beside the final place, then moved into it."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.temporary import temporary_folder, try_lock

DAMAGED_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # a compression method that does not exist
    OSError,
    RuntimeError,  # a member that claims to be encrypted
    ValueError,  # a position before the file's beginning, a name in no encoding
)
"""Exceptions of Python's zipfile on a damaged file."""

_LARGEST_TEXT_BYTES = 64 << 20
"""Largest text file that is read; a hundred thousand names take 5 MB."""

_CHUNK = 1 << 20
"""Bytes written at once."""

_STEM_LENGTH = 40
"""Characters of a file's name that its temporary folder's name has, as systems limit the length of names."""


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to, and move the file into place if the block succeeds.

    The temporary name keeps `path`'s suffixes, since many writers choose the format by them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(path.parent, f".{path.stem[:_STEM_LENGTH]}") as folder:
        temporary = folder / path.name
        try:
            yield temporary
            temporary.replace(path)
        except OSError as error:
            # Writing to a full disk names no file, and the temporary one is not the user's.
            if error.errno is not None and error.filename in (None, temporary, str(temporary)):
                error.filename = str(path)
                error.filename2 = None
            raise


def write_atomic(path: Path, content: bytes | str) -> None:
    """Write `content` (text as UTF-8) to `path`, completely or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


def require_room(path: Path, size: int) -> None:
    """Raise if the disk has no room for a file at `path` of `size` bytes, for writers that a full disk crashes.

    Raises:
        OSError: If there is no room, or the folder cannot be written to.
    """
    try:
        with tempfile.TemporaryFile(dir=path.parent) as file:
            for start in range(0, size, _CHUNK):
                file.write(bytes(min(_CHUNK, size - start)))
            file.flush()
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def sole_user(folder: Path) -> Iterator[None]:
    """Lock `folder` for writing in the block against other processes of this project; make it if it is missing.

    The system releases the lock with the process. Windows has no locks for folders.

    Raises:
        InputError: If another process holds the folder, or it is a file.
    """
    is_new = not folder.exists()
    if not is_new and not folder.is_dir():
        raise InputError(f"{folder}: expected a folder, got a file; choose another folder")
    descriptor: int | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = None if sys.platform == "win32" else os.open(folder, os.O_RDONLY)
        if descriptor is not None and not lock_file(descriptor):
            raise InputError(f"{folder}: another process writes to it; wait for its end, or choose another folder")
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)
        if is_new and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def lock_file(descriptor: int) -> bool:
    """Lock an open file or folder until it is closed; return False if another process, or opening, has locked it.

    Where the system or the file system has no such locks, nothing is locked.
    """
    return sys.platform == "win32" or try_lock(descriptor) is not False


def read_text_file(path: Path, expected: str) -> str:
    """Return the text of a UTF-8 file, with or without a byte order mark.

    Args:
        path: A regular file: a device may never end, and reading from a pipe would wait and consume it.
        expected: Description for messages, such as "a configuration file".

    Raises:
        InputError: If the file is missing, not regular, too large or not text.
    """
    require_regular_file(path, expected)
    if path.stat().st_size > _LARGEST_TEXT_BYTES:
        raise InputError(f"{path}: expected {expected}, got a file of more than {_LARGEST_TEXT_BYTES >> 20} MiB")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected {expected} in UTF-8, got something else ({error})") from error


def require_regular_file(path: Path, expected: str) -> None:
    """Check that a path leads to a regular file, before it is opened.

    Raises:
        InputError: If it does not; the message says what was found.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(f"{path}: no such file; expected {expected}") from error
    except ValueError as error:  # a NUL in it
        raise InputError(f"{path}: expected the name of {expected}, got one that no file can have") from error
    if not stat.S_ISREG(mode):
        found = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise InputError(f"{path}: expected {expected}, got {found}")


def sha256_file(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
