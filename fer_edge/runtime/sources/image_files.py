"""Image files, read one after another."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.names import printable, some
from fer_edge.pictures.decoding import decode_picture, is_animated, is_animated_gif, is_picture
from fer_edge.pictures.size import read_moderate
from fer_edge.runtime.sources.recordings import open_video
from fer_edge.runtime.sources.source import Frame, Source

_PROMISED = re.compile(r"\.(avif|bmp|gif|heic|heif|jfif|jp2|jpe|jpeg|jpg|jxl|pgm|png|ppm|tif|tiff|webp)", re.IGNORECASE)
"""Suffixes of pictures: a file with one that is not a picture by its content is reported as unreadable."""


def promises_picture(path: Path) -> bool:
    """Return whether a file is named like a picture, whatever its content."""
    return bool(_PROMISED.fullmatch(path.suffix))


def is_still(path: Path) -> bool:
    """Return whether a file, given by itself rather than in a folder, is read as a picture and not as a video.

    An animated GIF is a video. A file that is named like a picture but is none is a video if it can be read as one.
    """
    if is_picture(path):
        return not is_animated_gif(path)
    # OpenCV opens it by its name alone, as an image sequence, and then reads no frame.
    return promises_picture(path) and not open_video(path).read()[0]


class ImageFiles(Source):
    """Image files one after another; unreadable ones are skipped, with one note for each reason."""

    def __init__(self, description: str, paths: list[Path], notes: tuple[str, ...] = ()) -> None:
        """Prepare to read `paths`; `notes` are the notes about them so far."""
        super().__init__(description, live=False, fps=None, stills=True)
        self.notes.extend(notes)
        self._paths = paths

    @staticmethod
    def in_folder(folder: Path) -> ImageFiles:
        """Return the pictures directly in `folder`, with any suffix, `2.jpg` before `10.jpg`.

        Raises:
            InputError: If there is none.
        """
        files, folders = _listed(folder)
        paths = [path for path in files if promises_picture(path) or is_picture(path)]
        others = sorted(set(files) - set(paths), key=natural_order)
        if not paths:
            found = f"only {_names([*others, *folders])}" if others or folders else "nothing"
            raise InputError(
                f"{folder}: expected pictures (such as JPEG, PNG or WebP) directly in this folder, found {found}; "
                "name the folder they are in"
            )
        notes = []
        if others:
            notes.append(f"{folder}: {_names(others)} skipped: not pictures by their content")
        if folders:
            notes.append(f"{folder}: {_names(folders)} skipped: only pictures directly in the folder are read")
        return ImageFiles(f"{folder} ({len(paths)} images)", paths, tuple(notes))

    def __iter__(self) -> Iterator[Frame]:
        remarks = _Remarks(self.notes)
        is_any_read = False
        for number, path in enumerate(self._paths):
            try:
                content = read_moderate(path)
                image = decode_picture(content)
            except (OSError, InputError) as error:
                remarks.add(path, f"skipped: {_cause(error)}")
                continue
            if is_animated(content):
                remarks.add(path, "animated: only the first picture was read")
            is_any_read = True
            yield Frame(image, number, time.time(), name=printable(path.name))
        if not is_any_read:
            raise InputError(f"{self.description}: expected pictures that can be read; {remarks.take_back()}")

    def share_done(self, frame: Frame) -> float:
        """Return the share of the pictures up to a frame, 0..1."""
        return (frame.number + 1) / len(self._paths)

    def close(self) -> None:
        """Do nothing, as nothing is open."""


class _Remarks:
    """Remarks on files, kept in `notes` as one note for each reason."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._before = len(notes)
        self._names: dict[str, list[str]] = {}

    def add(self, path: Path, reason: str) -> None:
        self._names.setdefault(reason, []).append(path.name)
        self._notes[self._before :] = [f"{some(names)} {reason}" for reason, names in self._names.items()]

    def take_back(self) -> str:
        """Remove the remarks from the notes and return them as one sentence."""
        text = "; ".join(self._notes[self._before :])
        del self._notes[self._before :]
        return text


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the files and folders in a folder, without those hidden by a leading dot.

    Dangling links count as files; pipes and devices are left out.
    """
    entries = [path for path in folder.iterdir() if not path.name.startswith(".") or is_picture(path)]
    entries.sort(key=natural_order)
    files = [path for path in entries if path.is_file() or (path.is_symlink() and not path.exists())]
    return files, [path for path in entries if path.is_dir()]


def _names(paths: list[Path]) -> str:
    return some([path.name for path in paths])


def _cause(error: OSError | InputError) -> str:
    """Return the reason in one line, without the path that an OSError repeats."""
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else str(error)


def natural_order(path: Path) -> list[tuple[int, str]]:
    """Return a key that sorts `2.jpg` before `10.jpg`."""
    parts = [part for part in re.split(r"(\d+)", path.name.lower()) if part]
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
