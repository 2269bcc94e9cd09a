"""Open a source of frames by its name: a camera, stream, recording, image or the demo."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path

from fer_edge.errors import InputError, SourceError
from fer_edge.names import without_password
from fer_edge.native_paths import typed_path
from fer_edge.notes import OnNote, ignore_note
from fer_edge.runtime.sources.addresses import Address, is_address
from fer_edge.runtime.sources.demo import DemoSource
from fer_edge.runtime.sources.devices import (
    CameraSettings,
    has_gstreamer,
    has_picamera,
    open_libcamera,
    open_picamera,
    open_webcam,
    webcams,
)
from fer_edge.runtime.sources.image_files import ImageFiles, is_still
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.reopening import ReopeningSource
from fer_edge.runtime.sources.source import Source
from fer_edge.runtime.sources.webcam_names import names_webcam

WAYS = (
    "auto, a number (0 is the first webcam) or a device such as /dev/v4l/by-id/..., picamera, libcamera, demo, a video "
    "file, an image or a folder of images, or an http://, https:// or rtsp:// address"
)

_WORDS = ("auto", "demo", "libcamera", "picamera")


def open_source(
    spec: str,
    settings: CameraSettings | None = None,
    *,
    paced: bool = False,
    on_note: OnNote = ignore_note,
) -> Source:
    """Open a camera, stream, recording, image or the demo; cameras and streams are reopened when they fail.

    Args:
        spec: One of `WAYS`.
        settings: Settings of a camera.
        paced: Deliver the demo's frames at a camera's pace.
        on_note: Called with a sentence when `auto` chose, a camera fails or is back, or a recording is fetched first.

    Raises:
        InputError: If `spec` is none of these, or the settings do not apply to it.
        SourceError: If the camera or stream cannot be opened.
    """
    settings = settings or CameraSettings()
    if spec == "auto":
        return _open_first(settings, on_note)
    if is_address(spec):
        # An HTTP client is slow to import, and cameras need none.
        from fer_edge.runtime.sources.network import open_address

        return open_address(Address.parse(spec), settings, on_note)
    opener = _live_opener(spec, settings)
    if opener is not None:
        return ReopeningSource(opener, on_note)
    if settings.size_wh or settings.fps:
        raise InputError(
            f"{_shown(spec)}: a resolution and frame rate can only be set for cameras of this machine; leave them out"
        )
    return DemoSource(paced=paced) if spec == "demo" else _open_file(spec)


def _open_file(spec: str) -> Source:
    """Open a video, an image or a folder of images; raise InputError if there is none."""
    path = typed_path(spec)
    if spec and path.is_dir():
        return ImageFiles.in_folder(path)
    if spec and path.exists():
        return ImageFiles(str(path), [path]) if is_still(path) else VideoFile(path)
    raise InputError(f"{_shown(spec)}: no such camera or file{_nearest(spec, path)}; expected {WAYS}")


def _live_opener(spec: str, settings: CameraSettings) -> Callable[[], LiveSource] | None:
    """Return a function that opens the camera of this machine named `spec`; `None` if `spec` is something else."""
    if spec in ("picamera", "picamera2"):
        return lambda: open_picamera(settings)
    if spec == "libcamera":
        return lambda: open_libcamera(settings)
    if names_webcam(spec):
        return lambda: open_webcam(spec, settings)
    return None


def _open_first(settings: CameraSettings, on_note: OnNote) -> Source:
    """Open the first camera that gives a picture: a Raspberry Pi's own, then webcams in the order of their numbers."""
    candidates, failures = _candidates(), []
    for spec in candidates:
        try:
            source = _open_working(spec, settings, on_note)
        except SourceError as error:
            failures.append(str(error))
            continue
        on_note(f"auto chose camera {spec}" + (f" of {', '.join(candidates)}" if len(candidates) > 1 else ""))
        return source
    tried = f" ({'; '.join(failures)})" if failures else ""
    raise SourceError(f"auto found no camera that gives a picture{tried}; plug one in, or use demo as the camera")


def _candidates() -> list[str]:
    own = "picamera" if has_picamera() else "libcamera" if has_gstreamer() else None
    return [*([own] if own else []), *map(str, webcams())]


def _open_working(spec: str, settings: CameraSettings, on_note: OnNote) -> Source:
    """Open a camera; raise SourceError if it gives no picture."""
    source = open_source(spec, settings, on_note=on_note)
    try:
        next(iter(source))
    except SourceError:
        source.close()
        raise
    return source


def _shown(spec: str) -> str:
    return without_password(spec) or "an empty name"


def _nearest(spec: str, path: Path) -> str:
    """Return a hint for a message: the nearest name, or that a link is dangling."""
    if path.is_symlink():
        return ": it is a link that leads nowhere"
    siblings = [str(path.parent / each.name) for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(spec, [*_WORDS, *siblings], n=1)
    return f"; did you mean {near[0]}?" if near else ""
