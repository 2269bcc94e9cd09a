"""What a camera is called at an MQTT broker."""

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
"""Characters that every broker has to accept (MQTT 3.1.1, section 3.1.3.1)."""


@dataclass(frozen=True)
class MqttCamera:
    """A camera's names.

    Attributes:
        name: For people.
        camera_id: For programs: letters, digits, `_` and `-`.
        prefix: Of its topics.
    """

    name: str
    camera_id: str
    prefix: str

    @staticmethod
    def named(name: str, prefix: str) -> MqttCamera:
        """Make the id of the name: `Front door` is `Front_door`.

        A name with anything but letters of a-z, digits, hyphens and single blanks loses something on the way, so a hash
        of all of it is added: no two names have one id.

        Raises:
            InputError: If the name is empty or blank.
        """
        if not name.strip():
            raise InputError(f"--name {name!r}: expected a name, got nothing but blanks; leave it out for the host's")
        if _PLAIN_NAME.fullmatch(name):
            return MqttCamera(printable(name), name.replace(" ", "_"), prefix)
        ascii_letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        readable = re.sub(r"[^A-Za-z0-9-]+", "_", ascii_letters).strip("_") or "camera"
        return MqttCamera(printable(name), f"{readable}_{_hash(name)}", prefix)

    @property
    def client_id(self) -> str:
        """Name of the connection; with a hash in place of a camera id that a broker may find too long."""
        full = f"{_CLIENT_PREFIX}{self.camera_id}"
        return full if len(full) <= _MAX_CLIENT_ID else f"{_CLIENT_PREFIX}{_hash(self.name)}"

    @property
    def state_topic(self) -> str:
        """Of what it sees."""
        return f"{self.prefix}/{self.camera_id}/state"

    @property
    def event_topic(self) -> str:
        """Of what happens to faces."""
        return f"{self.prefix}/{self.camera_id}/event"

    @property
    def availability_topic(self) -> str:
        """Of whether it is there."""
        return f"{self.prefix}/{self.camera_id}/availability"


def _hash(name: str) -> str:
    """Return a hash that is the same on every machine, and however the name's accents are encoded."""
    normal = unicodedata.normalize("NFC", name).encode("utf-8", "surrogatepass")
    return hashlib.sha256(normal).hexdigest()[:_HASH_DIGITS]
