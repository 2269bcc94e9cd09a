"""Options that may hold a password, read from the environment or a systemd credential too."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fer_edge.errors import InputError

_FOLDER_VARIABLE = "CREDENTIALS_DIRECTORY"
"""Variable in which systemd names a folder that only the service can read; see systemd.exec(5)."""


class SecretOption(click.Option):
    """Option read from the command line, its environment variable, or a credential `fer-edge.OPTION`."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """Return the variable's value, else the credential's, else None."""
        value = super().resolve_envvar_value(ctx)
        name = max(self.opts, key=len).lstrip("-")
        return _read_credential(f"fer-edge.{name}") if value is None else value


def _read_credential(name: str) -> str | None:
    folder = os.environ.get(_FOLDER_VARIABLE)
    if not folder:
        return None
    path = Path(folder, name)
    try:
        text = os.fsdecode(path.read_bytes()).strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: the credential cannot be read ({error.strerror})") from error
    if not text:
        raise InputError(f"{path}: the credential is empty; expected the value of --{name.partition('.')[2]}")
    return text
