"""Scenarios of months on a device, in minutes. Each function runs one and returns what it found."""

from __future__ import annotations

import http
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import cv2

from benchmarks.soak.clock import WallClock
from benchmarks.soak.peers import CAMERA_FPS, Broker, Crowd, MjpegCamera, Visitor, free_port, retained
from benchmarks.soak.stream import Stream, folder, line_faults, lines_in, rotated, wait_for
from fer_edge.runtime.sinks.mqtt.camera import MqttCamera
from fer_edge.runtime.sinks.mqtt.home_assistant import discovery_topic

CLIENTS = 100
STRANGERS = 1000
_TOKEN = "given"
_RETURN_S = 300.0
"""A source is opened again after at most 60 s; a busy machine takes its time."""
_KILLS_A_SECOND = 0.4
"""Least number, on a slow machine too: 60 in the default's 150 s."""
_GROWTH_BYTES = 50_000_000


@dataclass(frozen=True)
class Report:
    """Result of a scenario.

    Attributes:
        done: Amount of work done, in words.
        faults: Faults; none if all held.
        skipped: Reason why nothing was done, or "".
    """

    done: str = ""
    faults: list[str] = field(default_factory=list)
    skipped: str = ""


def kills(seconds: float, random: Random) -> Report:
    """Kill runs that write a rotated log and a video, at random moments; then let one end by itself."""
    least = round(seconds * _KILLS_A_SECOND)
    count, faults, deadline = 0, list[str](), time.monotonic() + seconds
    with folder() as work:
        log, temporary = work / "log.jsonl", work / "tmp"
        temporary.mkdir()
        outputs = ("--jsonl", log, "--rotate-size", "100KB", "--rotate-keep", "100", "--output", work / "seen.avi")
        environment = {"TMPDIR": str(temporary)}
        while count < max(least, 1) or time.monotonic() < deadline:
            written = sum(map(lines_in, work.glob("log.jsonl*")))
            with Stream(work, "--camera", "demo", *outputs, environment=environment) as stream:
                if not wait_for(lambda: sum(map(lines_in, work.glob("log.jsonl*"))) > written or not stream.is_alive):  # noqa: B023
                    faults.append("no line after a start")
                if not stream.is_alive:
                    faults += stream.ended_with()
                    break
                time.sleep(random.uniform(0, 2))
            count += 1
        with Stream(work, "--camera", "demo", "--frames", "5", *outputs, environment=environment) as stream:
            faults += stream.ended_with(0, timeout_s=_RETURN_S)
        faults += line_faults(rotated(log))
        faults += [f"left behind: {path.name}" for path in temporary.glob("*.fer-edge-tmp")]
        lines = sum(map(lines_in, work.glob("log.jsonl*")))
    return Report(f"{count} kills, {lines:,} lines", faults)


def broker_restarts(seconds: float, random: Random) -> Report:
    """Kill a broker that forgets everything, and start it again: the camera must describe itself anew."""
    if shutil.which("mosquitto") is None:
        return Report(skipped="mosquitto is not installed")
    topic = discovery_topic(MqttCamera.named("soak", "fer-edge"))
    count, faults, deadline = 0, list[str](), time.monotonic() + seconds
    with folder() as work:
        broker = Broker(work)
        broker.start()
        arguments = ("--camera", "demo", "--mqtt", f"mqtt://127.0.0.1:{broker.port}", "--name", "soak")
        try:
            with Stream(work, *arguments, "--jsonl", "log.jsonl") as stream:
                if not retained(broker.port, topic, _RETURN_S):
                    faults.append("not described to the first broker")
                while not faults and (count == 0 or time.monotonic() < deadline):
                    broker.kill()
                    time.sleep(random.uniform(0, 5))
                    broker.start()
                    count += 1
                    if not retained(broker.port, topic, _RETURN_S):
                        faults.append(f"not described again after restart {count}")
                faults += stream.stop()
        finally:
            broker.kill()
        faults += line_faults([work / "log.jsonl"])
    return Report(f"{count} restarts", faults)


def camera_losses(seconds: float, random: Random) -> Report:
    """Unplug a network camera and plug it in again: frames must come back."""
    count, faults, deadline = 0, list[str](), time.monotonic() + seconds
    camera = MjpegCamera()
    camera.plug_in()
    with folder() as work, Stream(work, "--camera", camera.url, "--jsonl", "log.jsonl") as stream:
        log = work / "log.jsonl"
        if not wait_for(lambda: lines_in(log)):
            faults.append("no first frame")
        while not faults and (count == 0 or time.monotonic() < deadline):
            camera.unplug()
            time.sleep(random.uniform(1, 5))
            before = lines_in(log)
            camera.plug_in()
            count += 1
            if not wait_for(lambda: lines_in(log) > before + 5, _RETURN_S):  # noqa: B023
                faults.append(f"no frames after loss {count}")
        faults += stream.stop() + line_faults([log], gapless=False)
    camera.unplug()
    return Report(f"{count} losses", faults)


def clock_jumps(seconds: float, random: Random) -> Report:
    """Set the clock by up to an hour while a live camera is written to a video: its length must stay true."""
    if not WallClock.is_available():
        return Report(skipped="a clock of its own needs a C compiler")
    count, faults, camera = 0, list[str](), MjpegCamera()
    length_s = max(10.0, seconds - 10)
    camera.plug_in()
    with folder() as work:
        clock, log, video = WallClock(work), work / "log.jsonl", work / f"seen{random.choice(('.avi', '.mp4'))}"
        outputs = ("--jsonl", log, "--output", video, "--seconds", f"{length_s:g}")
        with Stream(work, "--camera", camera.url, *outputs, environment=clock.environment) as stream:
            wait_for(lambda: lines_in(log) or not stream.is_alive)
            deadline = time.monotonic() + length_s - 3
            while time.monotonic() < deadline:
                clock.set(random.choice((-3600, -60, 0, 60, 3600)))
                count += 1
                time.sleep(random.uniform(0, 2))
            faults += stream.ended_with(0, timeout_s=_RETURN_S)
        faults += line_faults([log], gapless=False) + _length_faults(video, log, length_s)
    camera.unplug()
    return Report(f"{count} jumps", faults)


def full_disk(seconds: float, random: Random) -> Report:
    """Fill a small disk with a video and a log: exit code 1, whole lines, no unreadable video under its name."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return Report(skipped="mounting a small disk needs root")
    count, faults, deadline = 0, list[str](), time.monotonic() + seconds
    with folder() as work:
        disk = work / "disk"
        disk.mkdir()
        while count == 0 or time.monotonic() < deadline:
            size_kb = random.randint(1200, 1600)
            mount = ["mount", "-t", "tmpfs", "-o", f"size={size_kb}k", "tmpfs", str(disk)]
            if subprocess.run(mount, capture_output=True).returncode != 0:
                return Report(skipped="this machine does not let a small disk be mounted")
            try:
                suffix = random.choice((".mp4", ".avi", ".mkv"))
                outputs = ("--output", disk / f"seen{suffix}", "--jsonl", disk / "log.jsonl")
                with Stream(work, "--camera", "demo", "--frames", "2000", *outputs) as stream:
                    faults += stream.ended_with(1, timeout_s=_RETURN_S)
                faults += line_faults([disk / "log.jsonl"])
                video = disk / f"seen{suffix}"
                if video.exists() and not cv2.VideoCapture(str(video)).read()[0]:
                    faults.append(f"{video.name} cannot be read")
            finally:
                subprocess.run(["umount", str(disk)], check=True)
            count += 1
    return Report(f"{count} full disks", faults)


def preview_clients(seconds: float, random: Random) -> Report:
    """Let many watch the preview, half of them slowly: frames and the quick ones' pictures keep coming."""
    faults, port = list[str](), free_port()
    with folder() as work, Stream(work, "--camera", "demo", "--preview", port, "--jsonl", "log.jsonl") as stream:
        log = work / "log.jsonl"
        if not wait_for(lambda: lines_in(log) > 10):
            return Report("no frame", ["no first frame"])
        before_bytes = stream.memory_bytes
        visitors = [Visitor(port, slow=bool(i % 2)) for i in range(CLIENTS)]
        time.sleep(max(5.0, seconds - 10))
        lines, growth = lines_in(log), stream.memory_bytes - before_bytes
        watching = sum(one.received > 100_000 for one in visitors[::2])
        if not wait_for(lambda: lines_in(log) > lines, 30):
            faults.append("no frames while many watch")
        if watching == 0:
            faults.append("no quick client got pictures")
        if growth > 2 * _GROWTH_BYTES:
            faults.append(f"memory grew by {growth / 1e6:.0f} MB")
        for one in visitors:
            one.leave()
        faults += stream.stop() + line_faults([log])
    return Report(f"{CLIENTS} clients, {watching} quick ones watched, {growth / 1e6:+.0f} MB", faults)


def preview_strangers(seconds: float, random: Random) -> Report:
    """Let a crowd without the token hold and flood the preview: frames keep coming, and the owner is answered."""
    faults, port, deadline = list[str](), free_port(), time.monotonic() + seconds
    preview = ("--preview", port, "--preview-token", _TOKEN)
    with folder() as work, Stream(work, "--camera", "demo", *preview, "--jsonl", "log.jsonl") as stream:
        log = work / "log.jsonl"
        if not wait_for(lambda: lines_in(log) > 10):
            return Report("no frame", ["no first frame"])
        before_bytes = most_bytes = stream.memory_bytes
        crowd = Crowd(port, STRANGERS)
        while not faults and time.monotonic() < deadline:
            lines = lines_in(log)
            crowd.press()
            most_bytes = max(most_bytes, stream.memory_bytes)
            if not wait_for(lambda: lines_in(log) > lines, 30):  # noqa: B023
                faults.append("no frames while strangers flood the port")
            if not wait_for(lambda: _is_answered(port), 30):
                faults.append("no answer to the owner while strangers flood the port")
        crowd.leave()
        if most_bytes - before_bytes > _GROWTH_BYTES:
            faults.append(f"memory grew by {(most_bytes - before_bytes) / 1e6:.0f} MB")
        faults += stream.stop() + line_faults([log])
    return Report(f"{crowd.opened:,} connections, {(most_bytes - before_bytes) / 1e6:+.0f} MB", faults)


def _is_answered(port: int) -> bool:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/api/state", headers={"Authorization": f"Bearer {_TOKEN}"})
    try:
        with urllib.request.urlopen(asked, timeout=10) as response:
            return bool(response.status == http.HTTPStatus.OK)
    except OSError:
        return False


def many_frames(frames: int) -> Report:
    """Let the demo run: every frame has its line, it never stands still, and memory stays."""
    faults, size, grown_at = list[str](), 0, time.monotonic()
    with folder() as work:
        log = work / "log.jsonl"
        with Stream(work, "--camera", "demo", "--jsonl", log, "--frames", frames) as stream:
            wait_for(lambda: lines_in(log) > min(200, frames - 1) or not stream.is_alive)
            early = last = stream.memory_bytes
            while stream.is_alive and time.monotonic() < grown_at + _RETURN_S:
                last = stream.memory_bytes or last
                if log.stat().st_size > size:
                    size, grown_at = log.stat().st_size, time.monotonic()
                time.sleep(0.5)
            faults += stream.ended_with(0)
        faults += line_faults([log])
        lines = lines_in(log)
    if lines != frames:
        faults.append(f"{lines:,} lines of {frames:,} frames")
    if last - early > _GROWTH_BYTES:
        faults.append(f"memory grew by {(last - early) / 1e6:.0f} MB")
    return Report(f"{lines:,} frames, {(last - early) / 1e6:+.1f} MB", faults)


Scenario = Callable[[float, Random], Report]
SCENARIOS: dict[str, tuple[Scenario, float]] = {
    "kills at random moments": (kills, 0.25),
    "broker restarts": (broker_restarts, 0.15),
    "camera losses": (camera_losses, 0.2),
    "clock jumps": (clock_jumps, 0.1),
    "full disk": (full_disk, 0.1),
    "preview's clients": (preview_clients, 0.1),
    "preview's strangers": (preview_strangers, 0.1),
}
"""Each with its share of the time; `many_frames` runs beside them."""


def _length_faults(video: Path, log: Path, most_s: float) -> list[str]:
    """Compare a video's length with the seconds from its first frame to its last, which are in the log."""
    capture = cv2.VideoCapture(str(video))
    fps, frames = capture.get(cv2.CAP_PROP_FPS) or CAMERA_FPS, 0
    while capture.grab():
        frames += 1
    elapsed_s = [json.loads(line)["elapsed_s"] for line in log.read_text().splitlines()][-1]
    faults = [] if 0 <= elapsed_s < most_s + 2 else [f"{elapsed_s:g} s are said to have passed of {most_s:g} s"]
    if abs(frames / fps - elapsed_s) > 0.3 * elapsed_s + 2:
        faults.append(f"{video.name} lasts {frames / fps:.1f} s of {elapsed_s:g} s")
    return faults
