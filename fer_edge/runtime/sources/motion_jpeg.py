"""Motion JPEG over HTTP: pictures as the parts of one endless answer, each of limited size.

FFmpeg reads such a stream too, but keeps all of a part that has no end in memory.
"""

from __future__ import annotations

import http.client
import re
import time

from fer_edge.errors import InputError, SourceError
from fer_edge.pictures.decoding import decode_picture
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.http_client import HttpClient

_LARGEST_PART = 32 << 20
_LARGEST_LINE = 64 << 10
_MOST_HEADERS = 100
_CHUNK_BYTES = 1 << 16
_ENDED = "the connection has ended"
_JPEG_END = b"\xff\xd9"
"""Marker that some cameras leave out."""


class MotionJpegCapture:
    """Capture of the picture in each part of an answer; an undecodable part is a miss."""

    def __init__(self, client: HttpClient, timeout_s: float) -> None:
        """Request the stream.

        Args:
            client: Client of the stream's address.
            timeout_s: Most seconds from the beginning of a part to its end.

        Raises:
            SourceError: If there is no answer.
        """
        self._client = client
        self._timeout_s = timeout_s
        self._deadline = float("inf")
        self._boundary = b""
        self._boundary_read = False
        self._waiting = bytearray()
        self._response = client.get()

    def read(self) -> Image | None:
        """Wait for the next part and return its picture, uint8 (H, W, 3) BGR; `None` if it cannot be decoded.

        Raises:
            SourceError: If the stream has ended or is not multipart.
        """
        self._deadline = time.monotonic() + self._timeout_s
        try:
            part = self._read_part()
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(self._client.failure(error).reason) from error
        try:
            return decode_picture(part + _JPEG_END)
        except InputError:
            return None

    def close(self) -> None:
        """Close the connection."""
        self._response.close()

    def _read_part(self) -> bytes:
        if not self._boundary_read:
            line = self._find_boundary()
            self._boundary = self._boundary or line
        length = self._read_length()
        # Some servers send the next boundary with the next picture; waiting for it would delay this one.
        self._boundary_read = length is None
        return self._read_until_boundary() if length is None else self._read_whole(length)

    def _find_boundary(self) -> bytes:
        """Skip to the next line that begins with two hyphens, and return it.

        The boundary is read from the stream, as some cameras name another one in their headers.
        """
        skipped = 0
        while not (line := self._read_line()).startswith(b"--"):
            skipped += len(line)
            if skipped > _LARGEST_LINE:
                raise SourceError("expected a stream of pictures, got no boundary between two of them")
        return line.rstrip()

    def _read_length(self) -> int | None:
        """Read a part's headers and return the length that they state, if any."""
        length = None
        for _ in range(_MOST_HEADERS):
            line = self._read_line()
            if not line.strip():
                return length
            stated = re.fullmatch(rb"content-length\s*:\s*(\d{1,12})\s*", line, re.IGNORECASE)
            length = int(stated[1]) if stated else length
        raise SourceError(f"a picture of the stream has more than {_MOST_HEADERS} headers")

    def _read_whole(self, length: int) -> bytes:
        self._require_size(length)
        while len(self._waiting) < length:
            if not self._receive():
                raise SourceError(_ENDED)
        return self._take(length)

    def _read_until_boundary(self) -> bytes:
        part = bytearray()
        while not (line := self._read_line()).startswith(self._boundary):
            part += line
            self._require_size(len(part))
        return bytes(part)

    def _read_line(self) -> bytes:
        """Return the next line with its end, or its first 64 KiB; a response's own `readline` has no deadline."""
        while not (end := self._waiting.find(b"\n", 0, _LARGEST_LINE) + 1) and len(self._waiting) < _LARGEST_LINE:
            if not self._receive():
                break
        if not self._waiting:
            raise SourceError(_ENDED)
        return self._take(end or _LARGEST_LINE)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._waiting[:size])
        del self._waiting[:size]
        return taken

    def _receive(self) -> bool:
        """Wait for more bytes; return False at the end of the stream."""
        received = self._response.read1(_CHUNK_BYTES)
        if time.monotonic() > self._deadline:
            raise SourceError(f"no whole picture came in {self._timeout_s:g} s")
        self._waiting += received
        return bool(received)

    def _require_size(self, size: int) -> None:
        if size > _LARGEST_PART:
            raise SourceError(f"a picture of the stream is larger than {_LARGEST_PART >> 20} MiB")
