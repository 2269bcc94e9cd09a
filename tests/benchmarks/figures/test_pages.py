from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.figures.pages import fill, fill_page
from fer_edge.errors import InputError


def test_only_text_between_markers_is_replaced() -> None:
    page = "before\n<!-- figures: a -->\nold\n<!-- end -->\nprose \\1\n<!-- figures: b -->\n<!-- end -->\nafter\n"
    filled = fill(page, {"a": "new \\1"})
    assert filled == page.replace("\nold\n", "\n\nnew \\1\n\n")
    assert fill(filled, {"a": "new \\1"}) == filled


def test_page_without_its_markers_is_rejected() -> None:
    with pytest.raises(InputError, match="figures: a"):
        fill("<!-- figures: a -->\nno end", {"a": "new"})


def test_missing_page_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such page"):
        fill_page(tmp_path / "none.md", {})
