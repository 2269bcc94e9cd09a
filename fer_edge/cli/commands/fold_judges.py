"""Judge training images by networks that are trained without them, with their progress on stderr."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from rich.progress import TaskID

from fer_edge.cli.consoles import stderr
from fer_edge.cli.options import make_progress
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.scores import FloatArray
from fer_edge.training.audit.folds import assign_folds, folds_replacement, score_out_of_fold
from fer_edge.training.audit.suspects import IntArray
from fer_edge.training.recipe import Recipe


def require_unseen(recipe: Recipe, dataset: Dataset) -> None:
    """Check that the folds' networks learn from no model that knows the labels they shall judge.

    Raises:
        InputError: If a teacher or the start was trained on these very images.
    """
    for path in filter(None, (recipe.start_from, *recipe.teachers)):
        if read_card(Path(path)).training.get("data_sha256") == dataset.sha256():
            raise InputError(
                f"{path} was trained on these images, and would hand on their wrong labels to the networks that judge "
                "them: leave out --start-from and --distill, or let it judge by itself with --folds 0 --model"
            )


def judge_out_of_fold(
    dataset: Dataset, recipe: Recipe, copies: IntArray, folds: int, folder: Path, *, overwrite: bool
) -> FloatArray:
    """Score each training image by a network that was trained on the other folds, float32 (N, 7)."""
    fold_of = assign_folds(dataset.train.labels, copies, folds, recipe.seed)
    earlier = folds_replacement(folder)
    if earlier.settle():
        note = "the networks that --overwrite was to replace are back, as none of the new ones had a whole epoch"
        stderr.print(f"note: {folder}: {note}", soft_wrap=True)
    count = int(fold_of.max()) + 1
    try:
        with (
            earlier.replacing() if overwrite else nullcontext(),
            _Display(count, recipe.epochs, earlier.confirm) as display,
        ):
            return score_out_of_fold(dataset, recipe, fold_of, folder, display.observe)
    except KeyboardInterrupt:
        stderr.print(f"the same command{' without --overwrite' if overwrite else ''} goes on from here")
        raise


class _Display:
    """Shows the epochs of all folds as one bar, and a line per fold that is done."""

    def __init__(self, folds: int, epochs: int, on_saved: Callable[[], object]) -> None:
        self._on_saved = on_saved
        self._progress = make_progress()
        self._folds, self._epochs = folds, epochs
        self._task = TaskID(0)

    def __enter__(self) -> _Display:
        self._progress.start()
        self._task = self._progress.add_task("", total=self._folds * self._epochs)
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def observe(self, fold: int) -> _FoldObserver:
        """The observer of a fold, from 0."""
        name = f"fold {fold + 1} of {self._folds}"

        def advance(epochs: float) -> None:
            self._progress.update(self._task, description=f"epochs of {name}", completed=fold * self._epochs + epochs)

        advance(0)
        return _FoldObserver(name, advance, self._on_saved)


class _FoldObserver:
    """Passes on how much of a fold's training is done, in epochs."""

    def __init__(self, name: str, advance: Callable[[float], None], on_saved: Callable[[], object]) -> None:
        self._name, self._advance, self._on_saved = name, advance, on_saved
        self._done, self._steps = 0, 1

    def on_start(self, epochs_done: int, epochs: int, steps: int) -> None:
        """Begin where the fold was left."""
        self._done, self._steps = epochs_done, steps
        self._advance(epochs_done)

    def on_step(self, step: int, logs: dict[str, float]) -> None:
        """Move the bar by a step."""
        self._advance(self._done + step / self._steps)

    def on_epoch(self, epoch: int, logs: dict[str, float]) -> None:
        """Print the epoch's line."""
        self._on_saved()
        self._done = epoch
        stderr.print(
            f"{self._name}, epoch {epoch}: {logs['seconds']:.0f} s, accuracy {logs['accuracy']:.4f}, "
            f"val_accuracy {logs['val_accuracy']:.4f}"
        )
