from __future__ import annotations

import threading
import time

import pytest

from benchmarks.pi.processes import Processes
from fer_edge.errors import FerEdgeError


def test_output_and_exit_code_are_returned() -> None:
    done = Processes().run(["sh", "-c", "echo out; echo err >&2; exit 3"], timeout_s=30)
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_program_is_killed_at_its_time_limit() -> None:
    with pytest.raises(FerEdgeError, match=r"not done after 0\.2 s"):
        Processes().run(["sleep", "60"], timeout_s=0.2)


def test_stop_kills_programs_and_starts_no_more() -> None:
    processes, faults = Processes(), []

    def work() -> None:
        with pytest.raises(FerEdgeError, match="stopped"):
            processes.run(["sleep", "60"], timeout_s=60)
        faults.append("stopped")

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.3)
    processes.stop()
    thread.join(timeout=10)
    assert faults == ["stopped"]
    with pytest.raises(FerEdgeError, match="stopped"):
        processes.run(["true"], timeout_s=60)
