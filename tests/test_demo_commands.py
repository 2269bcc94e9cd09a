"""`make demo` and the commands that CONTRIBUTING.md gives for it are the same."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def commands(text: str) -> list[list[str]]:
    """The words of each `fer-edge` command in an environment `.venv`, sorted, without --overwrite."""
    lines = re.findall(r"^\.venv/bin/fer-edge .*$", text.replace("\\\n", " "), re.MULTILINE)
    return [sorted(set(line.split()) - {"--overwrite"}) for line in lines]


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_contributing_gives_the_commands_of_make_demo() -> None:
    dry_run = ["make", "--no-print-directory", "--dry-run", "VENV=.venv", "demo"]
    printed = subprocess.run(dry_run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    document = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert len(commands(printed)) == 3
    assert commands(document) == commands(printed)
