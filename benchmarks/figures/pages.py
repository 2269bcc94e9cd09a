"""Generated sections of Markdown pages: the text between markers is replaced, the prose stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from fer_edge.errors import InputError
from fer_edge.files import write_atomic


def fill_page(page: Path, sections: dict[str, str]) -> None:
    """Replace the sections of a page.

    Raises:
        InputError: If there is no such page, or it lacks the markers of a section.
    """
    if not page.is_file():
        raise InputError(f"{page}: no such page; expected a Markdown file with the markers of its sections")
    write_atomic(page, fill(page.read_text(encoding="utf-8"), sections))


def fill(page: str, sections: dict[str, str]) -> str:
    """Replace the text between each section's markers, `<!-- figures: NAME -->` and `<!-- end -->`.

    Raises:
        InputError: If the page lacks the markers of a section.
    """
    for name, text in sections.items():
        marker = f"<!-- figures: {name} -->"
        pattern = re.compile(rf"{re.escape(marker)}\n.*?<!-- end -->", re.DOTALL)
        content = f"{marker}\n\n{text}\n\n<!-- end -->" if text else f"{marker}\n<!-- end -->"
        page, found = pattern.subn(content.replace("\\", r"\\"), page)
        if found != 1:
            raise InputError(f"expected one section {marker} ... <!-- end --> in the page, found {found}")
    return page


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int) -> str:
    """Return a Markdown table whose first `left` columns are aligned to the left."""
    rule = [":--" if i < left else "--:" for i in range(len(header))]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (header, rule, *rows))


def size_words(size: int) -> str:
    """Format a number of bytes in MB or kB."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
