"""A stand-in for Raspberry Pi's picamera2, which is in its own package archive and needs a camera.

It has the part of the surface that programs without a window use, and raises what picamera2 0.3 raises. It can take
picamera2's place in two ways: `monkeypatch.setitem(sys.modules, "picamera2", tests.fakes.picamera2)`, or, for another
process, `PYTHONPATH=tests/fakes`, with which `fer-edge run --camera picamera` runs on any machine.

What is as in the real one: arrays are named after libcamera's formats, so that `RGB888` lies in memory as blue, green,
red; sizes become even; who opened the camera has it until it is closed. What is not: the picture is
one plain colour that changes from frame to frame; frames take 10 ms; and `capture_array` and `capture_metadata` of a
camera that does not run raise, where the real ones wait for ever.
"""

from __future__ import annotations

import time
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

_FRAME_S = 0.01
_ORDERS = {"RGB888": (2, 1, 0), "BGR888": (0, 1, 2), "XRGB8888": (2, 1, 0, 3), "XBGR8888": (0, 1, 2, 3)}
"""Of red, green, blue and 255 in memory."""


class Picamera2:
    """A camera, opened.

    Attributes:
        cameras: What `global_camera_info` gives; a test may empty it.
        opened: Every camera that was opened, in order; a test may empty it.
        calls: The methods that were called, in order.
        frames: How many were taken.
    """

    cameras: ClassVar[list[dict[str, Any]]] = [
        {"Model": "imx708", "Location": 2, "Rotation": 180, "Id": "/base/soc/i2c0mux/i2c@1/imx708@1a", "Num": 0}
    ]
    opened: ClassVar[list[Picamera2]] = []

    def __init__(self, camera_num: int = 0) -> None:
        """Open the camera of that number.

        Raises:
            IndexError: If there is none.
            RuntimeError: If it is in use.
        """
        self.is_open = self.started = False
        self.camera_config: dict[str, Any] | None = None
        self.calls: list[str] = []
        self.frames = 0
        self.camera_info = self.cameras[camera_num]
        if any(camera.is_open and camera.camera_info == self.camera_info for camera in self.opened):
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.is_open = True
        self.opened.append(self)

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        """The cameras that are connected."""
        return Picamera2.cameras

    def create_video_configuration(
        self, main: dict[str, Any] | None = None, controls: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """A configuration with the picture as asked for, or in 1280x720.

        Raises:
            ValueError: If `main` has other keys than size and format.
            RuntimeError: If the camera has been closed.
        """
        if not self.is_open:
            raise RuntimeError("Camera not opened")
        for key in main or {}:
            if key not in ("format", "size"):
                raise ValueError(f"Bad key {key!r}: valid stream configuration keys are ('format', 'size')")
        stream = {"format": "XBGR8888", "size": (1280, 720), **(main or {})}
        stream["size"] = tuple(side - side % 2 for side in stream["size"])
        return {"main": stream, "controls": {"FrameDurationLimits": (33333, 33333), **(controls or {})}}

    def configure(self, camera_config: dict[str, Any]) -> None:
        """Set what is to be captured.

        Raises:
            RuntimeError: If the camera runs, or the configuration is none.
        """
        self.calls.append("configure")
        if not self.is_open:
            raise RuntimeError("Camera not opened")
        if self.started:
            raise RuntimeError("Camera must be stopped before configuring")
        if "main" not in camera_config:
            raise RuntimeError("'main' key expected in camera configuration")
        _check_stream(camera_config["main"])
        self.camera_config = camera_config

    def start(self) -> None:
        """Let it run, at 640x480 unless it was configured.

        Raises:
            RuntimeError: If it has been closed.
        """
        self.calls.append("start")
        if not self.is_open:
            raise RuntimeError("Camera not opened")
        if self.camera_config is None:
            self.camera_config = self.create_video_configuration({"size": (640, 480)})
        self.started = True

    def capture_array(self, name: str = "main") -> npt.NDArray[np.uint8]:
        """Wait for the next picture: uint8 (H, W, 3 or 4).

        Raises:
            RuntimeError: If the camera does not run, or has no stream of that name.
        """
        stream = self._next_frame(name)
        width, height = stream["size"]
        colour = np.array((self.frames % 2, 0, 255, 255), np.uint8)[list(_ORDERS[stream["format"]])]
        picture: npt.NDArray[np.uint8] = np.broadcast_to(colour, (height, width, len(colour))).copy()
        return picture

    def capture_metadata(self) -> dict[str, Any]:
        """Settings of the next picture: times in microseconds, the timestamp in nanoseconds.

        Raises:
            RuntimeError: If the camera does not run.
        """
        self._next_frame("main")
        return {
            "SensorTimestamp": time.monotonic_ns(),
            "ExposureTime": 16000,
            "AnalogueGain": 1.5,
            "ColourTemperature": 4800,
            "FrameDuration": 33333,
            "Lux": 250.0,
        }

    def stop(self) -> None:
        """Let it rest; nothing if it does."""
        self.calls.append("stop")
        self.started = False

    def close(self) -> None:
        """Let go of it; nothing if that has been done."""
        if self.is_open:
            self.calls.append("close")
        self.is_open = self.started = False
        self.camera_config = None

    def _next_frame(self, name: str) -> dict[str, Any]:
        if not self.started or self.camera_config is None:
            raise RuntimeError("the camera does not run; the real one would wait for ever")
        if name != "main":
            raise RuntimeError(f"Stream {name!r} is not defined")
        time.sleep(_FRAME_S)
        self.frames += 1
        stream: dict[str, Any] = self.camera_config["main"]
        return stream


def _check_stream(stream: Any) -> None:
    if not isinstance(stream, dict):
        raise RuntimeError("main stream should be a dictionary")
    for key in ("format", "size"):
        if key not in stream:
            raise RuntimeError(f"{key} not found in main stream")
    if stream["format"] not in _ORDERS:
        raise RuntimeError(f"Bad format {stream['format']} in stream main")
    size = stream["size"]
    if not isinstance(size, tuple) or len(size) != 2:
        raise RuntimeError("size in main stream should be (width, height)")
    if size[0] % 2 or size[1] % 2:
        raise RuntimeError("width and height should be even")
