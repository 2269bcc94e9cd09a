"""Live view in a terminal, with a line per face; plain lines where standard output is no terminal."""

from __future__ import annotations

import time
from collections import deque
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fer_edge.names import printable
from fer_edge.runtime.results import STAGES, FaceResult, FrameResult
from fer_edge.runtime.sinks.pace import frames_per_second
from fer_edge.runtime.sources.source import Frame

_REFRESH_S = 0.1
_PLAIN_INTERVAL_S = 1.0
_RATE_FRAMES = 30
_BAR_CELLS = 24
_BAR, _PLAIN_BAR = "━", "="


class TerminalSink:
    """Shows results: on a terminal as a view that is redrawn in place, elsewhere as at most one line per second."""

    def __init__(self, title: str, stream: TextIO) -> None:
        """Start the view.

        Args:
            title: Heading, such as the source and the model.
            stream: Standard output.
        """
        self._title = _in_encoding_of(stream, printable(title))
        self._stream = stream
        self._bar = _BAR if _in_encoding_of(stream, _BAR) == _BAR else _PLAIN_BAR
        self._moments: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._shown = float("-inf")
        self._live: Live | None = None
        if stream.isatty():
            # Refreshed by hand: a thread of its own would take time from the network.
            self._live = Live(
                console=Console(file=stream, highlight=False), auto_refresh=False, vertical_overflow="crop"
            )
            self._live.start()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Show one result, unless another one was shown a moment ago."""
        now = time.monotonic()
        self._moments.append(now)
        if now - self._shown < (_REFRESH_S if self._live else _PLAIN_INTERVAL_S):
            return
        self._shown = now
        if self._live is not None:
            self._live.update(self._view(result), refresh=True)
        else:
            self._stream.write(self._plain_line(frame, result) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """End the view, leave its last state on the terminal and restore the cursor."""
        if self._live is not None:
            self._live.stop()

    def _rate(self) -> float:
        return frames_per_second(len(self._moments), self._moments[0], self._moments[-1])

    def _view(self, result: FrameResult) -> Group:
        times = "  ".join(f"{stage} {result.timings_ms.get(stage, 0):.1f}" for stage in STAGES[1:])
        header = Text.assemble((self._title, "bold"), f"   {self._rate():.1f} frames/s", no_wrap=True)
        table = Table.grid(padding=(0, 2))
        for face in result.faces:
            table.add_row(str(face.track_id), *self._face_cells(face))
        body = table if result.faces else Text("no face", style="dim")
        return Group(header, Text(f"frame {result.number}   ms: {times}", style="dim"), body)

    def _plain_line(self, frame: Frame, result: FrameResult) -> str:
        seen = ", ".join(f"{face.label} {face.score:.2f}" for face in result.faces) or "no face"
        rate = f"  {self._rate():.1f} frames/s" if len(self._moments) > 1 else ""
        return _in_encoding_of(self._stream, f"{printable(frame.name or f'frame {result.number}')}  {seen}{rate}")

    def _face_cells(self, face: FaceResult) -> tuple[Text, Text, str, str]:
        full = round(face.score * _BAR_CELLS)
        bar = Text.assemble((self._bar * full, "green"), (self._bar * (_BAR_CELLS - full), "grey37"))
        label = _in_encoding_of(self._stream, f"{face.label:<9}")
        x1, y1, x2, y2 = (int(value) for value in face.box_xyxy)
        return Text(label, style="bold"), bar, f"{face.score:.2f}", f"{x2 - x1}x{y2 - y1} at {x1},{y1}"


def _in_encoding_of(stream: TextIO, text: str) -> str:
    """Escape what a terminal cannot show, before rich lays out the text rather than after."""
    encoding = stream.encoding or "utf-8"  # a StringIO has none
    return text.encode(encoding, "backslashreplace").decode(encoding)
