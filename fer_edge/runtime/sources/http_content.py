"""Detect the kind of content at an http or https address by its first bytes, as its headers may be wrong."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urljoin

from fer_edge.pictures.decoding import picture_kind
from fer_edge.runtime.sources.http_client import HttpClient, HttpError, NotHttpError, TimedReader

_HEAD_BYTES = 64
"""First bytes, which contain the signature of every picture format except SVG, which is text."""
_LARGEST_PLAYLIST = 1 << 20
_LARGEST_BOX = 32 << 20
_MOST_BOXES = 64
"""Boxes before the frames of an MP4 file, which has about four."""
_LONGEST_S = 20.0
"""Time for what is read to detect the kind; a server that sends a byte now and then never exceeds a timeout."""


class Kind(Enum):
    """Ways to read an address."""

    STREAM = "stream"
    """Endless frames, of which the newest counts."""
    SNAPSHOT = "snapshot"
    """A single picture, a new one for each request."""
    RECORDING = "recording"
    """A video with an end, read whole."""


@dataclass(frozen=True)
class Content:
    """Content of an address.

    Attributes:
        kind: Way to read it.
        is_playlist: True for a playlist (HLS), which names the files with the frames.
        is_multipart: True for motion JPEG, one picture after another.
    """

    kind: Kind
    is_playlist: bool = False
    is_multipart: bool = False


def look_up(client: HttpClient) -> Content:
    """Request an address and detect the kind of its content.

    Raises:
        HttpError: If there is no answer, or neither a picture nor video.
    """
    try:
        with client.get() as response:
            return _look_at(TimedReader(response, _LONGEST_S), response, client)
    except NotHttpError:
        return Content(Kind.STREAM)
    except (OSError, http.client.HTTPException) as error:
        raise client.failure(error) from error


def _look_at(beginning: TimedReader, response: http.client.HTTPResponse, client: HttpClient) -> Content:
    media_type = response.headers.get_content_type()
    if media_type.startswith("multipart/"):
        return Content(Kind.STREAM, is_multipart=True)
    head = beginning.read(_HEAD_BYTES)
    if not head:
        raise HttpError(client.address, "its answer is empty; check the address in a browser")
    if head.startswith(b"#EXTM3U"):
        playlist = head + beginning.read(_LARGEST_PLAYLIST)
        return Content(_kind_of_playlist(playlist, response.geturl(), client), is_playlist=True)
    if head.startswith(b"--"):  # the boundary of a multipart answer
        return Content(Kind.STREAM, is_multipart=True)
    if _is_text(head):
        raise HttpError(
            client.address,
            f"expected video or a picture, got a text or page ({media_type}); look up the address of the stream or "
            "snapshot in the camera's manual",
        )
    if _is_picture(head, media_type):
        return Content(Kind.SNAPSHOT)
    has_end = response.headers.get("Content-Length") is not None or _is_whole_mp4(head, beginning)
    return Content(Kind.RECORDING if has_end else Kind.STREAM)


def _is_picture(head: bytes, media_type: str) -> bool:
    if media_type.startswith("video/"):  # one JPEG after another
        return False
    return media_type.startswith("image/") or picture_kind(head) is not None


def _is_text(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "ignore")
    return all(character.isprintable() or character in "\t\r\n" for character in text) and len(text) > len(head) // 2


def _is_whole_mp4(head: bytes, beginning: TimedReader) -> bool:
    """Return whether this is MP4 with an end; a stream comes in fragments, which an `mvex` box announces."""
    if head[4:8] != b"ftyp":
        return False
    boxes = head  # from the beginning of a box on
    for _ in range(_MOST_BOXES):
        boxes += beginning.read(max(8 - len(boxes), 0))
        size, name = int.from_bytes(boxes[:4], "big"), boxes[4:8]
        if name == b"mdat":
            return True
        if not 8 <= size <= _LARGEST_BOX:
            return False
        boxes += beginning.read(max(size - len(boxes), 0))
        if name == b"moov":
            return b"mvex" not in boxes
        boxes = boxes[size:]
    return False


def _kind_of_playlist(playlist: bytes, url: str, client: HttpClient) -> Kind:
    """Return the kind of an HLS playlist: a recording if it has an end; a master playlist refers to others."""
    if b"#EXT-X-STREAM-INF" in playlist:
        names = [line.strip() for line in playlist.splitlines() if line.strip() and not line.startswith(b"#")]
        if names:
            with client.get(_joined(url, names[0].decode("utf-8", "replace"), client)) as response:
                playlist = TimedReader(response, _LONGEST_S).read(_LARGEST_PLAYLIST)
    return Kind.RECORDING if b"#EXT-X-ENDLIST" in playlist else Kind.STREAM


def _joined(url: str, name: str, client: HttpClient) -> str:
    try:
        return urljoin(url, name)
    except ValueError as error:
        raise HttpError(client.address, "its playlist names no address; check it in a browser or VLC") from error
