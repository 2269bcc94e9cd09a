"""Fetch a recording from a web server into a temporary file before it is read.

FFmpeg can read from a server, but ends without an error where the connection breaks.
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
"""Requests in a row that may deliver nothing new."""
_BROKEN = (ConnectionError, TimeoutError, ssl.SSLError, http.client.HTTPException)
"""Exceptions of a broken connection; other OSErrors are the disk's."""
_LARGE_FILES = Path("/var/tmp")
"""Folder on a disk, as /tmp is often in memory."""
_KEPT_FREE_BYTES = 64 << 20


class FetchedVideo(VideoFile):
    """A video with the temporary folder that holds it."""

    def __init__(self, path: Path, description: str, folder: ExitStack) -> None:
        """Open `path`, a file in `folder`, and take over the folder if it can be opened."""
        super().__init__(path, description)
        self._folder = folder.pop_all()

    def close(self) -> None:
        """Close the file and remove it."""
        super().close()
        self._folder.close()


def fetch_recording(client: HttpClient, on_note: OnNote) -> VideoFile:
    """Fetch the whole file at the client's address, then open it.

    Raises:
        InputError: If it is not a video.
        SourceError: If it does not arrive whole, or the disk has no room for it.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(temporary_folder(_roomy_folder(), "recording"))
        path = folder / "recording"
        with path.open("wb") as file:
            _fetch(client, file, on_note)
        return FetchedVideo(path, str(client.address), stack)


def _fetch(client: HttpClient, file: BinaryIO, on_note: OnNote) -> None:
    """Write the file; resume where a connection broke, if the server can."""
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
    """Return the file's whole length; start from its beginning if the server sends all of it again."""
    if file.tell() and response.status != http.client.PARTIAL_CONTENT:
        file.seek(0)
        file.truncate()
    if response.length is None:
        return None
    free = _free_bytes(file)
    if response.length > free:
        raise SourceError(
            f"{client.address}: {response.length / 1e6:.0f} MB are to be fetched, and {Path(file.name).parent} has "
            f"{max(free, 0) / 1e6:.0f} MB; set TMPDIR to a folder with room"
        )
    return file.tell() + int(response.length)


def _copy(response: http.client.HTTPResponse, file: BinaryIO, client: HttpClient) -> None:
    while chunk := response.read(_CHUNK_BYTES):
        if response.length is None and _free_bytes(file) < 0:
            raise SourceError(
                f"{client.address}: the recording does not fit on the disk; set TMPDIR to a folder with room"
            )
        file.write(chunk)


def _free_bytes(file: BinaryIO) -> int:
    """Return the space that the file may still take; negative if there is too little for other programs."""
    return shutil.disk_usage(Path(file.name).parent).free - _KEPT_FREE_BYTES


def _roomy_folder() -> Path | None:
    """Return a folder on a disk, or `None` for the default one."""
    if "TMPDIR" in os.environ or not os.access(_LARGE_FILES, os.W_OK):
        return None
    return _LARGE_FILES
