"""`make stress`: the shipped networks and their peers on faces that were made harder to read, in docs/networks.md."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from benchmarks.entry import data_option, read_voted_dataset, run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.peers.peers import PEERS, fetch
from fer_edge.benchmark.peer_file import PeerFile
from fer_edge.benchmark.stress import measure_stress
from fer_edge.cards.findings import add_findings
from fer_edge.cards.stated_facts import StatedFacts
from fer_edge.evaluation.group_tables import format_step
from fer_edge.evaluation.stress import StressAxis, StressResult, weaknesses
from fer_edge.inference.card_reader import read_card
from fer_edge.inference.card_writer import replace_card
from fer_edge.inference.classifier import ScoresFaces
from fer_edge.models import shipped_models
from fer_edge.terminal.consoles import stages_display, stdout
from fer_edge.training.face_classifier import load_classifier
from fer_edge.training.run_folder import RUNS
from fer_edge.training.stress_plot import plot_stress


def stress_section(results: Mapping[str, StressResult], own: Mapping[str, Path], data: str) -> str:
    """Return the tables of the page: accuracy at each step, and what each own network is bad at.

    Args:
        results: Results on the same faces by the network's name.
        own: Files of this project's networks by name.
        data: Faces that were measured on, in words.
    """
    first = next(iter(results.values()))
    header = ["change", "network", "as is", *(f"step {i + 1}" for i, _ in enumerate(first.axes[0].steps))]
    rows = [
        [_change(axis) if i == 0 else "", name, format_step(result.unchanged), *_cells(result, place)]
        for place, axis in enumerate(first.axes)
        for i, (name, result) in enumerate(results.items())
    ]
    setting = f"Accuracy by {first.truth} on {first.unchanged.accuracy.images:,} images: {data}."
    weak = "\n".join(f"- **{name}**: {_in_words(results[name])}" for name in own)
    return f"Ten points are lost first at:\n\n{weak}\n\n{markdown_table(header, rows, left=2)}\n\n{setting}"


def _change(axis: StressAxis) -> str:
    return f"**{axis.name}**: {axis.meaning}"


def _in_words(result: StressResult) -> str:
    facts = result.for_card()
    found = [f"{name} {step} ({accuracy:.0%})" for name, (step, accuracy) in weaknesses(facts).items()]
    kept = [name for name in facts["axes"] if name not in weaknesses(facts)]
    return f"{', '.join(found) or 'nothing'}; never at: {', '.join(kept) or 'none'}."


def _cells(result: StressResult, place: int) -> list[str]:
    return [f"{step.name}: {format_step(step)}" for step in result.axes[place].steps]


@click.command()
@data_option
@click.option("--page", type=click.Path(path_type=Path), default=Path("docs/networks.md"), show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), default=Path("docs/images/stress.png"), show_default=True)
@click.option("--update-cards", is_flag=True, help="Write the results into the shipped files' cards.")
def command(data: str | None, page: Path, plot: Path, update_cards: bool) -> None:
    """Measure on the validation split, fill in the page's section, and draw the chart."""
    own = shipped_models()
    classifiers: dict[str, ScoresFaces] = {name: load_classifier(path) for name, path in own.items()}
    for peer in PEERS:
        facts = StatedFacts(peer.labels, peer.input_range)
        name = f"{peer.name} {peer.version}"
        classifiers[name] = PeerFile(fetch(peer, RUNS / "peers" / "cache"), facts).load(threads=1)
    dataset = read_voted_dataset(data)
    described = f"validation of {dataset.name}"
    with stages_display() as on_progress:
        results = {
            name: measure_stress(each, dataset.validation, partial(on_progress, name))
            for name, each in classifiers.items()
        }
    fill_page(page, {"stress": stress_section(results, own, described)})
    plot_stress(results, plot, title=f"How fast it falls: {described}")
    for name, path in own.items() if update_cards else ():
        replace_card(path, add_findings(read_card(path), described, stress=results[name].for_card()))
    stdout().print(f"written: {page}, {plot}", soft_wrap=True)


if __name__ == "__main__":
    run_command(command)
