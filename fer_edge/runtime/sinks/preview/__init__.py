"""Live preview in a browser, and metrics for Prometheus. Needs the extra `preview`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.errors import MissingExtraError
from fer_edge.notes import OnNote, ignore_note

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.preview.links import StreamLinks
    from fer_edge.runtime.sinks.preview.sink import PreviewSink


def open_preview(
    address: str,
    labels: tuple[str, ...],
    title: str,
    *,
    token: str | None = None,
    privacy: bool = False,
    meaning: str = "",
    links: StreamLinks | None = None,
    on_note: OnNote = ignore_note,
) -> PreviewSink:
    """Start a preview server.

    Args:
        address: `[HOST:]PORT`; the host defaults to 127.0.0.1, and port 0 is any free one.
        labels: Expressions in the order of the scores.
        title: Title of the page, such as the source and the model.
        token: Token that visitors must present; on an address that other machines can reach, `None` generates one.
        privacy: Send no picture: the page shows boxes on an empty canvas.
        meaning: Sentence under the scores that says what one means.
        links: Names of the stream's parts, and ways to them; `None` for a stream of which nothing else is known.
        on_note: Takes a note on rejected connections and bad requests, at most once a minute.

    Raises:
        MissingExtraError: If a package is not installed.
        InputError: If `address` or `token` cannot be used.
    """
    try:
        from fer_edge.runtime.sinks.preview.sink import PreviewSink
    except ImportError as error:
        if (error.name or "").startswith("fer_edge."):
            raise
        raise MissingExtraError("the preview", "preview", str(error)) from error
    return PreviewSink(
        address, labels, title, token=token, privacy=privacy, meaning=meaning, links=links, on_note=on_note
    )
