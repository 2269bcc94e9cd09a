"""Results that new ones replace: set aside until the new ones are worth more, and put back otherwise."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_edge.files import atomic_path


@dataclass(frozen=True)
class Replacement:
    """Earlier results in a folder, and when new ones may take their place.

    Attributes:
        state: Folder from which the work is resumed.
        settings: Files that the state cannot do without.
        outputs: Files of the finished work; they stay in place until the earlier results are removed.
        is_begun: Returns whether the new work has saved something that can be resumed.
    """

    state: Path
    is_begun: Callable[[], bool]
    settings: tuple[Path, ...] = ()
    outputs: tuple[Path, ...] = ()

    @property
    def aside(self) -> Path:
        """Earlier state, with its settings in it, while it is set aside."""
        return self.state.parent / ".replaced"

    @contextmanager
    def replacing(self) -> Iterator[None]:
        """Set the earlier results aside for the block, in which other work begins in their place.

        They are removed by `confirm` once the new work has begun. If the block ends before, they are whole again.
        """
        self._set_aside()
        try:
            yield
        finally:
            self.settle()

    def confirm(self) -> None:
        """Remove what was set aside if the new work has begun; called while it goes on, so nothing is put back."""
        if self.is_begun():
            self.settle()

    def settle(self) -> bool:
        """Remove what was set aside if the new work has begun, or else put it back; return whether it was put back.

        Each step can be repeated, so that a process that comes after a kill at any moment completes it.
        """
        if not self.aside.exists():
            return False
        if self.is_begun():
            for path in self.outputs:
                path.unlink(missing_ok=True)
            shutil.rmtree(self.aside)
            return False
        for path in self.settings:
            kept = self.aside / path.name
            if kept.exists():
                with atomic_path(path) as temporary:
                    shutil.copy2(kept, temporary)
            else:
                path.unlink(missing_ok=True)
        if self.state.exists():
            shutil.rmtree(self.state)
        self.aside.rename(self.state)
        return True

    def _set_aside(self) -> None:
        """Move the state, with copies of the settings in it, at one blow: before that the old results are whole."""
        if not any(path.exists() for path in (self.state, *self.settings, *self.outputs)):
            return
        self.state.mkdir(exist_ok=True)
        for path in self.settings:
            copy = self.state / path.name
            copy.unlink(missing_ok=True)
            if path.exists():
                shutil.copy2(path, copy)
        self.state.rename(self.aside)
        for path in self.settings:
            path.unlink(missing_ok=True)
