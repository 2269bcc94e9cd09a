"""Tables at every width: each name, header and number is there, and no line is too long."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fer_edge.terminal.fitting_table import FittingTable

NAMES = ("documented_int8.tflite", "compact-s_int16x8.onnx")
HEADERS = ("bytes", "accuracy", "loss, points", "worst recall loss", "parity")
CELLS = ("12,345,678", "64.52%", "+0.01", "+1.0 surprise", "passed")


def parity_table() -> Table:
    table = FittingTable("runs/a/model.keras", ["file"], HEADERS)
    for name in NAMES:
        table.add_row(name, *CELLS[:-1], Text(CELLS[-1], style="green"))
    return table


def drawn(table: Table, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().splitlines()


@pytest.mark.parametrize("width", [120, 100, 80, 60, 50, 40, 34])
def test_nothing_is_lost_at_any_width(width: int) -> None:
    lines = drawn(parity_table(), width)
    assert max(map(len, lines)) <= width
    words = " ".join(lines).split()
    for word in [*" ".join(HEADERS).split(), *" ".join(CELLS).split()]:
        assert word in words
    first_words = "".join(line.split()[0] for line in lines if line[1:2].strip())
    assert all(name in first_words for name in NAMES)


def test_a_wide_terminal_has_each_row_in_one_line() -> None:
    (line,) = (line for line in drawn(parity_table(), 120) if NAMES[0] in line)
    assert line.split() == [NAMES[0], *" ".join(CELLS).split()]


def test_every_part_of_a_narrow_table_has_the_names() -> None:
    lines = drawn(parity_table(), 60)
    parts = sum(line.strip().startswith("file") for line in lines)
    assert parts >= 2
    assert sum(NAMES[0][:14] in line for line in lines) == parts
    assert sum("runs/a/model.keras" in line for line in lines) == 1


def test_a_part_leaves_out_rows_that_are_empty_in_it() -> None:
    table = FittingTable("", ["expression"], ["precision", "recall", "support"])
    table.add_row("happy", "0.96", "0.96", "50")
    table.add_row("accuracy", "55.14%")
    lines = drawn(table, 30)
    assert sum("happy" in line for line in lines) > 1
    assert sum("accuracy" in line for line in lines) == 1


@pytest.mark.parametrize("width", [1, 5, 12])
def test_very_narrow_terminal_is_no_error(width: int) -> None:
    assert drawn(parity_table(), width)


def test_only_names_are_broken_into_lines() -> None:
    table = FittingTable("", ["check", "found"], [])
    table.add_row("imports", "a long text of what was found there")
    lines = drawn(table, 30)
    assert max(map(len, lines)) <= 30
    assert " ".join(" ".join(lines).split()).endswith("found there")


@pytest.mark.parametrize("width", [30, 40])
def test_many_numbers_in_a_narrow_terminal_become_a_block_for_each_row(width: int) -> None:
    headers = [f"number {i}" for i in range(9)]
    table = FittingTable("measured", ["file", "runtime"], headers)
    for name in NAMES:
        table.add_row(name, "LiteRT 2.3.0", *(str(100 + i) for i in range(8)), Text())
    lines = [line.strip() for line in drawn(table, width)]
    assert max(map(len, lines)) <= width
    assert lines[:2] == ["measured", ""]
    first = lines.index(NAMES[0])
    assert lines[first + 1] == "LiteRT 2.3.0"
    values = [re.split(" {2,}", line) for line in lines[first + 2 : first + 10]]
    assert values == [[header, str(100 + i)] for i, header in enumerate(headers[:8])]
    assert lines.index(NAMES[1]) == first + 11  # without a line for the empty number


@pytest.mark.parametrize(("width", "blocks"), [(40, True), (80, False), (120, False)])
def test_confusion_matrix_of_many_labels_fits(width: int, blocks: bool) -> None:
    labels = [f"label {i}" for i in range(20)]
    table = FittingTable("confusion", [""], labels)
    for label in labels:
        table.add_row(label, *map(str, range(20)))
    lines = drawn(table, width)
    assert max(map(len, lines)) <= width
    assert ("─" not in "".join(lines)) == blocks
