"""Open the source at an address: a network camera, or a recording on a web server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial

import cv2

from fer_edge.errors import InputError, SourceError
from fer_edge.notes import OnNote
from fer_edge.runtime.sources.addresses import Address
from fer_edge.runtime.sources.devices import CameraSettings
from fer_edge.runtime.sources.http_client import HttpClient
from fer_edge.runtime.sources.http_content import Kind, look_up
from fer_edge.runtime.sources.http_recording import fetch_recording
from fer_edge.runtime.sources.live import LiveSource
from fer_edge.runtime.sources.motion_jpeg import MotionJpegCapture
from fer_edge.runtime.sources.opencv_capture import live_source, require_moderate_video
from fer_edge.runtime.sources.recordings import VideoFile
from fer_edge.runtime.sources.reopening import ReopeningSource
from fer_edge.runtime.sources.snapshots import INTERVAL_S, SnapshotCapture
from fer_edge.runtime.sources.source import Source
from fer_edge.terminal.native_logs import quiet_ffmpeg

_ASKED_FIRST = ("http", "https")
_PAUSE_AFTER_LOOK_S = 1.0
"""Pause after the first request, for cameras with a single client that notice its end late."""
_ADVICE = "check the camera and the network"
_NO_SETTINGS = "the resolution and frame rate of a network camera are set at the camera itself, not from here"


def open_address(address: Address, settings: CameraSettings, on_note: OnNote) -> Source:
    """Open a stream or snapshots, which are reopened when they fail, or a recording, which is read once.

    Args:
        address: Address of any scheme.
        settings: Only `fps` may be set, and only for snapshots: requests per second.
        on_note: Called with a sentence when a camera fails or is back, or a recording is fetched first.

    Raises:
        InputError: If the settings do not apply to this address, or a recording is not a video.
        SourceError: If there is nothing that can be opened.
    """
    if settings.size_wh:
        raise InputError(_NO_SETTINGS)
    if address.scheme in _ASKED_FIRST:
        client = HttpClient(address, settings.timeout_s, on_note)
        content = look_up(client)
        if content.kind is Kind.SNAPSHOT:
            return _open_snapshots(client, settings, on_note)
        if content.kind is Kind.RECORDING:
            _refuse_fps(settings)
            return VideoFile(address.url, str(address)) if content.is_playlist else fetch_recording(client, on_note)
        if content.is_multipart:
            _refuse_fps(settings)
            return _open_motion_jpeg(client, settings.timeout_s, on_note)
    _refuse_fps(settings)
    return _open_stream(lambda: _open_live(address, settings.timeout_s), address, settings.timeout_s, on_note)


def _refuse_fps(settings: CameraSettings) -> None:
    if settings.fps:
        raise InputError(f"{_NO_SETTINGS}; a frame rate is for an address of single pictures")


def _open_snapshots(client: HttpClient, settings: CameraSettings, on_note: OnNote) -> Source:
    interval_s = 1 / settings.fps if settings.fps else INTERVAL_S
    patience_s = interval_s + settings.timeout_s

    def open_live() -> LiveSource:
        closing = threading.Event()
        return LiveSource(
            SnapshotCapture(client, interval_s, patience_s, closing),
            str(client.address),
            fps=1 / interval_s,
            advice=_ADVICE,
            timeout_s=patience_s + settings.timeout_s,
            closing=closing,
        )

    return ReopeningSource(open_live, on_note, stall_s=patience_s + settings.timeout_s, raw_sensor=False)


def _open_motion_jpeg(client: HttpClient, timeout_s: float, on_note: OnNote) -> Source:
    def open_live() -> LiveSource:
        capture = MotionJpegCapture(client, timeout_s)
        return LiveSource(capture, str(client.address), fps=None, advice=_ADVICE, timeout_s=timeout_s)

    return _open_stream(open_live, client.address, timeout_s, on_note)


def _open_stream(open_live: Callable[[], LiveSource], address: Address, timeout_s: float, on_note: OnNote) -> Source:
    open_first = partial(ReopeningSource, open_live, on_note, stall_s=timeout_s, raw_sensor=False)
    try:
        return open_first()
    except SourceError:
        if address.scheme not in _ASKED_FIRST:
            raise
    time.sleep(_PAUSE_AFTER_LOOK_S)
    return open_first()


def _open_live(address: Address, timeout_s: float) -> LiveSource:
    return live_source(_open_capture(address, timeout_s), str(address), _ADVICE, timeout_s)


def _open_capture(address: Address, timeout_s: float) -> cv2.VideoCapture:
    limit_ms = int(timeout_s * 1000)
    limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, limit_ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, limit_ms]
    quiet_ffmpeg()
    capture = cv2.VideoCapture(address.url, cv2.CAP_FFMPEG, limits)
    if capture.isOpened():
        require_moderate_video(capture, str(address))
        return capture
    raise SourceError(
        f"{address}: no video came from there in {timeout_s:g} s or less; check the network, the address (in a "
        f"browser, VLC or ffplay) and whether it needs a login: {address.example_with_login}"
    )
