"""Text in figures as it is: names of classes, folders and files are no formulas, and may be in any script."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def plain_text() -> Iterator[None]:
    """Draw a $ as a $, and a box in place of a letter that the font lacks, without a warning for each."""
    import matplotlib  # here, as commands that draw nothing work without it

    with matplotlib.rc_context({"text.parse_math": False}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield
