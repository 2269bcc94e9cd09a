"""Checks that cameras are found, can be opened and give a picture."""

from __future__ import annotations

from collections.abc import Iterator

from fer_edge import board
from fer_edge.doctor.finding import Finding, failure, ok, warning
from fer_edge.doctor.probes import run_probe
from fer_edge.runtime.sources import v4l2
from fer_edge.runtime.sources.webcam_names import stable_name

JOIN_VIDEO = "sudo usermod -aG video $USER, and log in again"

_CAMERA_TIMEOUT_S = 20.0


def check_cameras() -> Iterator[Finding]:
    """Take a picture from each camera that is found."""
    findings = [*_check_picamera(), *_check_video_devices()]
    if not findings:
        advice = "plug one in, or run fer-edge with --camera demo, a file, or an address"
        findings.append(warning("camera", "none found", advice))
    yield from findings


def check_group() -> Iterator[Finding]:
    """Check that this user may open a Raspberry Pi's cameras."""
    if board.is_raspberry_pi() and not board.is_in_group("video"):
        yield warning("group", "this user is not in the group video, which may open cameras", JOIN_VIDEO)


def _check_picamera() -> Iterator[Finding]:
    probed = run_probe("picamera")
    if "No module named 'picamera2'" in probed.detail:
        if board.is_raspberry_pi():
            advice = (
                "for a camera on the ribbon cable: sudo apt install python3-picamera2, and create the environment with "
                "python3 -m venv --system-site-packages"
            )
            yield warning("picamera", "picamera2 cannot be imported in this environment", advice)
    elif not probed.worked:
        yield failure("picamera", probed.detail, probed.advice)
    elif probed.facts["cameras"]:
        yield _take_picture("picamera", "picamera", probed.detail)


def _check_video_devices() -> Iterator[Finding]:
    for device in v4l2.video_devices():
        name = f"camera {device.number}"
        if not device.may_be_webcam:
            continue
        if device.is_open_to_us:
            link = stable_name(device.path)
            yield _take_picture(name, str(device.path), f"{device.name}, {link}" if link else device.name)
        elif device.captures is None:
            yield failure(name, f"{device.name}: no permission for {device.path}", JOIN_VIDEO)


def _take_picture(name: str, spec: str, description: str) -> Finding:
    probed = run_probe("camera", spec, timeout_s=_CAMERA_TIMEOUT_S)
    if not probed.worked:
        return failure(name, f"{description}: {probed.detail}", probed.advice)
    if probed.facts["is_dark"]:
        advice = "remove the lens cap or turn on a light"
        return warning(name, f"{description}: {probed.detail}, all black", advice, **probed.facts)
    return ok(name, f"{description}: {probed.detail}", **probed.facts)
