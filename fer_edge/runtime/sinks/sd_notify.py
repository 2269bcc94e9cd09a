"""Notifies systemd that frames are processed, by the protocol of sd_notify(3)."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping

from fer_edge.errors import InputError
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.pace import frames_per_second
from fer_edge.runtime.sources.source import Frame

STATUS_INTERVAL_S = 5.0


class NotifySink:
    """Reports the first result as readiness, later ones to the watchdog and, every few seconds, as a status line.

    The watchdog is fed only by results, so systemd restarts a service whose camera hangs. Where no systemd has asked
    for notifications, nothing is done.
    """

    def __init__(self, pause_s: float = 0.0, environment: Mapping[str, str] = os.environ) -> None:
        """Connect to systemd's socket, if there is one.

        Args:
            pause_s: Seconds between results; if they are many, the watchdog's timeout is extended.
            environment: Holds systemd's NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.

        Raises:
            InputError: If NOTIFY_SOCKET is not the address of a local socket.
        """
        self._socket = _connect(environment.get("NOTIFY_SOCKET", ""))
        self._watchdog_s = _watchdog_s(environment)
        self._pause_s = pause_s
        self._watchdog_due = float("-inf") if self._watchdog_s < float("inf") else float("inf")
        self._status_sent: float | None = None
        self._frames = 0

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Send the notifications that are due."""
        if self._socket is None:
            return
        now = time.monotonic()
        self._frames += 1
        lines = []
        if self._status_sent is None:
            self._status_sent = now
            lines += ["READY=1", *self._extended_watchdog()]
        if now >= self._watchdog_due:
            self._watchdog_due = now + self._watchdog_s / 3
            lines.append("WATCHDOG=1")
        if now - self._status_sent >= STATUS_INTERVAL_S:
            fps = frames_per_second(self._frames, self._status_sent, now)
            lines.append(f"STATUS={fps:.1f} frames/s, {_count_faces(result)}")
            self._status_sent, self._frames = now, 1  # this frame is also the first of the next interval
        if lines:
            self._socket.send("\n".join(lines).encode())

    def close(self) -> None:
        """Notify systemd that the service is stopping."""
        if self._socket is not None:
            with self._socket:
                self._socket.send(b"STOPPING=1")
            self._socket = None

    def _extended_watchdog(self) -> list[str]:
        """Return the line that adds the pause to the watchdog's timeout, if it exceeds a third of that."""
        if self._pause_s <= self._watchdog_s / 3:
            return []
        return [f"WATCHDOG_USEC={round((self._watchdog_s + self._pause_s) * 1e6)}"]


def _connect(address: str) -> socket.socket | None:
    if not address:
        return None
    if address[0] not in "/@":
        raise InputError(f"NOTIFY_SOCKET: expected a path or @name, as systemd sets it for a service, got {address}")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
    # An abstract name begins with a zero byte, which no environment variable can hold.
    connection.connect("\0" + address[1:] if address[0] == "@" else address)
    return connection


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Return the watchdog's timeout in seconds; infinite if there is none, or it is another process's."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return float("inf")
    return int(environment.get("WATCHDOG_USEC", 0)) / 1e6 or float("inf")


def _count_faces(result: FrameResult) -> str:
    return {0: "no face", 1: "1 face"}.get(len(result.faces), f"{len(result.faces)} faces")
