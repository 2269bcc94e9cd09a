"""A camera's names and topics at an MQTT broker."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

from fer_edge.errors import InputError
from fer_edge.names import printable

_PLAIN_NAME = re.compile(r"[A-Za-z0-9-]+(?: [A-Za-z0-9-]+)*")
_HASH_DIGITS = 8
_CLIENT_PREFIX = "fer-edge-"
_MAX_CLIENT_ID = 23
"""Length that every broker has to accept (MQTT 3.1.1, section 3.1.3.1)."""


@dataclass(frozen=True)
class MqttCamera:
    """A camera at a broker.

    Attributes:
        name: Name for people.
        camera_id: Name for programs: letters, digits, `_` and `-`.
        prefix: First part of its topics.
    """

    name: str
    camera_id: str
    prefix: str

    @staticmethod
    def named(name: str, prefix: str) -> MqttCamera:
        """Derive the id from the name: `Front door` becomes `Front_door`.

        A name with other characters than ASCII letters, digits, hyphens and single blanks loses some of them, so a hash
        of the name is appended: no two names have the same id.

        Raises:
            InputError: If the name is blank.
        """
        if not name.strip():
            raise InputError(f"camera name {name!r}: expected a name, got only blanks; omit it to use the host's name")
        if _PLAIN_NAME.fullmatch(name):
            return MqttCamera(printable(name), name.replace(" ", "_"), prefix)
        ascii_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        readable = re.sub(r"[^A-Za-z0-9-]+", "_", ascii_letters).strip("_") or "camera"
        return MqttCamera(printable(name), f"{readable}_{_hash(name)}", prefix)

    @property
    def client_id(self) -> str:
        """Client id of the connection, with a hash in place of a camera id that is too long for some brokers."""
        full = f"{_CLIENT_PREFIX}{self.camera_id}"
        return full if len(full) <= _MAX_CLIENT_ID else f"{_CLIENT_PREFIX}{_hash(self.name)}"

    @property
    def state_topic(self) -> str:
        """Topic of the faces that are seen."""
        return f"{self.prefix}/{self.camera_id}/state"

    @property
    def event_topic(self) -> str:
        """Topic of events."""
        return f"{self.prefix}/{self.camera_id}/event"

    @property
    def availability_topic(self) -> str:
        """Topic of the availability message."""
        return f"{self.prefix}/{self.camera_id}/availability"


def _hash(name: str) -> str:
    """Return a hash that depends neither on the machine nor on the encoding of the name's accents."""
    normal = unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()[:_HASH_DIGITS]
