"""The sink that shows a stream in browsers, from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

from fer_edge.errors import FerEdgeError
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.results import FrameResult
from fer_edge.runtime.sinks.preview.access import Gate
from fer_edge.runtime.sinks.preview.address import Address
from fer_edge.runtime.sinks.preview.reception import Limits
from fer_edge.runtime.sinks.preview.server import Server
from fer_edge.runtime.sources.source import Frame

_JOIN_TIMEOUT_S = 5.0


class PreviewSink:
    """Shows every result in the browsers that look, and never waits for one of them.

    Attributes:
        url: For the browser, with the token if there is one.
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
        on_note: OnNote = ignore_note,
        limits: Limits | None = None,
    ) -> None:
        """Start to listen; for the arguments see `open_preview`.

        `limits` are of what clients can take up, as they are by default if `None`.

        Raises:
            InputError: If `address` or `token` cannot be used.
        """
        wanted = Address.parse(address)
        gate = Gate(wanted, token)
        self._server = Server(
            gate, labels, title, privacy=privacy, meaning=meaning, limits=limits or Limits(), on_note=on_note
        )
        self._listening: Future[Address] = Future()
        self._failure: Exception | None = None
        # A daemon, so that nothing that a client does can keep the program from ending.
        self._thread = threading.Thread(target=self._serve, args=(wanted,), name="preview", daemon=True)
        self._thread.start()
        self.url = gate.url(self._listening.result())

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Hand over one result.

        Raises:
            FerEdgeError: If the server has stopped by itself.
        """
        if self._failure is not None:
            raise FerEdgeError(f"the preview has stopped: {self._failure!r}") from self._failure
        self._server.take(frame, result)

    def close(self) -> None:
        """Send everybody away and let go of the port."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(_JOIN_TIMEOUT_S)

    def _serve(self, wanted: Address) -> None:
        try:
            asyncio.run(self._run(wanted))
        except asyncio.CancelledError:
            pass  # closed
        except Exception as error:  # raised again where somebody waits for it
            self._failure = error
            if not self._listening.done():
                self._listening.set_exception(error)

    async def _run(self, wanted: Address) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.ensure_future(self._server.run(wanted, self._listening.set_result))
        await self._task
