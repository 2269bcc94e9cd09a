"""Snapshots: poll an address that returns one picture for each request."""

from __future__ import annotations

import http.client
import threading
import time

from fer_edge.errors import InputError, SourceError
from fer_edge.pictures.decoding import decode_picture
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.http_client import HttpClient, HttpError, TimedReader

INTERVAL_S = 1.0
"""Default seconds from one request to the next."""

_LEAST_PAUSE_S = 0.1
"""Least seconds between an answer and the next request, so that a slow server can do other work."""
_PAUSE_AFTER_FAILURE_S = 0.5
_LARGEST_BYTES = 64 << 20
_LONGEST_S = 30.0
"""Time for one picture; else a request that never ends would stay when the source is opened again."""


class SnapshotCapture:
    """Capture of one picture for each request; a failed request is a miss."""

    def __init__(
        self, client: HttpClient, interval_s: float, patience_s: float, closing: threading.Event | None = None
    ) -> None:
        """Prepare the first request.

        Args:
            client: Client of the address.
            interval_s: Seconds from one request to the next.
            patience_s: Seconds of failures after which `read` raises SourceError.
            closing: Ends the wait for the next request when it is set, and no request follows.
        """
        self._client = client
        self._interval_s = interval_s
        self._patience_s = patience_s
        self._closing = closing or threading.Event()
        self._due = time.monotonic()
        self._worked = time.monotonic()

    def read(self) -> Image | None:
        """Wait until the next request is due, and return its picture; `None` if it failed or the source is closing.

        Raises:
            SourceError: If no request has succeeded for `patience_s`.
        """
        if self._closing.wait(max(self._due - time.monotonic(), 0)):
            return None
        began = time.monotonic()
        image = self._ask()
        pause_s = _PAUSE_AFTER_FAILURE_S if image is None else _LEAST_PAUSE_S
        self._due = max(began + self._interval_s, time.monotonic() + pause_s)
        return image

    def close(self) -> None:
        """Do nothing, as nothing is open between requests."""

    def _ask(self) -> Image | None:
        try:
            image = self._decode(self._fetch())
        except HttpError as error:
            if time.monotonic() - self._worked > self._patience_s:
                raise SourceError(error.reason) from error
            return None
        self._worked = time.monotonic()
        return image

    def _fetch(self) -> bytes:
        try:
            with self._client.get() as response:
                answer = TimedReader(response, _LONGEST_S)
                content = answer.read(_LARGEST_BYTES)
                if answer.left:  # else the part would be decoded, with gray for the rest
                    raise http.client.IncompleteRead(content, answer.left)
                return content
        except (OSError, http.client.HTTPException) as error:
            raise self._client.failure(error) from error

    def _decode(self, content: bytes) -> Image:
        try:
            return decode_picture(content)
        except InputError as error:
            raise HttpError(self._client.address, f"expected a picture, got {error}") from error
