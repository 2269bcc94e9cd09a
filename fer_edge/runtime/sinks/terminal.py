"""Results in a terminal: a live view of a stream, a line for each picture."""

from __future__ import annotations

import time
from collections import deque
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from fer_edge.names import printable
from fer_edge.number_format import clock
from fer_edge.runtime.results import STAGES, FaceResult, FrameResult, answer_words
from fer_edge.runtime.sinks.pace import frames_per_second
from fer_edge.runtime.sources.source import Frame, Source

_REFRESH_S = 0.1
_PLAIN_INTERVAL_S = 1.0
_RATE_FRAMES = 30
_BAR_CELLS, _SHORTEST_BAR = 24, 6
_BESIDE_BAR = 26
"""Columns for a face's number, label and share."""
_WIDE = 60
"""Columns of a terminal from which on all is shown."""
_SETTLED_S = 2.0
"""Seconds after which a rate is steady enough to estimate the time left."""
_BAR, _PLAIN_BAR = "━", "="


class TerminalSink:
    """Shows results: of pictures a line for each; of a stream a view that is redrawn in place.

    Where standard output is no terminal, a stream has at most one line per second.
    """

    def __init__(self, title: str, stream: TextIO, source: Source) -> None:
        """Start the view.

        Args:
            title: Heading, such as the source and the model.
            stream: Standard output.
            source: Source of the frames, which knows how much of it is done.
        """
        self._title = _in_encoding_of(stream, printable(title))
        self._stream = stream
        self._source = source
        self._bar = _BAR if _in_encoding_of(stream, _BAR) == _BAR else _PLAIN_BAR
        self._moments: deque[float] = deque(maxlen=_RATE_FRAMES)
        self._started = time.monotonic()
        self._shown = float("-inf")
        self._live: Live | None = None
        if stream.isatty() and not source.stills:
            # Refreshed by hand: a thread of its own would take time from the network.
            console = Console(file=stream, highlight=False, markup=False, emoji=False)
            self._live = Live(console=console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Show one result of a stream, unless another one was shown a moment ago, and each of pictures."""
        now = time.monotonic()
        self._moments.append(now)
        pause_s = _REFRESH_S if self._live else _PLAIN_INTERVAL_S
        if not self._source.stills and now - self._shown < pause_s:
            return
        self._shown = now
        if self._live is not None:
            self._live.update(self._view(frame, result, self._live.console.width), refresh=True)
        else:
            self._stream.write(self._plain_line(frame, result) + "\n")
            self._stream.flush()

    def close(self) -> None:
        """End the view, leave its last state on the terminal and restore the cursor."""
        if self._live is not None:
            self._live.stop()

    def _rate(self) -> float:
        return frames_per_second(len(self._moments), self._moments[0], self._moments[-1])

    def _view(self, frame: Frame, result: FrameResult, width: int) -> Group:
        """Return the view; a narrow terminal has neither the stages' times nor the boxes."""
        facts = [f"{self._rate():.1f} frames/s", *self._progress(frame)]
        lines = [Text(self._title, "bold", no_wrap=True, overflow="ellipsis")]
        if width < _WIDE:
            lines.append(Text("   ".join(facts), "dim"))
        else:
            facts.insert(0, f"frame {result.number}")
            times = "  ".join(f"{stage} {result.timings_ms.get(stage, 0):.1f}" for stage in STAGES[1:])
            lines += [Text("   ".join(facts), "dim"), Text(f"ms: {times}", "dim")]
        if not result.faces:
            return Group(*lines, Text("no face", "dim"))
        table = Table.grid(padding=(0, 2))
        table.add_column(justify="right")
        table.add_column(no_wrap=True, overflow="ellipsis", max_width=max(width // 3, 8))
        for face in result.faces:
            table.add_row(*self._face_cells(face, width))
        return Group(*lines, table)

    def _progress(self, frame: Frame) -> list[str]:
        """Return the share of the source that is done, and the time left; nothing if its end is not known."""
        share = self._source.share_done(frame)
        if share is None:
            return []
        spent_s = time.monotonic() - self._started
        left = [f"{clock(spent_s / share * (1 - share))} left"] if share > 0 and spent_s > _SETTLED_S else []
        return [f"{share:.0%}", *left]

    def _plain_line(self, frame: Frame, result: FrameResult) -> str:
        seen = ", ".join(answer_words(face.label, face.score) for face in result.faces) or "no face"
        if self._source.stills:
            return _in_encoding_of(self._stream, f"{printable(frame.name or '')}  {seen}")
        rate = [f"{self._rate():.1f} frames/s"] if len(self._moments) > 1 else []
        words = [f"frame {result.number}", seen, *rate, *self._progress(frame)]
        return _in_encoding_of(self._stream, "  ".join(words))

    def _face_cells(self, face: FaceResult, width: int) -> list[Text]:
        cells = max(min(width - _BESIDE_BAR, _BAR_CELLS), _SHORTEST_BAR)
        full = round(face.score * cells)
        bar = Text.assemble((self._bar * full, "green"), (self._bar * (cells - full), "grey37"))
        label = Text(_in_encoding_of(self._stream, printable(face.label)), "bold")
        x1, y1, x2, y2 = (int(value) for value in face.box_xyxy)
        place = [Text(f"{x2 - x1}x{y2 - y1} at {x1},{y1}")] if width >= _WIDE else []
        return [Text(str(face.track_id)), label, bar, Text(f"{face.score:4.0%}"), *place]


def _in_encoding_of(stream: TextIO, text: str) -> str:
    """Escape what a terminal cannot show, before rich lays out the text rather than after."""
    encoding = stream.encoding or "utf-8"  # a StringIO has none
    return text.encode(encoding, "backslashreplace").decode(encoding)
