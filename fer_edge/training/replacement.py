"""Safe replacement of results: the earlier ones are restored unless the new ones have begun."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fer_edge.files import atomic_path


@dataclass(frozen=True)
class Replacement:
    """Earlier results in a folder, and the condition for their removal.

    Attributes:
        state: Folder from which the work is resumed.
        is_begun: Returns whether the new work has saved a state that can be resumed.
        settings: Files that belong to the state.
        outputs: Files of the finished work; they stay in place until the earlier results are removed.
    """

    state: Path
    is_begun: Callable[[], bool]
    settings: tuple[Path, ...] = ()
    outputs: tuple[Path, ...] = ()

    @property
    def aside(self) -> Path:
        """Folder of the earlier state and its settings, while they are set aside."""
        return self.state.parent / ".replaced"

    @contextmanager
    def replacing(self) -> Iterator[None]:
        """Set the earlier results aside for the block, in which new work begins in their place.

        `confirm` removes them once the new work has begun. If the block ends before, they are restored.
        """
        try:
            self._set_aside()
            yield
        finally:
            self.settle()

    def confirm(self) -> None:
        """Remove the earlier results if the new work has begun; restore nothing, as it is still running."""
        if self.is_begun():
            self.settle()

    def settle(self) -> bool:
        """Remove the earlier results if the new work has begun, or else restore them; return whether they were.

        Each step can be repeated, so that another process can complete it after a kill at any moment.
        """
        if not self.aside.exists():
            return False
        if self.is_begun():
            for path in self.outputs:
                path.unlink(missing_ok=True)
            _remove(self.aside)
            return False
        for path in self.settings:
            kept = self.aside / path.name
            if kept.exists():
                with atomic_path(path) as temporary:
                    shutil.copy2(kept, temporary)
            else:
                path.unlink(missing_ok=True)
        if self.state.exists():
            _remove(self.state)
        self.aside.rename(self.state)
        return True

    def _set_aside(self) -> None:
        """Move the state, with copies of the settings, in one step; before it, the earlier results are complete."""
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


def _remove(folder: Path) -> None:
    """Remove a folder; of one that a user has linked to another disk, the link alone."""
    if folder.is_symlink():
        folder.unlink()
    else:
        shutil.rmtree(folder)
