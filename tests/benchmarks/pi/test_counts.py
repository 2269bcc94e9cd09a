from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.pi import counts
from benchmarks.pi.counts import check_repeatable, parse_log, stage_counts
from benchmarks.pi.models import INSIDE
from benchmarks.pi.result import WHOLE_FRAME, Count
from fer_edge.errors import FerEdgeError
from fer_edge.inference.model_choice import choose_model
from fer_edge.models import SHIPPED_MODEL

# Tells of every mark what came before it, by standing in its place.
MARKED = "import os, runpy, sys; os.getsid = lambda _: print('mark'); sys.argv = sys.argv[1:]; "
MARKED += "runpy.run_path(sys.argv[0], run_name='__main__')"


def marked(environment: dict[str, str], *arguments: object) -> list[str]:
    command = [sys.executable, "-c", MARKED, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.splitlines()


def test_other_lines_of_the_log_are_ignored() -> None:
    assert list(parse_log("")) == []
    assert list(parse_log("qemu: a warning\nexecuted 12\nexecuted 30\n")) == [12, 30]


def test_marks_are_assigned_to_stages_in_order() -> None:
    frames = [["track", "detect", "crop", "classify"], ["track", "crop", "classify"]]
    marks = iter([100, 110, 210, 215, 235, 1000, 1020, 1025, 1055])
    assert stage_counts(frames, marks) == {
        "track": 15,
        "detect": 100,
        "crop": 5,
        "classify": 25,
        WHOLE_FRAME: (135 + 55) / 2,
    }


def test_counts_within_the_tolerance_pass() -> None:
    first = [Count("a", "1", "int8", "LiteRT", "cortex-a76", "Raspberry Pi 5", 1_000_000)]
    near = [Count("a", "1", "int8", "LiteRT", "cortex-a76", "Raspberry Pi 5", 1_000_900)]
    assert check_repeatable(first, near, 0.0).passed
    assert not check_repeatable(first, near, 0.006).passed
    far = [Count("a", "1", "int8", "LiteRT", "cortex-a76", "Raspberry Pi 5", 1_006_000)]
    assert not check_repeatable(first, far, 0.0).passed


def test_every_inference_is_between_two_marks(child_environment: dict[str, str], tmp_path: Path) -> None:
    np.save(tmp_path / "faces.npy", np.zeros((9, 48, 48), np.uint8))
    (tmp_path / "damaged.tflite").write_bytes(b"nothing")
    models = (tmp_path / "damaged.tflite", SHIPPED_MODEL)
    *marks, line = marked(child_environment, INSIDE / "count_models.py", tmp_path / "faces.npy", *models)
    told = json.loads(line)
    assert marks == ["mark"] * 2 * told["marked"]
    assert told["model"] == str(SHIPPED_MODEL)


def test_every_stage_of_a_frame_ends_in_a_mark(child_environment: dict[str, str]) -> None:
    lines = marked(child_environment, INSIDE / "count_stages.py")
    frames = [json.loads(line) for line in lines if line != "mark"]
    expected = [line for frame in frames for line in ["mark"] * (len(frame["stages"]) + 1) + ["frame"]]
    assert [line if line == "mark" else "frame" for line in lines] == expected
    assert {frame["model"] for frame in frames} == {"compact", choose_model()}
    without_detection = ("track", "crop", "classify")
    for model, faces in {(frame["model"], frame["faces"]) for frame in frames}:
        found = Counter(
            tuple(frame["stages"]) for frame in frames if (frame["model"], frame["faces"]) == (model, faces)
        )
        assert found.pop(without_detection) == 16
        # The surroundings of up to three faces are searched by turns with the whole frame.
        searches = {"detect": 4} if faces == 4 else {"detect": 2, "detect around": 2}
        assert found == {("track", search, "crop", "classify"): times for search, times in searches.items()}


def test_a_log_without_marks_is_one_line() -> None:
    with pytest.raises(FerEdgeError, match="too few marks"):
        stage_counts([["track"]], iter([100]))


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_plugin_compiles_without_warnings(tmp_path: Path) -> None:
    plugin = tmp_path / "counter.so"
    command = [*counts._COMPILE[:-1], "-Werror", "-o", str(plugin), str(counts._SOURCE)]
    subprocess.run(command, check=True, env=dict(os.environ))
    assert plugin.is_file()
