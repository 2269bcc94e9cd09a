"""Sink that shows a stream in browsers, by a server in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from fer_edge.errors import FerEdgeError
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.preview.access import Gate
from fer_edge.runtime.sinks.preview.address import Address
from fer_edge.runtime.sinks.preview.links import StreamLinks
from fer_edge.runtime.sinks.preview.reception import Limits
from fer_edge.runtime.sinks.preview.server import Server
from fer_edge.runtime.sources.source import Frame

_JOIN_TIMEOUT_S = 5.0
_WAIT_S = 1.0


class PreviewSink:
    """Shows results in browsers, and never waits for one.

    Attributes:
        url: URL for the browser, with the token if there is one.
    """

    def __init__(
        self,
        address: str,
        labels: tuple[str, ...],
        title: str,
        *,
        token: str | None = None,
        privacy: bool = False,
        meaning: str = "",
        links: StreamLinks | None = None,
        on_note: OnNote = ignore_note,
        limits: Limits | None = None,
    ) -> None:
        """Start the server; for the arguments see `open_preview`.

        `limits` bounds what clients can use; `None` for the defaults.

        Raises:
            InputError: If `address` or `token` cannot be used.
        """
        requested = Address.parse(address)
        gate = Gate(requested, token)
        self._server = Server(
            gate,
            labels,
            title,
            privacy=privacy,
            meaning=meaning,
            links=links or StreamLinks(),
            limits=limits or Limits(),
            on_note=on_note,
        )
        self._listening: Future[Address] = Future()
        self._failure: Exception | None = None
        # A daemon, so that no client can keep the program from ending.
        self._thread = threading.Thread(target=self._serve, args=(requested,), name="preview", daemon=True)
        self._thread.start()
        self.url = gate.url(self._listening.result())

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Pass one result to the server.

        Raises:
            FerEdgeError: If the server has failed.
        """
        self._require_server()
        self._server.take(frame, result)

    def finish(self) -> None:
        """Show that the stream has ended by itself, as a recording does, and how it went."""
        self._server.finish()

    def stay(self) -> None:
        """Serve on until this thread is interrupted.

        Raises:
            FerEdgeError: If the server has failed.
        """
        while self._thread.is_alive():
            self._thread.join(_WAIT_S)  # with a timeout, as else no Ctrl-C would come through on Windows
        self._require_server()

    def close(self) -> None:
        """Disconnect all clients and close the port."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(_JOIN_TIMEOUT_S)

    def _require_server(self) -> None:
        if self._failure is not None:
            raise FerEdgeError(f"the preview has failed: {self._failure!r}") from self._failure

    def _serve(self, address: Address) -> None:
        try:
            asyncio.run(self._run(address))
        except asyncio.CancelledError:
            pass  # closed
        except Exception as error:  # raised again by `write`, or by the constructor
            self._failure = error
            if not self._listening.done():
                self._listening.set_exception(error)

    async def _run(self, address: Address) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._server.run(address, self._listening.set_result))
        await self._task
