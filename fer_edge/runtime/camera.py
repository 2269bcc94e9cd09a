"""From what the user calls a camera to a source of frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

import cv2

from fer_edge.errors import InputError, SourceError
from fer_edge.native_logs import quiet_ffmpeg
from fer_edge.runtime.demo import DemoSource
from fer_edge.runtime.devices import (
    CameraSettings,
    OpenCVCapture,
    has_gstreamer,
    has_picamera,
    open_libcamera,
    open_picamera,
    open_webcam,
    webcams,
)
from fer_edge.runtime.frames import Source
from fer_edge.runtime.image_files import IMAGE_SUFFIXES, ImageFiles
from fer_edge.runtime.live import LiveSource
from fer_edge.runtime.recordings import VideoFile
from fer_edge.runtime.reopening import ReopeningSource

WAYS = (
    "auto, a number (0 is the first webcam), picamera, libcamera, demo, a video file, an image or a folder of images, "
    "or an http://, https:// or rtsp:// address"
)

_WORDS = ("auto", "demo", "libcamera", "picamera")
_SCHEMES = ("http", "https", "rtsp", "rtsps")
_ADDRESS = "one such as http://192.168.1.20:8080/video"


def open_source(
    spec: str,
    settings: CameraSettings | None = None,
    *,
    paced: bool = False,
    tell: Callable[[str], None] = lambda _: None,
) -> Source:
    """Open a camera, stream, recording or the demo; cameras and streams are opened again when they fail.

    Args:
        spec: One of `WAYS`.
        settings: How a camera is started.
        paced: Let the demo go at a camera's speed.
        tell: Is told, in a sentence, what `auto` chose and when a camera fails or is back.

    Raises:
        InputError: If `spec` is none of these, or a file of another kind.
        SourceError: If the camera or stream cannot be opened.
    """
    settings = settings or CameraSettings()
    if spec == "auto":
        return _open_first(settings, tell)
    opener = _live_opener(spec, settings)
    if opener is not None:
        return ReopeningSource(opener, tell)
    if settings.size_wh or settings.fps:
        raise InputError(f"--resolution and --fps are for cameras of this machine, which {spec or 'nothing'} is not")
    if spec == "demo":
        return DemoSource(paced=paced)
    path = Path(spec).expanduser()
    if spec and path.is_dir():
        return ImageFiles.in_folder(path)
    if spec and path.exists():
        return ImageFiles(str(path), [path]) if path.suffix.lower() in IMAGE_SUFFIXES else VideoFile(path)
    raise InputError(f"--camera {spec}: no such camera or file{_nearest(spec, path)}; expected {WAYS}")


def _live_opener(spec: str, settings: CameraSettings) -> Callable[[], LiveSource] | None:
    """What opens a camera or stream, each time that it is called; `None` if `spec` is none."""
    if spec in ("picamera", "picamera2"):
        return lambda: open_picamera(settings)
    if spec == "libcamera":
        return lambda: open_libcamera(settings)
    if spec.isdecimal() or re.fullmatch(r"/dev/video\d+", spec):
        return lambda: open_webcam(int(spec.removeprefix("/dev/video")), settings)
    if "://" in spec:
        if settings.size_wh or settings.fps:
            raise InputError("--resolution and --fps are set at a network camera itself, not from here")
        return lambda: _open_stream(spec, settings.timeout_s)
    return None


def _open_first(settings: CameraSettings, tell: Callable[[str], None]) -> Source:
    """The first camera that gives a picture: a Raspberry Pi's own, then webcams in the order of their numbers."""
    candidates = ["picamera"] if has_picamera() else []
    if not candidates and has_gstreamer():
        candidates = ["libcamera"]
    candidates += [str(index) for index in webcams()]
    failures = []
    for spec in candidates:
        try:
            source = open_source(spec, settings, tell=tell)
        except SourceError as error:
            failures.append(str(error))
            continue
        try:
            next(iter(source))
        except SourceError as error:
            failures.append(str(error))
            source.close()
            continue
        tell(f"--camera auto chose {spec}" + (f" of {', '.join(candidates)}" if len(candidates) > 1 else ""))
        return source
    tried = f" ({'; '.join(failures)})" if failures else ""
    raise SourceError(f"--camera auto found no camera that gives a picture{tried}; plug one in, or try --camera demo")


def _open_stream(url: str, timeout_s: float) -> LiveSource:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"--camera {url}: not an address ({error}); expected {_ADDRESS}") from error
    if parts.scheme.lower() not in _SCHEMES:
        raise InputError(f"--camera {url}: expected an address with {', '.join(_SCHEMES)}, got {parts.scheme}")
    if not host:
        raise InputError(f"--camera {url}: the address names no host; expected {_ADDRESS}")
    # A password stays out of messages and logs.
    description = url.replace(f":{parts.password}@", ":***@") if parts.password else url
    limit_ms = int(timeout_s * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
    quiet_ffmpeg()
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise SourceError(
            f"{description}: no video came from there in {timeout_s:g} s or less; check the network, the address (in a "
            f"browser, VLC or ffplay) and whether it wants a login: {parts.scheme}://USER:PASSWORD@{host}/..."
        )
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    advice = "check the camera and the network"
    return LiveSource(
        OpenCVCapture(capture), description, fps=fps if 0 < fps <= 120 else None, advice=advice, timeout_s=timeout_s
    )


def _nearest(spec: str, path: Path) -> str:
    siblings = [str(path.parent / each.name) for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(spec, [*_WORDS, *siblings], n=1)
    return f"; did you mean {near[0]}?" if near else ""
