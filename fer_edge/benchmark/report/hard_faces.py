"""Groups of images, and accuracy on faces made harder to read, as tables and a chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fer_edge.benchmark.report.scale import LinearScale
from fer_edge.benchmark.report.table import Cell, Chart, Column, Table, text_column
from fer_edge.benchmark.report_json import Report
from fer_edge.evaluation.group_tables import describe_gap, format_interval, format_p
from fer_edge.evaluation.groups import GroupComparison, Rate
from fer_edge.evaluation.stress import StressAxis, StressResult
from fer_edge.markup import Element, tag
from fer_edge.number_format import NONE, decimal, share, shortened

WIDTH = 640
_COLUMNS = 5
_LEFT, _GAP, _PANEL_WIDTH, _PANEL_HEIGHT = 44, 12, 108, 84
_NAME_HEIGHT, _AXIS_HEIGHT, _LEGEND_HEIGHT = 20, 24, 20
_TICKS = (0.0, 0.5, 1.0)
_COLOURS = 6
"""Colours of page.css, `series-1` to `series-6`, for lines in turn."""


def group_tables(report: Report) -> list[Table]:
    """Return accuracy and mean recall of each group, and recall of each class, a pair of tables a file."""
    compared = [(each.name, each.quality.groups) for each in report.each_file if each.quality and each.quality.groups]
    tables = []
    for name, groups in compared:
        rows = [
            [group, f"{result.accuracy.images:,}", *_rate(result.accuracy), *_rate(result.mean_recall)]
            for group, result in groups.groups.items()
        ]
        columns = [text_column("group"), Column("images")]
        gaps = (("accuracy", groups.accuracy_gap), ("mean recall", groups.mean_recall_gap))
        columns += [Column(part, figure) for figure, _ in gaps for part in ("share", "95% interval")]
        notes = [f"By {groups.truth}; {describe_gap(figure, gap, groups.permutations)}." for figure, gap in gaps]
        tables.append(Table(f"Groups: {name}", columns, rows, notes))
        classes = list(next(iter(groups.groups.values())).recall)
        recalls: list[list[Cell | str]] = [
            [group, *(Cell(share(result.recall[each].share, 1), tint=result.recall[each].share) for each in classes)]
            for group, result in groups.groups.items()
        ]
        recalls += _gap_rows(groups, classes)
        notes = ["p by permutation within the class, adjusted by Holm for the number of classes."]
        tables.append(Table(f"Recall by group: {name}", [text_column("group"), *map(Column, classes)], recalls, notes))
    return tables


def _gap_rows(groups: GroupComparison, classes: Sequence[str]) -> list[list[Cell | str]]:
    gaps = [groups.recall_gaps.get(each) for each in classes]
    return [
        ["largest gap, points", *(NONE if gap is None else decimal(100 * gap.gap, 1) for gap in gaps)],
        ["p", *(NONE if gap is None else format_p(gap, groups.permutations) for gap in gaps)],
    ]


def stress_table(report: Report) -> Table | None:
    """Return accuracy at each step of each change, a column a file; `None` if that was not measured."""
    results = _stressed(report)
    if not results:
        return None
    first = results[0][1]
    rows = [["unchanged", NONE, *(share(each.unchanged.accuracy.share, 1) for _, each in results)]]
    for i, axis in enumerate(first.axes):
        for j, step in enumerate(axis.steps):
            cells = [share(each.axes[i].steps[j].accuracy.share, 1) for _, each in results]
            rows.append([axis.name, step.name, *cells])
    columns = [text_column("change"), text_column("step"), *(Column(name) for name, _ in results)]
    notes = [f"Accuracy by {first.truth} on the same {first.unchanged.accuracy.images:,} faces."]
    return Table("Accuracy on faces made harder to read", columns, rows, notes)


def stress_chart(report: Report) -> Chart | None:
    """Draw accuracy over the steps of each change, a panel a change; `None` if that was not measured."""
    results = _stressed(report)
    if not results:
        return None
    first = results[0][1]
    rows = -(-len(first.axes) // _COLUMNS)
    row_height = _NAME_HEIGHT + _PANEL_HEIGHT + _AXIS_HEIGHT
    drawn = [*_legend([name for name, _ in results])]
    for i in range(len(first.axes)):
        left = _LEFT + i % _COLUMNS * (_PANEL_WIDTH + _GAP)
        top = _legend_height(len(results)) + i // _COLUMNS * row_height + _NAME_HEIGHT
        drawn.append(_panel([result for _, result in results], i, left, top))
    height = _legend_height(len(results)) + rows * row_height
    worst = min((step.accuracy.share or 0.0, axis.name, step.name) for axis in first.axes for step in axis.steps)
    return Chart(
        "How fast accuracy falls as faces get harder to read",
        f"{results[0][0]} falls lowest for {worst[1]}, {worst[2]}: {share(worst[0], 1)}.",
        tag("svg", *drawn, viewBox=f"0 0 {WIDTH} {height}"),
        ("The first point of each line is the face as it is; each further one is a stronger change (table below).",),
    )


def _stressed(report: Report) -> list[tuple[str, StressResult]]:
    return [(each.name, each.quality.stress) for each in report.each_file if each.quality and each.quality.stress]


def _rate(rate: Rate) -> list[str]:
    return [share(rate.share, 1), format_interval(rate)]


def _legend(names: Sequence[str]) -> Iterator[Element]:
    for i, name in enumerate(names):
        y = 12 + i * _LEGEND_HEIGHT
        yield tag("line", x1=_LEFT, x2=_LEFT + 24, y1=y - 4, y2=y - 4, class_=_series(i))
        yield tag("text", shortened(name), x=_LEFT + 32, y=y)


def _legend_height(names: int) -> int:
    return names * _LEGEND_HEIGHT + 8


def _panel(results: Sequence[StressResult], place: int, left: float, top: float) -> Element:
    axis = results[0].axes[place]
    x = LinearScale(0, len(axis.steps), left, left + _PANEL_WIDTH)
    y = LinearScale(0, 1, top + _PANEL_HEIGHT, top)
    drawn: list[Element] = [tag("text", axis.name, x=left, y=top - 7, class_="label")]
    for value in _TICKS:
        drawn.append(tag("line", x1=x(0), x2=x(len(axis.steps)), y1=y(value), y2=y(value), class_="grid"))
        if left == _LEFT:
            drawn.append(tag("text", f"{value:.0%}", x=left - 5, y=y(value) + 4, text_anchor="end"))
    drawn += [_line(result, result.axes[place], x, y, number) for number, result in enumerate(results)]
    ends = ((0, "as is", "start"), (len(axis.steps), axis.steps[-1].name, "end"))
    drawn += [tag("text", words, x=x(at), y=y(0) + 14, text_anchor=anchor) for at, words, anchor in ends]
    return tag("g", *drawn)


def _line(result: StressResult, axis: StressAxis, x: LinearScale, y: LinearScale, number: int) -> Element:
    shares = [step.accuracy.share or 0.0 for step in (result.unchanged, *axis.steps)]
    points = " ".join(f"{x(i):.1f},{y(value):.1f}" for i, value in enumerate(shares))
    words = ", ".join(f"{step.name} {share(step.accuracy.share, 1)}" for step in axis.steps)
    return tag("g", tag("title", words), tag("polyline", points=points, class_=_series(number)))


def _series(number: int) -> str:
    return f"series series-{number % _COLOURS + 1}"
