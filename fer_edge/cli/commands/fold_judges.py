"""Score training images with networks that are trained without them, and show progress on stderr."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

from fer_edge.arrays import IntArray
from fer_edge.cli.commands.training_display import TrainingDisplay
from fer_edge.cli.messages import print_note
from fer_edge.dataset.data import Dataset
from fer_edge.errors import InputError
from fer_edge.inference.card_reader import read_card
from fer_edge.scores import FloatArray
from fer_edge.terminal.consoles import stderr
from fer_edge.training.audit.folds import assign_folds, folds_replacement, score_out_of_fold
from fer_edge.training.recipe import Recipe


def require_unseen(recipe: Recipe, dataset: Dataset) -> None:
    """Check that the folds' networks learn from no model that was trained on the labels they judge.

    Raises:
        InputError: If a teacher or the starting model was trained on these images.
    """
    for path in filter(None, (recipe.start_from, *recipe.teachers)):
        if read_card(Path(path)).training.get("data_sha256") == dataset.sha256():
            raise InputError(
                f"{path} was trained on these images, and would hand on their wrong labels to the networks that judge "
                "them: leave out --start-from and --distill, or let it judge alone with --folds 0 --model"
            )


def judge_out_of_fold(
    dataset: Dataset, recipe: Recipe, copies: IntArray, folds: int, folder: Path, *, overwrite: bool
) -> FloatArray:
    """Score each training image by a network that was trained on the other folds, float32 (N, 7)."""
    fold_of = assign_folds(dataset.train.labels, copies, folds, recipe.seed)
    earlier = folds_replacement(folder)
    if earlier.settle():
        note = "restored the networks that --overwrite was to replace, as no new one had finished an epoch"
        print_note(f"{folder}: {note}")
    count = int(fold_of.max()) + 1
    try:
        with (
            earlier.replacing() if overwrite else nullcontext(),
            TrainingDisplay("epochs of all folds", count * recipe.epochs, on_saved=earlier.confirm) as display,
        ):

            def observe(fold: int) -> TrainingDisplay:
                return display.begin(f"fold {fold + 1} of {count}", fold * recipe.epochs)

            return score_out_of_fold(dataset, recipe, fold_of, folder, observe)
    except KeyboardInterrupt:
        stderr().print(f"to resume: the same command{' without --overwrite' if overwrite else ''}")
        raise
