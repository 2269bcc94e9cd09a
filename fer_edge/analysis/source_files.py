"""Files to analyze: videos, pictures and logs of earlier runs, named by themselves, by folders and by patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from fer_edge.analysis.named_files import NamedFile, Wanted, find_files
from fer_edge.names import printable
from fer_edge.native_paths import real_path
from fer_edge.pictures.decoding import is_picture
from fer_edge.runtime.sources.image_files import is_still, promises_picture

_VIDEO_FORMATS = "3gp asf avi flv gif h264 h265 m2ts m4v mjpeg mjpg mkv mov mp4 mpeg mpg mts mxf ogv ts vob webm wmv"
_VIDEO_SUFFIXES = frozenset(f".{name}" for name in _VIDEO_FORMATS.split())
"""Suffixes of videos in folders; a file that is named itself may have any."""

_LOG_SUFFIX = ".jsonl"


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
        name: Its name in tables: the path as it was named or found.
        kind: Kind of file.
        size: Its size in bytes.
        modified_ns: Time of its last change, in nanoseconds since 1970.
    """

    path: Path
    name: str
    kind: Kind
    size: int
    modified_ns: int


def find_sources(names: Sequence[str], *, recursive: bool = False, apart_from: Path | None = None) -> list[SourceFile]:
    """Return the files that are named, as `find_files` does.

    A file that is named itself is returned whatever it holds, so that it gets an error of its own.

    Args:
        names: Files, folders and patterns such as `videos/*.mp4`, as a user types them; `**` stands for all folders.
        recursive: Search the folders below the named ones, but not those behind links.
        apart_from: Folder that is not searched, such as the one that results are written to.

    Raises:
        InputError: If a name leads nowhere, a pattern fits nothing, or a folder holds nothing to analyze.
    """
    excluded = None if apart_from is None else real_path(apart_from)

    def is_wanted(path: Path) -> bool:
        is_known = path.suffix.lower() in (*_VIDEO_SUFFIXES, _LOG_SUFFIX) or promises_picture(path) or is_picture(path)
        return is_known and path.is_file() and (excluded is None or excluded not in real_path(path).parents)

    wanted = Wanted("a video, a picture, a .jsonl log", "videos, pictures or .jsonl logs", "videos/*.mp4", is_wanted)
    return [_source(file) for file in find_files(names, wanted, recursive=recursive)]


def _source(file: NamedFile) -> SourceFile:
    path, status = file.path, file.path.stat()
    return SourceFile(path.absolute(), printable(str(path)), _kind(path), status.st_size, status.st_mtime_ns)


def _kind(path: Path) -> Kind:
    if path.suffix.lower() == _LOG_SUFFIX:
        return Kind.LOG
    # A GIF may be either; of the others the suffix says enough, and no file is opened for nothing.
    is_named_video = path.suffix.lower() in _VIDEO_SUFFIXES - {".gif"}
    return Kind.PICTURE if not is_named_video and is_still(path) else Kind.VIDEO
