"""A model on the command line: a file, or the name of one that ships with fer-edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from fer_edge.models import find_model, shipped_models

SHIPPED = ", ".join(shipped_models())
"""The names that need no file, for help texts."""


class ModelPath(click.Path):
    """The path of a model file."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Take a shipped model where there is no file of that name."""
        return find_model(Path(str(super().convert(value, param, ctx))))
