from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.figures.boards import budget_section, command, frames_a_second, networks_section, stages_section
from benchmarks.peers.peers import PEERS
from benchmarks.pi.boards import BOARDS
from benchmarks.pi.result import WHOLE_FRAME, Count, PiReport, StageCount
from fer_edge.errors import InputError
from fer_edge.files import sha256_file
from fer_edge.models import shipped_models

ONE_FACE = {"track": 1_000_000, "detect": 30_000_000, "detect around": 10_000_000, WHOLE_FRAME: 10_000_000}


def stages() -> tuple[StageCount, ...]:
    return tuple(
        StageCount(board.cpu, board.name, model, faces, stage, faces * count)
        for board in BOARDS
        for model in ("compact",) + (("compact-s",) if board.cpu != "cortex-a76" else ())
        for faces in (1, 2, 4)
        for stage, count in ONE_FACE.items()
    )


def counts() -> tuple[Count, ...]:
    digests = {sha256_file(path): 2_000_000 for path in shipped_models().values()} | {PEERS[0].sha256: 5_000_000}
    ours = tuple(
        Count(sha256[:6], sha256, "int8", "LiteRT 2.3.0", board.cpu, board.name, instructions)
        for sha256, instructions in digests.items()
        for board in BOARDS
    )
    slow = Count("", next(iter(digests)), "int8", "tflite-runtime 2.14.0", BOARDS[0].cpu, BOARDS[0].name, 9_000_000)
    return (*ours, slow, Count("mine", "ab", "int8", "LiteRT 2.3.0", BOARDS[0].cpu, BOARDS[0].name, 7))


def rows(section: str) -> dict[str, list[str]]:
    lines = [line.strip("| ").split(" | ") for line in section.splitlines()[2:]]
    return {line[0]: line[1:] for line in lines}


@pytest.mark.parametrize(
    ("instructions_a_second", "expected"),
    [
        (600e6, 60.0),
        (300e6, 30.0),
        (240e6, 20.0),  # 6 searches, of 20 M on average, leave 120 M for frames of 6 M
        (120e6, 10.0),  # searches take half
    ],
)
def test_searches_go_by_time_where_frames_are_few(instructions_a_second: float, expected: float) -> None:
    assert frames_a_second(ONE_FACE, instructions_a_second) == pytest.approx(expected)


def test_each_board_has_the_network_that_suits_it() -> None:
    table = rows(budget_section(stages()))
    assert {board: cells[2] for board, cells in table.items()} == {
        "Raspberry Pi Zero 2 W": "`compact-s`",
        "Raspberry Pi 3 Model B": "`compact-s`",
        "Raspberry Pi 4": "`compact-s`",
        "Raspberry Pi 5": "`compact`",
    }
    assert table["Raspberry Pi 5"][:2] == ["Cortex-A76", "2.4"]
    assert table["Raspberry Pi 5"][3].endswith(" to 960")
    assert table["Raspberry Pi 5"][5].endswith(" to 240")


def test_stages_are_the_default_networks_with_one_face() -> None:
    table = rows(stages_section(stages()))
    assert list(table) == [*ONE_FACE, f"{WHOLE_FRAME}, `compact-s`"]
    assert table["detect around"] == ["10.00"] * len(BOARDS)
    assert table[f"{WHOLE_FRAME}, `compact-s`"] == ["10.00", "10.00", "-"]


def test_networks_are_compared_with_the_first_peer_in_litert() -> None:
    table = rows(networks_section(counts()))
    assert table["`compact-s`, int8"] == table["`compact`, int8"] == ["2.0 (0.40)"] * len(BOARDS)
    assert table[f"`fer` {PEERS[0].version}'s own file"] == ["5.0"] * len(BOARDS)
    assert len(table) == 3


def test_pages_are_filled(tmp_path: Path) -> None:
    PiReport("now", (), counts(), stages()).write(tmp_path / "pi.json")
    pages = {"networks": ["instructions"], "device": ["stages", "budget"]}
    for page, names in pages.items():
        markers = "".join(f"<!-- figures: {name} -->\n<!-- end -->\n" for name in names)
        (tmp_path / f"{page}.md").write_text(markers)
    options: list[Any] = [f"--{page}-page={tmp_path / page}.md" for page in pages]
    done = CliRunner().invoke(command, [f"--counts={tmp_path / 'pi.json'}", *options])
    assert done.exit_code == 0, done.output
    assert "| Raspberry Pi 5 |" in (tmp_path / "device.md").read_text()
    assert "| `compact`, int8 |" in (tmp_path / "networks.md").read_text()


@pytest.mark.parametrize("content", [None, {"schema_version": 1}])
def test_counts_of_another_version_are_refused(tmp_path: Path, content: dict[str, int] | None) -> None:
    if content is not None:
        (tmp_path / "pi.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="make pi"):
        PiReport.read(tmp_path / "pi.json")
