"""Results of groups, and under changes of the faces, as tables for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest

from rich.table import Table

from fer_edge.evaluation.groups import Gap, GroupComparison, Rate
from fer_edge.evaluation.stress import StressResult, StressStep
from fer_edge.number_format import NONE, share
from fer_edge.terminal.tables import make_table

SIGNIFICANT = 0.05


def group_table(comparison: GroupComparison, title: str) -> Table:
    """Return accuracy and mean recall of each group with their 95 % intervals."""
    names = ["images", "accuracy", "95 % interval", "mean recall", "95 % interval"]
    table = make_table(f"{title}, by {comparison.truth}", ["group"], names)
    for name, result in comparison.groups.items():
        rates = (result.accuracy, result.mean_recall)
        cells = [cell for rate in rates for cell in (share(rate.share, 1), format_interval(rate))]
        table.add_row(name, f"{result.accuracy.images:,}", *cells)
    return table


def group_recall_table(comparison: GroupComparison) -> Table:
    """Return each class's recall by group, with the largest gap of the class."""
    table = make_table("recall by group (images)", ["class"], [*comparison.groups, "largest gap", "p, by Holm"])
    for name in next(iter(comparison.groups.values())).recall:
        rates = [result.recall[name] for result in comparison.groups.values()]
        gap = comparison.recall_gaps.get(name)
        judged = (
            [NONE, NONE] if gap is None else [f"{100 * gap.gap:.1f} points", format_p(gap, comparison.permutations)]
        )
        table.add_row(name, *(f"{share(rate.share, 1)} ({rate.images:,})" for rate in rates), *judged)
    return table


def describe_gap(figure: str, gap: Gap, permutations: int) -> str:
    """Return a sentence with the largest gap between groups, and whether chance explains it."""
    verdict = "chance may explain it" if gap.p >= SIGNIFICANT else "more than chance explains"
    return (
        f"largest gap in {figure}: {100 * gap.gap:.1f} points, {gap.lowest} below {gap.highest} "
        f"(p {format_p(gap, permutations)}: {verdict})"
    )


def format_p(gap: Gap, permutations: int) -> str:
    """Format a gap's p-value, adjusted where it is one of several."""
    p = gap.p if gap.p_adjusted is None else gap.p_adjusted
    least = 1 / (permutations + 1)
    return f"< {2 * least:.1g}" if p <= least else f"{p:.3f}"


def stress_table(results: Mapping[str, StressResult], title: str) -> Table:
    """Return the accuracy of each model at each step of each change, the mildest step first.

    Args:
        results: Results on the same faces by the model's name.
        title: Title of the table.
    """
    first = next(iter(results.values()))
    table = make_table(f"{title}, by {first.truth}", ["change", "step"], list(results))
    table.add_row("unchanged", "", *(format_step(each.unchanged) for each in results.values()))
    for i, axis in enumerate(first.axes):
        table.add_section()
        for name, j in zip_longest([axis.name], range(len(axis.steps)), fillvalue=""):
            steps = [each.axes[i].steps[int(j)] for each in results.values()]
            table.add_row(str(name), steps[0].name, *map(format_step, steps))
    return table


def format_step(step: StressStep) -> str:
    """Format the accuracy at one step."""
    return share(step.accuracy.share, 1)


def format_interval(rate: Rate) -> str:
    """Format the ends of a rate's interval in percent."""
    return NONE if rate.interval is None else f"{100 * rate.interval[0]:.1f} to {100 * rate.interval[1]:.1f}"
