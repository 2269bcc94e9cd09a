"""Whom to inform is said once on a machine, and never among the data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from fer_edge.models import PORTRAIT_FILE
from tests.fakes.web_server import web_server

SENTENCE = "note: inform everyone whom the camera may see"


@pytest.fixture
def camera() -> Iterator[str]:
    """Address of a camera that gives snapshots."""
    image = cv2.imread(str(PORTRAIT_FILE))
    assert image is not None
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    with web_server() as server:
        server.answers["/now.jpg"] = lambda request: request.reply(jpeg, "image/jpeg")
        yield f"http://127.0.0.1:{server.server_port}/now.jpg"


@pytest.fixture(autouse=True)
def fresh_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


def test_first_start_with_a_camera_informs_once_and_on_standard_error(
    command_line: Callable[..., Any], camera: str
) -> None:
    told = []
    for options in (["--quiet"], ["--jsonl", "-"], ["--jsonl", "-"]):
        ended = command_line("run", "--camera", camera, "--frames", 1, *options).require_success()
        told.append(ended.stderr.count(SENTENCE))
        assert all(json.loads(line) for line in ended.stdout.splitlines())
    assert told == [0, 1, 0]


def test_recording_and_demo_see_nobody(command_line: Callable[..., Any], tmp_path: Path) -> None:
    for source in ("demo", PORTRAIT_FILE):
        ended = command_line("run", "--camera", source, "--frames", 1, "--jsonl", tmp_path / "a").require_success()
        assert SENTENCE not in ended.stderr
