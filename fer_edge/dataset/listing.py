"""Files in a folder or zip of labelled faces, and entries that cannot be read. No TensorFlow."""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fer_edge.errors import DataError
from fer_edge.names import printable

MAX_IMAGE_BYTES = 4 * 2**20
"""Largest image file, bytes: a 48x48 JPEG has some 1,500, a phone's face crop perhaps a million."""

MAX_ARCHIVE_BYTES = 8 * 2**30
MAX_ARCHIVE_FILES = 2_000_000
_MAX_STRAYS = 50_000
"""Files and folders beside those of the classes; a whole disk or home folder has more."""
_MAX_DEPTH = 32
"""Folders within each other; a link can go round in more ways than up."""

_SYSTEM_NAMES = {"thumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
_COMPRESSIONS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA}
_OTHER_COMPRESSIONS = {1: "Shrink", 6: "Implode", 9: "Deflate64", 93: "Zstandard", 95: "XZ", 96: "JPEG", 98: "PPMd"}
"""Compression methods by their number in a zip (PKWARE's APPNOTE.TXT, section 4.4.5)."""

_Identity = tuple[int, int]
"""Device and inode of a folder, which are equal for all links to it."""


@dataclass(frozen=True)
class RawFile:
    """A file that can be read.

    Attributes:
        path: Path within the folder or zip.
        size: Size in bytes.
        read: Returns the content, cut off one byte after `MAX_IMAGE_BYTES`; raises one of `DAMAGED_ZIP_ERRORS`.
        checksum: Returns the CRC-32 of the content; raises `OSError`.
    """

    path: PurePosixPath
    size: int
    read: Callable[[], bytes]
    checksum: Callable[[], int]


@dataclass(frozen=True)
class Unreadable:
    """A link, file or folder that cannot be read.

    Attributes:
        path: Path within the folder or zip.
        reason: Reason in words that follow the name: "is a broken link".
    """

    path: PurePosixPath
    reason: str


@dataclass(frozen=True)
class Listing:
    """Content of a folder or a zip.

    Attributes:
        files: Files that can be read, in an order that depends on their names alone.
        unreadable: Entries that cannot be read.
        folders: Folders, including empty ones.
        system_files: Hidden files and those of operating systems, such as `Thumbs.db`.
    """

    files: tuple[RawFile, ...]
    unreadable: tuple[Unreadable, ...]
    folders: tuple[PurePosixPath, ...]
    system_files: tuple[PurePosixPath, ...]


_Entry = RawFile | Unreadable | PurePosixPath
"""A file, an unreadable entry or a folder."""


def list_folder(root: Path, is_of_class: Callable[[PurePosixPath], bool] = lambda _: True) -> Listing:
    """List a folder. Symbolic links are followed, except those to a folder that they lie in.

    Args:
        root: The folder.
        is_of_class: Whether a path within it lies in a class folder.

    Raises:
        DataError: If `root` itself cannot be read, or holds too much else than class folders.
    """
    entries, strays = list[_Entry](), 0
    for entry in _walk(root, PurePosixPath(), ()):
        entries.append(entry)
        strays += not is_of_class(_path(entry))
        if strays > _MAX_STRAYS or len(entries) > MAX_ARCHIVE_FILES:
            raise DataError(_too_many(root, strays))
    for entry in entries[:1]:
        if isinstance(entry, Unreadable) and entry.path == PurePosixPath():
            raise DataError(f"{printable(str(root))} {entry.reason}")
    return _listing(entries, key=lambda path: path.parts)


def _too_many(root: Path, strays: int) -> str:
    shown = printable(str(root))
    if strays <= _MAX_STRAYS:
        return f"{shown}: expected at most {MAX_ARCHIVE_FILES:,} files, got more; give a part of them"
    return (
        f"{shown}: expected a data set's own folder, got one with more than {_MAX_STRAYS:,} files outside of "
        "train/<expression>/ and validation/<expression>/; give the folder that holds train/ and validation/"
    )


def list_zip(path: Path, archive: zipfile.ZipFile) -> Listing:
    r"""List a zip. Backslashes in names, as Windows PowerShell 5 writes them, separate folders.

    Raises:
        DataError: If the zip is encrypted, unpacks to too much, or holds a member outside itself.
    """
    members = archive.infolist()
    if len(members) > MAX_ARCHIVE_FILES or sum(info.file_size for info in members) > MAX_ARCHIVE_BYTES:
        raise DataError(f"{path} unpacks to more than {MAX_ARCHIVE_BYTES >> 30} GiB or {MAX_ARCHIVE_FILES} files")
    entries = [_member(path, archive, info) for info in members]
    last = {entry.path: entry for entry in entries if isinstance(entry, RawFile)}
    return _listing([_unless_replaced(entry, last) for entry in entries], key=str)


def _unless_replaced(entry: _Entry, last: dict[PurePosixPath, RawFile]) -> _Entry:
    """Return `entry`; unreadable if a later member has its name, which would overwrite it when the zip is unpacked."""
    if isinstance(entry, RawFile) and last[entry.path] is not entry:
        return Unreadable(entry.path, "is replaced by a later member of the same name")
    return entry


def _listing(entries: list[_Entry], key: Callable[[PurePosixPath], tuple[str, ...] | str]) -> Listing:
    ordered = sorted(entries, key=lambda entry: key(_path(entry)))
    own = [entry for entry in ordered if not _is_of_system(_path(entry))]
    return Listing(
        tuple(entry for entry in own if isinstance(entry, RawFile)),
        tuple(entry for entry in own if isinstance(entry, Unreadable)),
        tuple(entry for entry in own if isinstance(entry, PurePosixPath)),
        tuple(path for path in map(_path, ordered) if _is_of_system(path)),
    )


def _path(entry: _Entry) -> PurePosixPath:
    return entry if isinstance(entry, PurePosixPath) else entry.path


def _is_of_system(path: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) or part.lower() in _SYSTEM_NAMES for part in path.parts)


def _walk(folder: Path, path: PurePosixPath, ancestors: tuple[_Identity, ...]) -> Iterator[_Entry]:
    """Yield the entries of `folder`, which is at `path` within the root, below the folders `ancestors`."""
    try:
        status = folder.stat()
        identity = status.st_dev, status.st_ino
        if identity in ancestors:
            yield Unreadable(path, "is a link to a folder that it lies in")
        elif len(ancestors) > _MAX_DEPTH:
            yield Unreadable(path, f"lies more than {_MAX_DEPTH} folders deep")
        else:
            with os.scandir(folder) as entries:
                for entry in entries:
                    yield from _walk_entry(entry, path / entry.name, (*ancestors, identity))
    except OSError as error:
        yield Unreadable(path, _reason(error))


def _walk_entry(entry: os.DirEntry[str], path: PurePosixPath, ancestors: tuple[_Identity, ...]) -> Iterator[_Entry]:
    try:
        status = entry.stat()
    except OSError as error:
        yield Unreadable(path, "is a broken link" if entry.is_symlink() else _reason(error))
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _file(Path(entry.path), path, status)
        return
    yield path
    if not _is_of_system(path):
        yield from _walk(Path(entry.path), path, ancestors)


def _reason(error: OSError) -> str:
    return f"cannot be read ({error.strerror or error})"


def _file(file: Path, path: PurePosixPath, status: os.stat_result) -> RawFile | Unreadable:
    if not stat.S_ISREG(status.st_mode):
        return Unreadable(path, "is a pipe, socket or device")

    def read() -> bytes:
        with file.open("rb") as opened:
            return opened.read(MAX_IMAGE_BYTES + 1)

    return RawFile(path, status.st_size, read, lambda: zlib.crc32(read()))


def _member(source: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Entry:
    name = info.filename.replace("\\", "/")
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise DataError(f"{source} holds a member outside itself: {printable(info.filename)}")
    if info.flag_bits & 0x1:
        raise DataError(f"{source} is encrypted; unpack it and give the folder")
    if not path.parts:
        return Unreadable(PurePosixPath("(unnamed)"), "is a zip member without a name")
    if name.endswith("/"):
        return path
    if stat.S_ISLNK(info.external_attr >> 16):
        return Unreadable(path, "is a symbolic link, which leads nowhere in a zip; zip what it links to")
    if info.compress_type not in _COMPRESSIONS:
        method = _OTHER_COMPRESSIONS.get(info.compress_type, f"method {info.compress_type}")
        return Unreadable(
            path,
            f"is compressed with {method}, which Python cannot read; unpack the zip with 7-Zip and give the folder",
        )

    def read() -> bytes:
        with archive.open(info) as member:
            return member.read(MAX_IMAGE_BYTES + 1)

    return RawFile(path, info.file_size, read, lambda: info.CRC)
