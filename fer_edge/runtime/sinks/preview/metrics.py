"""Metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from fer_edge.board import temperature_c
from fer_edge.runtime.results import UNCERTAIN, EventKind, FrameResult

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Media type of Prometheus' text format."""

_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)


class Metrics:
    """Counts frames, faces and events in a registry of its own.

    Metrics::

        fer_edge_frames_total
        fer_edge_faces_total{label}           counted in each frame; the label may be "uncertain"
        fer_edge_events_total{kind}
        fer_edge_stage_seconds{stage}         histogram; `total` is without `read`
        fer_edge_faces_in_view
        fer_edge_preview_clients{stream}      picture or data
        fer_edge_preview_dropped_pictures_total
        fer_edge_temperature_celsius          absent where it cannot be read
    """

    def __init__(self, labels: tuple[str, ...]) -> None:
        """Start at zero for each of the expressions `labels`."""
        self._registry = registry = CollectorRegistry()
        self._frames = Counter("fer_edge_frames", "Frames processed.", registry=registry)
        self._faces = Counter("fer_edge_faces", "Faces counted in each frame, by label.", ["label"], registry=registry)
        self._events = Counter("fer_edge_events", "Events of faces, by kind.", ["kind"], registry=registry)
        self._stages = Histogram(
            "fer_edge_stage_seconds",
            "Time of each stage per frame; total is without read.",
            ["stage"],
            buckets=_BUCKETS_S,
            registry=registry,
        )
        self._in_view = Gauge("fer_edge_faces_in_view", "Faces in the newest frame.", registry=registry)
        self._clients = Gauge("fer_edge_preview_clients", "Clients, by stream.", ["stream"], registry=registry)
        self._dropped = Counter("fer_edge_preview_dropped_pictures", "Pictures slow clients missed.", registry=registry)
        registry.register(_Temperature())
        for label in (*labels, UNCERTAIN):
            self._faces.labels(label)
        for kind in EventKind:
            self._events.labels(kind.value)

    def add(self, result: FrameResult) -> None:
        """Count one frame."""
        self._frames.inc()
        self._in_view.set(len(result.faces))
        for face in result.faces:
            self._faces.labels(face.label).inc()
        for event in result.events:
            self._events.labels(event.kind.value).inc()
        for stage, milliseconds in result.timings_ms.items():
            self._stages.labels(stage).observe(milliseconds / 1000)

    def count_dropped_picture(self) -> None:
        """Count a picture that a slow client missed."""
        self._dropped.inc()

    def watch_clients(self, stream: str, count: Callable[[], float]) -> None:
        """Report `count()` as the number of clients of a stream."""
        self._clients.labels(stream).set_function(count)

    def render(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)


class _Temperature(Collector):
    def collect(self) -> Iterator[GaugeMetricFamily]:
        celsius = temperature_c()
        if celsius is not None:
            yield GaugeMetricFamily("fer_edge_temperature_celsius", "Temperature of the processor.", celsius)
