"""Files to analyze: videos, pictures and logs of earlier runs, named by themselves, by folders and by patterns."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fer_edge.analysis.picture_files import files_in, place_order
from fer_edge.errors import InputError
from fer_edge.names import printable
from fer_edge.native_paths import typed_path
from fer_edge.pictures import is_picture
from fer_edge.runtime.sources.image_files import is_still, promises_picture

_VIDEO_FORMATS = "3gp asf avi flv gif h264 h265 m2ts m4v mjpeg mjpg mkv mov mp4 mpeg mpg mts mxf ogv ts vob webm wmv"
_VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEO_FORMATS.split())
"""Suffixes of videos in folders; a file that is named itself may have any."""

_LOG_SUFFIX = ".jsonl"
_WILDCARDS = frozenset("*?[")


class Kind(str, Enum):
    """Kinds of files."""

    VIDEO = "video"
    PICTURE = "picture"
    LOG = "log"


@dataclass(frozen=True)
class SourceFile:
    """A file to analyze.

    Attributes:
        path: Its absolute path.
        name: What it is called in tables: its path as it was named or found.
        place: Its path below the folder that was named, or its name if it was named itself.
        kind: Kind of file.
        size: Its size in bytes.
        modified_ns: Time of its last change, in nanoseconds since 1970.
    """

    path: Path
    name: str
    place: Path
    kind: Kind
    size: int
    modified_ns: int


def find_sources(names: Sequence[str], *, recursive: bool = False, apart_from: Path | None = None) -> list[SourceFile]:
    """Return the files that are named, in the order of the names; in a folder `2.mp4` comes before `10.mp4`.

    A file that is named itself is returned whatever it holds, so that it gets an error of its own. Each is returned
    once.

    Args:
        names: Files, folders and patterns such as `videos/*.mp4`, as a user types them; `**` stands for all folders.
        recursive: Search the folders below the named ones, but not those behind links.
        apart_from: Folder of which nothing is returned, such as the one that results are written to.

    Raises:
        InputError: If a name leads nowhere, a pattern fits nothing, or a folder holds nothing to analyze.
    """
    excluded = None if apart_from is None else apart_from.resolve()
    found = [source for name in names for source in _named(name, excluded, recursive=recursive)]
    return list({source.path: source for source in reversed(found)}.values())[::-1]


def _named(name: str, excluded: Path | None, *, recursive: bool) -> list[SourceFile]:
    path = typed_path(name)
    if path.is_dir():
        return _in_folder(path, excluded, recursive=recursive)
    if path.exists():
        return [_source(path, Path(path.name))]
    if not _WILDCARDS & set(name):
        raise InputError(
            f"{name}: expected a video, a picture, a .jsonl log, a folder or a pattern, found no such file"
        )
    matches = sorted(map(Path, glob.glob(str(path), recursive=True)), key=place_order)  # noqa: PTH207  # absolute, too
    if not matches:
        raise InputError(f"{name}: expected a pattern that fits at least one file, got one that fits none")
    return [_source(match, Path(match.name)) for match in matches if match.is_file()]


def _in_folder(folder: Path, excluded: Path | None, *, recursive: bool) -> list[SourceFile]:
    paths = sorted(_wanted(folder, excluded, recursive=recursive), key=place_order)
    if not paths:
        advice = "name another folder" if recursive else "name the folder they are in, or search those below it too"
        raise InputError(f"{folder}: expected videos, pictures or .jsonl logs in this folder, found none; {advice}")
    return [_source(path, path.relative_to(folder)) for path in paths]


def _wanted(folder: Path, excluded: Path | None, *, recursive: bool) -> Iterator[Path]:
    for path in files_in(folder, recursive=recursive):
        is_known = path.suffix.lower() in (*_VIDEO_SUFFIXES, _LOG_SUFFIX) or promises_picture(path) or is_picture(path)
        if is_known and path.is_file() and (excluded is None or excluded not in path.resolve().parents):
            yield path


def _source(path: Path, place: Path) -> SourceFile:
    status = path.stat()
    return SourceFile(path.absolute(), printable(str(path)), place, _kind(path), status.st_size, status.st_mtime_ns)


def _kind(path: Path) -> Kind:
    if path.suffix.lower() == _LOG_SUFFIX:
        return Kind.LOG
    # A GIF may be either; of the others the suffix says enough, and no file is opened for nothing.
    is_named_video = path.suffix.lower() in _VIDEO_SUFFIXES - {".gif"}
    return Kind.PICTURE if not is_named_video and is_still(path) else Kind.VIDEO
