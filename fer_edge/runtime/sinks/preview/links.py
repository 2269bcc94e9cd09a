"""Names of a stream's parts for its preview, and ways to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from fer_edge.runtime.faces.smoothing import Smoothing
from fer_edge.runtime.sources.source import Outage


class Adjustable(Protocol):
    """Something whose smoothing may be replaced by any thread, as `Pipeline` is."""

    smoothing: Smoothing


@dataclass(frozen=True)
class StreamLinks:
    """Names of a stream's parts, and ways to them.

    Attributes:
        camera: Name of the camera, for people; empty for the preview's title.
        source: Description of the source, without passwords.
        model: Name of the model.
        interval_s: Longest expected time from one frame to the next; 0 if it is short.
        outage: Returns the source's outage, if it is in one.
        pipeline: Has the smoothing that visitors may change; `None` if they may not.
        logs: Log files that other outputs write, by their form, `jsonl` or `csv`.
    """

    camera: str = ""
    source: str = ""
    model: str = ""
    interval_s: float = 0.0
    outage: Callable[[], Outage | None] = lambda: None
    pipeline: Adjustable | None = None
    logs: Mapping[str, Path] = field(default_factory=dict)
