from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_HANGING_IN_NATIVE_CODE = """
import cv2, numpy as np
from fer_edge.cli import main
from fer_edge.cli.commands import outputs
from fer_edge.runtime.sinks import background
from fer_edge.runtime.sinks.video import VideoSink

background._LAST_TIMEOUT_S = outputs._RECORDING_DRAIN_S = 0.1
picture = np.zeros((64, 64), np.uint8)

def hang(*_):
    while True:
        cv2.blur(picture, (9, 9))

VideoSink.write = hang
main()
"""


def test_an_output_that_hangs_in_native_code_ends_in_one_line(
    child_environment: dict[str, str], tmp_path: Path
) -> None:
    arguments = ("run", "--quiet", "--camera", "demo", "--frames", "3", "--output", "seen.avi")
    command = [sys.executable, "-c", _HANGING_IN_NATIVE_CODE, *arguments]
    done = subprocess.run(command, cwd=tmp_path, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert done.stderr.splitlines()[-1].startswith("error: seen.avi still hangs after 0.1 s")
