from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the soak needs Linux", allow_module_level=True)

from benchmarks.soak.clock import WallClock

_READ_AND_WAIT = """
import sys, threading, time
for line in sys.stdin:
    start = time.monotonic()
    time.sleep(0.1)
    threading.Event().wait(0.1)
    waited_s = time.monotonic() - start
    print(round(time.time()), 0.2 <= waited_s < 60, flush=True)
"""


@pytest.mark.skipif(not WallClock.is_available(), reason="no C compiler")
def test_a_process_has_its_own_wall_clock_and_the_systems_waits(tmp_path: Path) -> None:
    clock = WallClock(tmp_path)
    command = [sys.executable, "-c", _READ_AND_WAIT]
    with subprocess.Popen(
        command, env=clock.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        moments = []
        for offset_s in (0, 10_000_000, -10_000_000):
            clock.set(offset_s)
            process.stdin.write("\n")
            moment, has_waited = process.stdout.readline().split()
            assert has_waited == "True"
            moments.append(int(moment) - offset_s)
        process.stdin.close()
    assert max(moments) - min(moments) < 1_000_000
