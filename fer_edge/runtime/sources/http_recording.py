"""A recording on a web server, fetched whole into a temporary file before it is read.

FFmpeg can read from a server, and ends without a word where the connection breaks.
"""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from fer_edge.errors import SourceError
from fer_edge.notes import OnNote
from fer_edge.runtime.sources.http_client import HttpClient, HttpError
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.temporary import temporary_folder

_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 5
"""Requests in a row that may bring nothing new."""
_BROKEN = (ConnectionError, TimeoutError, ssl.SSLError, http.client.HTTPException)
"""Exceptions of a connection that breaks; others are the disk's."""
_LARGE_FILES = Path("/var/tmp")
"""Folder on a disk; /tmp is often in memory."""
_KEPT_FREE_BYTES = 64 << 20


class FetchedVideo(VideoFile):
    """A video in a temporary folder that goes with it."""

    def __init__(self, path: Path, description: str, folder: ExitStack) -> None:
        """Open `path`, a file in `folder`, which ends with this video if it can be opened."""
        super().__init__(path, description)
        self._folder = folder.pop_all()

    def close(self) -> None:
        """Close the file and remove it."""
        super().close()
        self._folder.close()


def fetch_recording(client: HttpClient, on_note: OnNote) -> VideoFile:
    """Fetch the whole file that is at an address, then open it.

    Raises:
        InputError: If it is no video.
        SourceError: If it does not come whole, or the disk has no room for it.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder(_roomy_folder(), "recording"))
        path = folder / "recording"
        with path.open("wb") as file:
            _fetch(client, file, on_note)
        return FetchedVideo(path, str(client.address), stack)


def _fetch(client: HttpClient, file: BinaryIO, on_note: OnNote) -> None:
    """Write the file, resuming where a connection broke if the server can."""
    length, furthest, failures = None, -1, 0
    while failures < _ATTEMPTS:
        try:
            with client.get(start=file.tell()) as response:
                length = _begin(response, file, client)
                if furthest < 0:
                    size = "" if length is None else f" ({length / 1e6:.1f} MB)"
                    on_note(f"{client.address}: fetching the recording{size} before it is read")
                _copy(response, file, client)
            if length is None or file.tell() == length:
                return
        except HttpError:
            if furthest < 0:
                raise
        except _BROKEN:
            pass  # counted below
        failures = 0 if file.tell() > furthest else failures + 1
        furthest = max(furthest, file.tell())
    whole = "the bytes" if length is None else f"its {length} bytes"
    raise HttpError(client.address, f"only {furthest} of {whole} came; check the network, and try again")


def _begin(response: http.client.HTTPResponse, file: BinaryIO, client: HttpClient) -> int | None:
    """Return the file's whole length, and start again where the server sends all of it again."""
    if file.tell() and response.status != http.client.PARTIAL_CONTENT:
        file.seek(0)
        file.truncate()
    if response.length is None:
        return None
    free = shutil.disk_usage(Path(file.name).parent).free - _KEPT_FREE_BYTES
    if response.length > free:
        raise SourceError(
            f"{client.address}: {response.length / 1e6:.0f} MB are to be fetched, and {Path(file.name).parent} has "
            f"{max(free, 0) / 1e6:.0f} MB; set TMPDIR to a folder with room"
        )
    return file.tell() + int(response.length)


def _copy(response: http.client.HTTPResponse, file: BinaryIO, client: HttpClient) -> None:
    while chunk := response.read(_CHUNK_BYTES):
        if response.length is None and shutil.disk_usage(Path(file.name).parent).free < _KEPT_FREE_BYTES:
            raise SourceError(f"{client.address}: the recording has no end that fits on the disk")
        file.write(chunk)


def _roomy_folder() -> Path | None:
    if "TMPDIR" in os.environ or not os.access(_LARGE_FILES, os.W_OK):
        return None
    return _LARGE_FILES
