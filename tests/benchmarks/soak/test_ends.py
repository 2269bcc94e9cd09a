from __future__ import annotations

import sys
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("the soak needs Linux", allow_module_level=True)

from benchmarks.soak.stream import Stream


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("pass", None),
        ("raise SystemExit(3)", "exit code 3"),
        ("import os; os.abort()", "exit code -6"),
        ("print('Traceback', file=__import__('sys').stderr)", "traceback"),
        ("__import__('time').sleep(60)", "did not end"),
    ],
)
def test_a_wrong_end_is_found(code: str, fault: str | None, tmp_path: Path) -> None:
    with Stream(tmp_path, command=(sys.executable, "-c", code)) as stream:
        found = stream.ended_with(0, timeout_s=2 if fault == "did not end" else 60)
    assert len(found) == (fault is not None)
    assert fault is None or fault in found[0]
    assert not stream.is_alive
