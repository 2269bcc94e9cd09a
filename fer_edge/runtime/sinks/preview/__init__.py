"""A page in the browser that shows a stream as it is seen, and metrics for Prometheus: the extra `preview`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_edge.errors import MissingExtraError
from fer_edge.notes import OnNote, ignore_note

if TYPE_CHECKING:
    from fer_edge.runtime.sinks.preview.sink import PreviewSink


def open_preview(
    address: str,
    labels: tuple[str, ...],
    title: str,
    *,
    token: str | None = None,
    privacy: bool = False,
    meaning: str = "",
    on_note: OnNote = ignore_note,
) -> PreviewSink:
    """Start a preview, which listens from then on.

    Args:
        address: `[HOST:]PORT`; 127.0.0.1 without a host, and any free port for 0.
        labels: The expressions in the order of the scores.
        title: On the page, such as the source and the model.
        token: What a visitor must bring; where others can reach the page one is made if none is given.
        privacy: Never let go of a pixel: the page shows boxes on an empty canvas.
        meaning: A sentence under the scores that says what one means.
        on_note: Is told, in a sentence and at most once a minute, of refused connections and bad requests.

    Raises:
        MissingExtraError: If a package is not installed.
        InputError: If `address` or `token` cannot be used.
    """
    try:
        from fer_edge.runtime.sinks.preview.sink import PreviewSink
    except ImportError as error:
        if (error.name or "").startswith("fer_edge."):
            raise
        raise MissingExtraError("--preview", "preview", str(error)) from error
    return PreviewSink(address, labels, title, token=token, privacy=privacy, meaning=meaning, on_note=on_note)
