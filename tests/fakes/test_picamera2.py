from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.fakes.picamera2 import Picamera2


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Picamera2:
    monkeypatch.setattr(Picamera2, "opened", [])
    return Picamera2()


@pytest.mark.parametrize(
    ("name", "pixel"),
    [("RGB888", [255, 0, 1]), ("BGR888", [1, 0, 255]), ("XRGB8888", [255, 0, 1, 255]), ("XBGR8888", [1, 0, 255, 255])],
)
def test_formats_are_named_from_the_highest_byte_down(camera: Picamera2, name: str, pixel: list[int]) -> None:
    camera.configure(camera.create_video_configuration(main={"size": (64, 48), "format": name}))
    camera.start()
    picture = camera.capture_array("main")
    assert picture.shape == (48, 64, len(pixel))
    assert picture[0, 0].tolist() == pixel


def test_sizes_become_even(camera: Picamera2) -> None:
    assert camera.create_video_configuration(main={"size": (641, 481)})["main"]["size"] == (640, 480)


def test_a_camera_that_was_not_configured_starts_small(camera: Picamera2) -> None:
    camera.start()
    assert camera.capture_array().shape == (480, 640, 4)
    assert camera.capture_metadata()["ExposureTime"] > 0


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({}, "'main' key expected"),
        ({"main": "RGB888"}, "should be a dictionary"),
        ({"main": {"size": (64, 48)}}, "format not found in main stream"),
        ({"main": {"format": "RGB888"}}, "size not found in main stream"),
        ({"main": {"format": "BGR", "size": (64, 48)}}, "Bad format BGR in stream main"),
        ({"main": {"format": "RGB888", "size": [64, 48]}}, r"should be \(width, height\)"),
        ({"main": {"format": "RGB888", "size": (63, 48)}}, "should be even"),
    ],
)
def test_what_is_no_configuration_is_refused(camera: Picamera2, configuration: dict[str, Any], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        camera.configure(configuration)


def test_a_stream_has_no_other_keys(camera: Picamera2) -> None:
    with pytest.raises(ValueError, match="Bad key 'fps'"):
        camera.create_video_configuration(main={"fps": 30})


@pytest.mark.parametrize(
    "use", [Picamera2.capture_array, Picamera2.capture_metadata], ids=["capture_array", "capture_metadata"]
)
def test_nothing_is_captured_before_the_start_or_after_the_end(
    camera: Picamera2, use: Callable[[Picamera2], object]
) -> None:
    with pytest.raises(RuntimeError, match="does not run"):
        use(camera)
    camera.start()
    use(camera)
    camera.close()
    with pytest.raises(RuntimeError, match="does not run"):
        use(camera)


@pytest.mark.parametrize("use", [Picamera2.start, Picamera2.create_video_configuration])
def test_a_closed_camera_is_of_no_use(camera: Picamera2, use: Callable[[Picamera2], object]) -> None:
    camera.close()
    camera.close()
    with pytest.raises(RuntimeError, match="Camera not opened"):
        use(camera)


def test_a_running_camera_is_not_configured(camera: Picamera2) -> None:
    camera.start()
    with pytest.raises(RuntimeError, match="must be stopped before configuring"):
        camera.configure(camera.create_video_configuration())


def test_a_camera_is_of_whoever_has_it_open(camera: Picamera2) -> None:
    with pytest.raises(RuntimeError, match="did not complete"):
        Picamera2()
    camera.close()
    Picamera2()
    with pytest.raises(IndexError):
        Picamera2(1)
    assert [info["Num"] for info in Picamera2.global_camera_info()] == [0]
