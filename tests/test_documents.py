"""Python examples of the documents, run as they are written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge.models import PORTRAIT_FILE

ROOT = Path(__file__).parent.parent
EXAMPLES = [
    (path.name, number, code)
    for path in (ROOT / "README.md", ROOT / "docs" / "python.md")
    for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S))
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples name."""
    folder = tmp_path_factory.mktemp("examples")
    shutil.copy(PORTRAIT_FILE, folder / "photo.jpg")
    command = [sys.executable, "-m", "fer_edge", "run", "--camera", "demo", "--frames", "20", "--output", "party.mp4"]
    subprocess.run(command, check=True, cwd=folder, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    return folder


@pytest.mark.parametrize(("document", "number", "code"), EXAMPLES, ids=lambda value: str(value)[:20])
def test_python_examples_run(folder: Path, document: str, number: int, code: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (0, ""), f"{document}, example {number}"
    if "print(" in code:
        assert done.stdout


def test_there_are_examples() -> None:
    assert {document for document, *_ in EXAMPLES} >= {"python.md"}
