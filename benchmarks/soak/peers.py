"""Peers of a stream: a camera that goes away, a broker that restarts, visitors of the preview."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2

from benchmarks.soak.stream import wait_for
from fer_edge.runtime.sources.demo import DemoSource

CAMERA_FPS = 10
_PART = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n"


def free_port() -> int:
    """Return a port of the loopback that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


class MjpegCamera:
    """A network camera that shows the demo at `CAMERA_FPS`, and can be unplugged."""

    def __init__(self) -> None:
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}/"
        demo = DemoSource()
        self._frames = [cv2.imencode(".jpg", demo.draw(3 * i))[1].tobytes() for i in range(40)]
        self._server: ThreadingHTTPServer | None = None
        self._gone = threading.Event()

    def plug_in(self) -> None:
        """Answer from now on."""
        self._gone = gone = threading.Event()
        frames = self._frames

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
                self.end_headers()
                number = 0
                while not gone.wait(1 / CAMERA_FPS):
                    frame = frames[number % len(frames)]
                    number += 1
                    try:
                        self.wfile.write(_PART % (len(frame), frame))
                    except OSError:
                        return

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def unplug(self) -> None:
        """Close every connection and refuse new ones."""
        self._gone.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class Broker:
    """Mosquitto, which forgets everything when it is restarted."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._settings = folder / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        self._settings.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\n{user}")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = ["mosquitto", "-c", str(self._settings)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert wait_for(self._listens)

    def kill(self) -> None:
        """End it at once."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


def retained(port: int, topic: str, timeout_s: float) -> bool:
    """Return whether a broker holds, or gets within a time, a message on a topic."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    came = threading.Event()
    client = Client(CallbackAPIVersion.VERSION2, "soak")
    client.on_connect = lambda client, *_: client.subscribe(topic, 1)
    client.on_message = lambda *_: came.set()
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        return came.wait(timeout_s)
    finally:
        client.disconnect()
        client.loop_stop()


class Visitor:
    """Somebody who watches the preview's picture, as fast as it comes or hardly at all."""

    def __init__(self, port: int, *, slow: bool) -> None:
        self.received = 0
        self._slow = slow
        self._connection = socket.create_connection(("127.0.0.1", port), 30)
        if slow:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._connection.sendall(b"GET /picture.mjpg HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def leave(self) -> None:
        """Close the connection."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()

    def _watch(self) -> None:
        try:
            while content := self._connection.recv(100 if self._slow else 1 << 16):
                self.received += len(content)
                if self._slow:
                    time.sleep(1)
        except OSError:
            return


_HOST = b"Host: 127.0.0.1\r\n"
_STRANGERS = (
    b"",
    b"GET /api/events HTTP/1.1\r\n" + _HOST,
    b"GET /api/events HTTP/1.1\r\n" + _HOST + b"\r\n",
    b"POST /login HTTP/1.1\r\n" + _HOST + b"Content-Length: 1000000000\r\n\r\n",
    b"POST /api/settings HTTP/1.1\r\n"
    + _HOST
    + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + _HOST + b"X: y\r\n" * 500,
)
"""First bytes of connections without the token: nothing, half a request, one without the token, an endless one."""


class Crowd:
    """Connections to the preview without its token, which begin a request and then send a byte now and then."""

    def __init__(self, port: int, size: int) -> None:
        """Connect `size` times."""
        self.opened = 0
        self._port = port
        self._connections: list[socket.socket] = []
        for _ in range(size):
            self._connect()

    def press(self) -> None:
        """Send a byte on each connection; open those again that were closed."""
        for connection in self._connections[:]:
            try:
                connection.send(b"a")
            except BlockingIOError:
                continue  # its content is not read
            except OSError:
                connection.close()
                self._connections.remove(connection)
                self._connect()

    def leave(self) -> None:
        """Close all connections."""
        for connection in self._connections:
            connection.close()

    def _connect(self) -> None:
        with suppress(OSError):  # the queue of the port is full
            connection = socket.create_connection(("127.0.0.1", self._port), 5)
            connection.sendall(_STRANGERS[self.opened % len(_STRANGERS)])
            connection.setblocking(False)
            self._connections.append(connection)
            self.opened += 1
