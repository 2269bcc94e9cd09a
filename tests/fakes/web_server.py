"""A web server on the loopback that holds what a test puts there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request; a test's function answers it."""

    server: WebServer

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        with suppress(OSError):  # whoever asked has gone
            self.server.answers[self.path.partition("?")[0]](self)

    def reply(self, content: bytes, media_type: str | None = None, status: int = 200, **headers: str) -> None:
        """Send a whole answer; `_` in a header's name stands for `-`."""
        self.send_response(status)
        if media_type is not None:
            self.send_header("Content-Type", media_type)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    """Answers each path by a function.

    Attributes:
        answers: The functions by path.
        asked: The paths that were asked for, in order.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Connections that are closed early are what the tests are about."""


@contextmanager
def web_server() -> Iterator[WebServer]:
    """Run a server in a thread for the time of the block."""
    with WebServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
