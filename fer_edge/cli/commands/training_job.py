"""The run that `fer-edge train` starts or resumes: its folder, its recipe and its faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from fer_edge.cli.class_options import choice_words
from fer_edge.cli.data_options import data_roles, note_near_copies, read_voted_data, show_classes, show_votes
from fer_edge.cli.file_roles import folder_role, require_apart, roles
from fer_edge.cli.messages import print_note
from fer_edge.cli.recipe_options import recipe_roles, refuse_other_settings
from fer_edge.dataset.class_choice import ClassChoice
from fer_edge.dataset.data import Dataset
from fer_edge.dataset.leave_out import leave_out, read_list
from fer_edge.errors import DataError, InputError
from fer_edge.files import sole_user, write_atomic
from fer_edge.picture_form import FER2013_FORM, PictureForm
from fer_edge.terminal.consoles import stderr
from fer_edge.training.recipe import Recipe
from fer_edge.training.run_folder import RUNS, RunFolder, newest_run


@dataclass(frozen=True)
class LabelledFaces:
    """Labelled faces as the command line names them."""

    data: str | None
    votes_file: Path | None
    official_split: bool
    leave_out_list: Path | None
    choice: ClassChoice
    form: PictureForm
    strict: bool
    yes: bool

    def left_out(self) -> tuple[str, ...]:
        """Return the names in the list of images to leave out."""
        return read_list(self.leave_out_list) if self.leave_out_list else ()

    def read(self, left_out: tuple[str, ...], votes_weight: float) -> Dataset:
        """Read the faces without the images of these names, and show people's votes on them."""
        official_split = self.official_split
        dataset = read_voted_data(
            self.data,
            self.votes_file,
            official_split=official_split,
            yes=self.yes,
            strict=self.strict,
            choice=self.choice,
            form=self.form,
        )
        show_classes(dataset)
        show_votes(dataset, votes_weight)
        note_near_copies(dataset)
        kept = leave_out(dataset, left_out)
        if left_out:
            stderr().print(
                f"{len(dataset.train) - len(kept.train):,} of {len(dataset.train):,} training images left out"
            )
        return kept

    def require_apart(self, recipe: Recipe, folder: Path, files: Sequence[Path]) -> None:
        """Check that training overwrites nothing that it reads: neither by its own folder, nor by its files."""
        lists = [*roles("--votes", self.votes_file), *roles("--leave-out", self.leave_out_list)]
        reads = [*data_roles(self.data), *lists, *recipe_roles(recipe)]
        require_apart(reads, [folder_role("--output", folder), *roles("--output", *files)])

    def words(self, source: str) -> list[str]:
        """Return the options that name these faces, which were read from `source`."""
        votes = ["--votes", str(self.votes_file)] if self.votes_file else []
        official = ["--official-split"] * self.official_split
        return ["--data", source, *votes, *official, *choice_words(self.choice, self.form)]


@dataclass(frozen=True)
class TrainingJob:
    """Run to train, with its recipe, its faces, and the names of the images that are left out of them."""

    run: RunFolder
    recipe: Recipe
    dataset: Dataset
    left_out: tuple[str, ...]

    def write_settings(self) -> None:
        """Write to the run's folder what resuming needs."""
        if self.left_out:
            write_atomic(self.run.left_out, "\n".join(self.left_out) + "\n")
        self.run.begin(self.recipe, self.dataset)


def start_job(
    faces: LabelledFaces, output: Path | None, recipe: Recipe, left_out: tuple[str, ...], *, overwrite: bool
) -> TrainingJob:
    """Return a new run, its folder locked.

    Raises:
        InputError: If the folder holds a run that is not to be overwritten, or something that the run reads.
    """
    run = RunFolder(output or RUNS / recipe.arch)
    faces.require_apart(recipe, run.checkpoints, run.files)
    _hold(run)
    if not overwrite:
        run.require_empty()
    return TrainingJob(run, recipe, faces.read(left_out, recipe.votes_weight), left_out)


def resume_job(faces: LabelledFaces, output: Path | None, asked: Recipe) -> TrainingJob:
    """Return the run to resume, its folder locked: with its own recipe, classes and list, and the faces it began with.

    Raises:
        InputError: If there is none, or the user asks for other settings than it has.
        DataError: If the faces are other ones.
    """
    run = RunFolder(output) if output else newest_run(trained=False)
    _hold(run)
    recipe, known_data, sha256 = run.resume()
    refuse_other_settings(asked, recipe)
    if faces.choice or faces.form != FER2013_FORM:
        raise InputError("--resume keeps the run's own classes: leave out --classes, --merge, --drop and --input")
    choice, form = run.faces()
    faces = replace(faces, data=faces.data or known_data, choice=choice, form=form)
    faces.require_apart(recipe, run.checkpoints, run.files)
    if faces.leave_out_list:
        raise InputError("--resume keeps the run's own list: leave out --leave-out, or start a new run")
    left_out = read_list(run.left_out) if run.left_out.exists() else ()
    dataset = faces.read(left_out, recipe.votes_weight)
    if dataset.sha256() != sha256:
        raise DataError(
            f"{run.path} was trained on other images than {dataset.source}; give the same --data and "
            "--official-split as then"
        )
    run.require_same_votes(dataset)
    return TrainingJob(run, recipe, dataset, left_out)


def _hold(run: RunFolder) -> None:
    """Lock the run's folder, and settle a replacement that a killed process left there."""
    click.get_current_context().with_resource(sole_user(run.path))
    if run.replacement.settle():
        note = "restored the run that --overwrite was to replace, as the new one had not finished an epoch"
        print_note(f"{run.path}: {note}")
