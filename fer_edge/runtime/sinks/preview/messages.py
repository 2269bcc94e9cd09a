"""Messages to a browser: server-sent events with JSON, and the parts of a motion JPEG."""

from __future__ import annotations

import json
from typing import Any

from fer_edge.preprocess import Image, encode_jpeg, shrink

EVENTS_TYPE = "text/event-stream"
HEARTBEAT = b":\n\n"
"""Comment of an event stream, by which both ends notice a broken connection."""

_BOUNDARY = "picture"
PICTURES_TYPE = f"multipart/x-mixed-replace; boundary={_BOUNDARY}"
PICTURES_START = f"--{_BOUNDARY}\r\n".encode()

_QUALITY = 80


def sent_event(members: dict[str, Any], name: str = "", identity: str = "") -> bytes:
    """Return a server-sent event.

    Args:
        members: Its data.
        name: Kind of event; empty for a plain message.
        identity: Value that a reconnecting client sends as the last event it has; empty for none.
    """
    head = (f"id: {identity}\n" if identity else "") + (f"event: {name}\n" if name else "")
    return f"{head}data: {to_json(members)}\n\n".encode()


def to_json(members: dict[str, Any]) -> str:
    """Return JSON without spaces."""
    return json.dumps(members, separators=(",", ":"))


def picture_part(image: Image, number: int, longest_side: int) -> bytes:
    """Return a frame, uint8 (H, W, 3) BGR, as one part of a motion JPEG, scaled down to at most `longest_side` pixels.

    The part includes the boundary of the next, as browsers show a part only when they have received that.
    """
    jpeg = encode_jpeg(shrink(image, longest_side), _QUALITY)
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Frame: {number}\r\n\r\n"
    return head.encode() + jpeg + f"\r\n--{_BOUNDARY}\r\n".encode()
