"""Answers to programs: JSON, tags by which content that has not changed is not sent again, and checked parameters."""

from __future__ import annotations

from typing import Any

from aiohttp import ETag, web

from fer_edge.runtime.sinks.preview import messages

_MOST_DIGITS = 15


def json_answer(members: dict[str, Any]) -> web.Response:
    """Return JSON."""
    return web.Response(text=messages.to_json(members), content_type="application/json")


def tagged(request: web.Request, tag: str, response: web.Response) -> web.Response:
    """Return a response with the tag of its content, or 304 without content if the client has that."""
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        response = web.Response(status=304)
    response.etag = ETag(tag)
    return response


def whole_number(request: web.Request, name: str, default: int, limits: tuple[int, int]) -> int:
    """Return a parameter of the address.

    Args:
        request: The request.
        name: Name of the parameter.
        default: Its value if it is left out.
        limits: Least and largest value.

    Raises:
        HTTPBadRequest: If it is not a whole number within the limits.
    """
    text = request.query.get(name, str(default))
    least, most = limits
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS and least <= int(text) <= most):
        raise web.HTTPBadRequest(text=f"{name}: expected a whole number in {least}..{most}.\n")
    return int(text)
