"""The documents: Python examples run as they are written, links lead somewhere."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge import Recognizer
from fer_edge.models import PORTRAIT_FILE, SHIPPED_MODEL, YUNET_FILE

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)")
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


def test_a_model_file_runs_without_the_package(tmp_path: Path) -> None:
    for path in (PORTRAIT_FILE, SHIPPED_MODEL, YUNET_FILE):
        shutil.copy(path, tmp_path / ("photo.jpg" if path == PORTRAIT_FILE else path.name))
    text = (ROOT / "docs" / "without-fer-edge.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "fer_edge" not in code
    (face,) = Recognizer()(PORTRAIT_FILE)
    assert ast.literal_eval(done.stdout) == pytest.approx(face.scores, abs=0.05)


def test_there_are_examples() -> None:
    assert {document for document, *_ in EXAMPLES} >= {"python.md"}


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path = page.parent / target if target else page
        assert path.exists(), target
        if anchor:
            assert anchor in anchors(path), f"{target}#{anchor}"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent.name == "docs"], ids=lambda page: page.name)
def test_the_index_names_every_page(page: Path) -> None:
    assert page.name == "README.md" or f"({page.name})" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")


def test_readme_is_short() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 120
    assert [line for line in lines if len(line) > 120 and not line.startswith("|")] == []
