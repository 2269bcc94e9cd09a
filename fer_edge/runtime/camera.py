"""From what the user calls a camera to a source of frames."""

from __future__ import annotations

import importlib
import os
import re
import sys
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np

from fer_edge.errors import InputError, SourceError
from fer_edge.preprocess import Image
from fer_edge.runtime.demo import DemoSource
from fer_edge.runtime.frames import Source
from fer_edge.runtime.live import FRAME_TIMEOUT_S, LiveSource
from fer_edge.runtime.recordings import IMAGE_SUFFIXES, ImageFiles, VideoFile

WAYS = (
    "a number (0 is the first webcam), picamera, demo, a video file, an image or a folder of images, "
    "or an http://, https:// or rtsp:// address"
)

_WORDS = ("demo", "picamera")
_SCHEMES = ("http", "https", "rtsp", "rtsps")
_ADDRESS = "one such as http://192.168.1.20:8080/video"
_PI_MODEL_FILE = Path("/proc/device-tree/model")
_PICAMERA_SIZE_WH = (640, 480)
_PICAMERA_FPS = 30.0


def open_source(spec: str, *, paced: bool = False, timeout_s: float = FRAME_TIMEOUT_S) -> Source:
    """Open a camera, stream, recording or the demo.

    Args:
        spec: One of `WAYS`.
        paced: Let the demo go at a camera's speed.
        timeout_s: How long to wait for a connection, and for a frame of a live source.

    Raises:
        InputError: If `spec` is none of these, or a file of another kind.
        SourceError: If the camera or stream cannot be opened.
    """
    if spec == "demo":
        return DemoSource(paced=paced)
    if spec in ("picamera", "picamera2"):
        return _open_picamera(timeout_s)
    if spec.isdecimal() or re.fullmatch(r"/dev/video\d+", spec):
        return _open_device(int(spec.removeprefix("/dev/video")), timeout_s)
    if "://" in spec:
        return _open_stream(spec, timeout_s)
    path = Path(spec).expanduser()
    if spec and path.is_dir():
        return ImageFiles.in_folder(path)
    if spec and path.exists():
        return ImageFiles(str(path), [path]) if path.suffix.lower() in IMAGE_SUFFIXES else VideoFile(path)
    raise InputError(f"--camera {spec}: no such camera or file{_nearest(spec, path)}; expected {WAYS}")


class _OpenCVCapture:
    """A webcam or stream through OpenCV."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        self._capture = capture

    def read(self) -> Image | None:
        ok, image = self._capture.read()
        return np.asarray(image, np.uint8) if ok else None

    def close(self) -> None:
        self._capture.release()


class _PicameraCapture:
    """A Raspberry Pi's camera through picamera2."""

    def __init__(self, camera: Any) -> None:
        self._camera = camera

    def read(self) -> Image | None:
        return np.asarray(self._camera.capture_array("main"), np.uint8)

    def close(self) -> None:
        self._camera.stop()
        self._camera.close()


def _open_device(index: int, timeout_s: float) -> LiveSource:
    description = f"camera {index}"
    advice = _device_advice(index)
    on_linux = sys.platform.startswith("linux")
    device = Path(f"/dev/video{index}")
    if on_linux and not device.exists():
        raise SourceError(f"{description}: there is no {device}; {advice}")
    if on_linux and not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{description}: no permission for {device}; sudo usermod -aG video $USER, and log in again")
    capture = cv2.VideoCapture(index, cv2.CAP_V4L2 if on_linux else cv2.CAP_ANY)
    if not capture.isOpened():
        raise SourceError(
            f"{description} cannot be opened: another program uses it (fuser {device} tells which) or it is no camera; "
            f"{advice}"
        )
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return LiveSource(
        _OpenCVCapture(capture), description, fps=fps if fps > 0 else None, advice=advice, timeout_s=timeout_s
    )


def _device_advice(index: int) -> str:
    if _PI_MODEL_FILE.exists() and "Raspberry Pi" in _PI_MODEL_FILE.read_text(errors="replace"):
        return "a Raspberry Pi's ribbon-cable camera is --camera picamera"
    others = sorted(
        (int(path.name.removeprefix("video")) for path in Path("/dev").glob("video*") if path.name[5:].isdecimal()),
    )
    others = [other for other in others if other != index]
    if others:
        return f"try --camera {' or '.join(map(str, others))}"
    return "plug a camera in, or try --camera demo"


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
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, limits)
    if not capture.isOpened():
        raise SourceError(
            f"{description}: no video came from there in {timeout_s:g} s or less; check the network, the address (in a "
            f"browser, VLC or ffplay) and whether it wants a login: {parts.scheme}://USER:PASSWORD@{host}/..."
        )
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    advice = "check the camera and the network"
    return LiveSource(
        _OpenCVCapture(capture), description, fps=fps if 0 < fps <= 120 else None, advice=advice, timeout_s=timeout_s
    )


def _open_picamera(timeout_s: float) -> LiveSource:
    try:
        picamera2 = importlib.import_module("picamera2")
    except ImportError as error:
        raise InputError(
            f"--camera picamera needs picamera2 ({error}), which comes with Raspberry Pi OS: sudo apt install "
            "python3-picamera2, and make the virtual environment with: python3 -m venv --system-site-packages"
        ) from error
    try:
        camera = picamera2.Picamera2()
        # picamera2's RGB888 lies in memory as blue, green, red, which is OpenCV's order.
        main = {"size": _PICAMERA_SIZE_WH, "format": "RGB888"}
        camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": _PICAMERA_FPS}))
        camera.start()
    except Exception as error:  # libcamera's bindings raise IndexError without a camera, RuntimeError when it is busy
        raise SourceError(
            f"the Raspberry Pi's camera cannot be opened ({str(error) or type(error).__name__}); check its cable, that "
            "`rpicam-hello --list-cameras` shows it, and that no other program uses it"
        ) from error
    advice = "check the camera's cable, and `dmesg` for its errors"
    return LiveSource(_PicameraCapture(camera), "picamera", fps=_PICAMERA_FPS, advice=advice, timeout_s=timeout_s)


def _nearest(spec: str, path: Path) -> str:
    siblings = [str(path.parent / each.name) for each in path.parent.iterdir()] if path.parent.is_dir() else []
    near = get_close_matches(spec, [*_WORDS, *siblings], n=1)
    return f"; did you mean {near[0]}?" if near else ""
