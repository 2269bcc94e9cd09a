"""Results of `fer-edge evaluate` by groups and on faces that were made harder to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.benchmark.stress import measure_all
from fer_edge.cards.findings import add_findings
from fer_edge.cli.messages import option_named, print_note
from fer_edge.dataset.data import Split
from fer_edge.dataset.groups import Groups, read_groups
from fer_edge.errors import MissingExtraError
from fer_edge.evaluation.group_tables import describe_gap, group_recall_table, group_table, stress_table
from fer_edge.evaluation.groups import GroupComparison
from fer_edge.evaluation.stress import StressResult
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.card_writer import replace_card
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.terminal.consoles import print_line, stages_display, stderr, stdout


@dataclass(frozen=True)
class Findings:
    """Results beyond those on all faces as they are.

    Attributes:
        groups: Comparison of groups; `None` if none were given.
        stress: Results on changed faces by the model's name, MODEL's own first; empty if not asked for.
    """

    groups: GroupComparison | None = None
    stress: Mapping[str, StressResult] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return what was found for JSON."""
        groups = {} if self.groups is None else {"groups": self.groups.as_dict()}
        stress = {name: each.as_dict() for name, each in self.stress.items()}
        return groups | ({"stress": stress} if stress else {})


def read_group_file(path: Path, faces: Split) -> Groups:
    """Read the groups of faces, and print a note on how many have one."""
    with option_named("--groups"):
        groups = read_groups(path, faces.names)
    print_note(groups.note)
    return groups


def measure_changed_faces(
    model: Path, classifier: ScoresFaces, peers: Sequence[PeerFile], faces: Split
) -> dict[str, StressResult]:
    """Measure a model and its peers on changed faces, with the progress shown."""
    with stages_display() as on_stage, option_named("--peer"):
        return measure_all({model: classifier}, peers, faces, on_stage)


def draw_stress(stress: Mapping[str, StressResult], path: Path, title: str, *, is_wanted: bool) -> None:
    """Draw results on changed faces, if there are any and there is a plotting library or the chart was asked for."""
    if not stress:
        return
    try:
        from fer_edge.training.stress_plot import plot_stress
    except ImportError as error:
        if is_wanted:
            raise MissingExtraError("drawing the results on changed faces", "train", str(error)) from error
        return
    plot_stress(stress, path, title=title)
    stderr().print(f"written: {path}")


def print_findings(findings: Findings, title: str) -> None:
    """Print tables of what was found."""
    groups = findings.groups
    if groups is not None:
        stdout().print(group_table(groups, f"groups: {title}"))
        stdout().print(group_recall_table(groups))
        for figure, gap in (("accuracy", groups.accuracy_gap), ("mean recall", groups.mean_recall_gap)):
            print_line(describe_gap(figure, gap, groups.permutations), stdout())
    if findings.stress:
        stdout().print(stress_table(findings.stress, f"changed faces: {title}"))


def record(model: Path, findings: Findings, data: str) -> None:
    """Write what was found into the model's card, with the limitations that follow from it."""
    stress = next(iter(findings.stress.values()), None)
    changed = add_findings(
        read_card(model),
        data,
        groups=None if findings.groups is None else findings.groups.for_card(),
        stress=None if stress is None else stress.for_card(),
    )
    replace_card(model, changed)
    stderr().print(f"written: the card in {model}", soft_wrap=True, markup=False)
