"""Which interpreters here can run a file. Each is tried in a process of its own, since a wrong wheel can crash one."""

from __future__ import annotations

from pathlib import Path

from fer_edge.runtime.family import Family


def installed_families(path: Path) -> dict[Family, str]:
    """The interpreters for files of this kind that are installed here, the preferred one first.

    Returns:
        For each, why it cannot run this file; empty if it can.
    """
    raise NotImplementedError
