"""Cameras of this machine: webcams, and a Raspberry Pi's own through picamera2 or GStreamer."""

from __future__ import annotations

import importlib
import os
import sys
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from fer_edge.board import is_raspberry_pi
from fer_edge.errors import InputError, SourceError
from fer_edge.native_logs import chatter_held_back
from fer_edge.preprocess import Image
from fer_edge.runtime.sources.live import FRAME_TIMEOUT_S, LiveSource
from fer_edge.runtime.sources.v4l2 import video_devices
from fer_edge.runtime.sources.webcam_names import webcam_device, webcam_number

_ON_LINUX = sys.platform.startswith("linux")

_PI_SIZE_WH = (640, 480)
_PI_FPS = 30.0


@dataclass(frozen=True)
class CameraSettings:
    """How a camera is started.

    Attributes:
        size_wh: Width and height in pixels; `None` for 640x480 on a Raspberry Pi's own camera, elsewhere the driver's.
        fps: Frames a second; `None` for 30 on a Raspberry Pi's own camera, elsewhere the driver's.
        timeout_s: How long to wait for a connection, and for the first frame.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    timeout_s: float = FRAME_TIMEOUT_S


class OpenCVCapture:
    """A webcam or stream through OpenCV."""

    def __init__(self, capture: cv2.VideoCapture) -> None:
        """Take over an opened capture."""
        self._capture = capture

    def read(self) -> Image | None:
        """Wait for the next frame."""
        if not self._capture.grab():
            return None
        with chatter_held_back():  # a webcam's broken JPEGs
            ok, image = self._capture.retrieve()
        return np.asarray(image, np.uint8) if ok else None

    def close(self) -> None:
        """Release the device or connection."""
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


def webcams() -> list[int]:
    """The numbers of what may be one; a Raspberry Pi has a dozen device files besides, of codecs and the like."""
    if not _ON_LINUX:
        return [0]  # nothing tells which there are
    return [int(device.path.name.removeprefix("video")) for device in video_devices() if device.may_be_webcam]


def has_picamera() -> bool:
    """Whether picamera2 is installed and sees a camera."""
    try:
        return bool(importlib.import_module("picamera2").Picamera2.global_camera_info())
    except Exception:  # an ImportError, or whatever libcamera's bindings raise
        return False


def has_gstreamer() -> bool:
    """Whether this OpenCV was built with GStreamer, as Debian's is and pip's is not."""
    return any("GStreamer" in line and "YES" in line for line in cv2.getBuildInformation().splitlines())


def open_webcam(name: str, settings: CameraSettings) -> LiveSource:
    """Open the webcam that a number, a device file or a link to one stands for now.

    Raises:
        SourceError: If it is not there or cannot be opened.
    """
    device = webcam_device(name)
    number = webcam_number(device)
    is_plain = number is not None and (name.isdecimal() or name == str(device))
    description = f"camera {number if is_plain else name}"
    advice = _webcam_advice(number)
    if _ON_LINUX and not device.exists():
        raise SourceError(f"{description}: there is no {device}; {advice}")
    if _ON_LINUX and not os.access(device, os.R_OK | os.W_OK):
        raise SourceError(f"{description}: no permission for {device}; sudo usermod -aG video $USER, and log in again")
    backend = cv2.CAP_V4L2 if _ON_LINUX else cv2.CAP_ANY
    with chatter_held_back():
        capture = cv2.VideoCapture(str(device) if number is None else number, backend)
    if not capture.isOpened():
        raise SourceError(
            f"{description} cannot be opened: another program uses it (fuser {device} tells which) or it is no camera; "
            f"{advice}"
        )
    if settings.size_wh is not None:
        # Most webcams have their larger sizes at full speed only as JPEG.
        capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, settings.size_wh[0])
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, settings.size_wh[1])
    if settings.fps is not None:
        capture.set(cv2.CAP_PROP_FPS, settings.fps)
    return _live(capture, description, advice, settings)


def open_picamera(settings: CameraSettings) -> LiveSource:
    """Open a Raspberry Pi's own camera through picamera2.

    Raises:
        InputError: If picamera2 is not installed.
        SourceError: If there is no camera, or another program uses it.
    """
    try:
        picamera2 = importlib.import_module("picamera2")
    except ImportError as error:
        raise InputError(
            f"--camera picamera needs picamera2 ({error}), which comes with Raspberry Pi OS: sudo apt install "
            "python3-picamera2, and make the virtual environment with: python3 -m venv --system-site-packages"
        ) from error
    fps = settings.fps or _PI_FPS
    try:
        camera = _start_picamera(picamera2.Picamera2(), settings.size_wh or _PI_SIZE_WH, fps)
    except Exception as error:  # libcamera's bindings raise IndexError without a camera, RuntimeError when it is busy
        raise SourceError(
            f"the Raspberry Pi's camera cannot be opened ({str(error) or type(error).__name__}); check its cable, that "
            "`rpicam-hello --list-cameras` shows it, and that no other program uses it"
        ) from error
    advice = "check the camera's cable, and `dmesg` for its errors"
    return LiveSource(_PicameraCapture(camera), "picamera", fps=fps, advice=advice, timeout_s=settings.timeout_s)


def _start_picamera(camera: Any, size_wh: tuple[int, int], fps: float) -> Any:
    try:
        # picamera2's RGB888 lies in memory as blue, green, red, which is OpenCV's order.
        main = {"size": size_wh, "format": "RGB888"}
        camera.configure(camera.create_video_configuration(main=main, controls={"FrameRate": fps}))
        camera.start()
    except Exception:
        camera.close()  # or it would stay in use, for the next try, too
        raise
    return camera


def open_libcamera(settings: CameraSettings) -> LiveSource:
    """Open a Raspberry Pi's own camera through GStreamer's libcamerasrc.

    Raises:
        InputError: If this OpenCV has no GStreamer.
        SourceError: If the camera cannot be opened.
    """
    if not has_gstreamer():
        raise InputError(
            "--camera libcamera needs an OpenCV with GStreamer, which pip's is not: sudo apt install python3-opencv "
            "gstreamer1.0-libcamera; or use --camera picamera"
        )
    width, height = settings.size_wh or _PI_SIZE_WH
    wanted = f"video/x-raw,width={width},height={height},framerate={round(settings.fps or _PI_FPS)}/1"
    sink = "videoconvert ! video/x-raw,format=BGR ! appsink drop=true max-buffers=1"
    capture = cv2.VideoCapture(f"libcamerasrc ! {wanted} ! {sink}", cv2.CAP_GSTREAMER)
    advice = "check that `rpicam-hello --list-cameras` shows the camera, and that gstreamer1.0-libcamera is installed"
    if not capture.isOpened():
        raise SourceError(f"GStreamer's libcamerasrc cannot be opened; {advice}")
    return _live(capture, "libcamera", advice, settings)


def _live(capture: cv2.VideoCapture, description: str, advice: str, settings: CameraSettings) -> LiveSource:
    fps = float(capture.get(cv2.CAP_PROP_FPS))
    return LiveSource(
        OpenCVCapture(capture),
        description,
        fps=fps if fps > 0 else None,
        advice=advice,
        timeout_s=settings.timeout_s,
    )


def _webcam_advice(number: int | None) -> str:
    if is_raspberry_pi():
        return "a Raspberry Pi's ribbon-cable camera is --camera picamera"
    others = [other for other in webcams() if other != number]
    if others:
        return f"try --camera {' or '.join(map(str, others))}"
    return "plug a camera in, or try --camera demo"
