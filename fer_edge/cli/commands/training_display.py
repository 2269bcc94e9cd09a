"""Progress of training, shown on standard error."""

from __future__ import annotations

from collections.abc import Callable

from rich.progress import TaskID

from fer_edge.terminal.consoles import make_progress, stderr


class TrainingDisplay:
    """A `TrainingObserver` that shows two bars with the time left: of all the work, and of the epoch under way.

    Where stderr is no terminal, it shows a line per epoch only.
    """

    def __init__(
        self,
        work: str,
        total: int | None = None,
        *,
        on_saved: Callable[[], object] = lambda: None,
        counts_epochs: bool = True,
    ) -> None:
        """Set the upper bar up.

        Args:
            work: Description of the upper bar.
            total: Number of its steps; None for the epochs of the one training.
            on_saved: Called after each epoch, whose results are in files by then.
            counts_epochs: Move the upper bar, and print a line, at each epoch; else `advance` moves it.
        """
        self._on_saved = on_saved
        self._progress = make_progress(with_notes=True)
        self._work = self._progress.add_task(work, total=total, note="")
        self._epoch: TaskID | None = None
        self._has_total, self._counts_epochs = total is not None, counts_epochs
        self._name, self._earlier_epochs = "", 0
        self._epochs = self._steps = 1

    def __enter__(self) -> TrainingDisplay:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begin(self, name: str, earlier_epochs: int) -> TrainingDisplay:
        """Begin one of several trainings, after the epochs of the earlier ones; return its observer, this display."""
        self._name, self._earlier_epochs = f"{name}, ", earlier_epochs
        return self

    def advance(self, done: int) -> None:
        """Show how much of all the work is done."""
        self._progress.update(self._work, completed=done)

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Set the epoch's bar up."""
        self._epochs, self._steps = epochs, steps
        if self._epoch is None:
            self._epoch = self._progress.add_task("", note="")
        if not self._has_total:
            self._progress.update(self._work, total=epochs)
        self._show_epochs(self._epoch, epochs_done)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Move the epoch's bar."""
        if self._epoch is not None:
            note = " ".join(f"{name} {value:{'.1%' if name == 'accuracy' else '.3f'}}" for name, value in logs.items())
            self._progress.update(self._epoch, completed=step, note=note)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Print the epoch's line, and move the upper bar."""
        self._on_saved()
        if self._counts_epochs:
            stderr().print(
                f"{self._name}epoch {epoch}/{self._epochs}: {logs['seconds']:.0f} s, loss {logs['loss']:.4f}, "
                f"accuracy {logs['accuracy']:.2%}, val_loss {logs['val_loss']:.4f}, "
                f"val_accuracy {logs['val_accuracy']:.2%}, learning rate {logs['learning_rate']:.1e}"
            )
        if self._epoch is not None:
            self._show_epochs(self._epoch, epoch)

    def _show_epochs(self, task: TaskID, done: int) -> None:
        if self._counts_epochs:
            self.advance(self._earlier_epochs + done)
        self._progress.reset(task, description=f"{self._name}epoch {done + 1}", total=self._steps, note="")
