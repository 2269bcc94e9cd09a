"""Data that leave a running stream, pictures above all, and their recipients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import InputError
from fer_edge.names import printable, without_password
from fer_edge.runtime.sinks.preview.address import Address

_STDOUT = "-"


@dataclass(frozen=True)
class Outflow:
    """One way out.

    Attributes:
        text: Data and recipient in words.
        has_pictures: Whether pictures go there.
        reaches_others: Whether others than this machine's users can get them.
    """

    text: str
    has_pictures: bool
    reaches_others: bool


def outflows(settings: Mapping[str, Any]) -> list[Outflow]:
    """Return the ways out of a stream that runs with these options of `fer-edge run`.

    Args:
        settings: Values by the options' names without dashes in front, such as `preview`; those not given are left out.
    """
    private = bool(settings.get("privacy"))
    found = []
    if (preview := settings.get("preview")) not in (None, ""):
        found.append(_preview(str(preview), private=private))
    if output := settings.get("output"):
        found.append(Outflow(f"an annotated video is stored in {_shown(output)}", True, False))
    if mqtt := settings.get("mqtt"):
        found.append(Outflow(f"labels and scores, no picture, go to the broker {_shown(mqtt)}", False, True))
    for kind in ("jsonl", "csv"):
        if (file := settings.get(kind)) not in (None, "", _STDOUT):
            text = f"boxes, labels and scores, no picture, are stored in {_shown(file)}"
            found.append(Outflow(text, False, False))
    return found


def _preview(text: str, *, private: bool) -> Outflow:
    what = "boxes and scores, no picture," if private else "the camera's pictures"
    try:
        address = Address.parse(text)
    except InputError:
        return Outflow(f"a preview at {_shown(text)}, which is no address", not private, True)
    if address.is_loopback:
        return Outflow(f"the page at port {address.port} shows {what} to this machine's users", not private, False)
    whom = f"everyone who reaches {printable(address.host)}, port {address.port}, and has the page's token"
    return Outflow(f"the page shows {what} to {whom}", not private, True)


def _shown(recipient: object) -> str:
    return printable(without_password(str(recipient)))
