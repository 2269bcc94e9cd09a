"""What a camera is called at an MQTT broker."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from fer_edge.errors import InputError
from fer_edge.names import printable


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
        """Make the id of the name.

        Raises:
            InputError: If there is no letter of a-z or digit in the name.
        """
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        camera_id = re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_")
        if not camera_id:
            raise InputError(f"--name {name}: expected at least one letter of a-z or digit, to make topics of")
        return MqttCamera(printable(name), camera_id, prefix)

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
