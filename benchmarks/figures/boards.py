"""`make pi-figures`: instructions and frames a second of each board from what `make pi` counted; the prose stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import click

from benchmarks.entry import run_command
from benchmarks.figures.pages import fill_page, markdown_table
from benchmarks.figures.people_columns import NONE
from benchmarks.peers.peers import PEERS
from benchmarks.pi.boards import BOARDS
from benchmarks.pi.result import COUNTS_FILE, WHOLE_FRAME, Count, PiReport, StageCount
from fer_edge.files import sha256_file
from fer_edge.inference.model_choice import WITH_DOT_PRODUCTS
from fer_edge.models import shipped_models
from fer_edge.runtime.faces.schedule import DEFAULT_EVERY
from fer_edge.terminal.consoles import stdout

_CAMERA_FPS = 30
_SEARCHES_A_SECOND = _CAMERA_FPS / DEFAULT_EVERY


@dataclass(frozen=True)
class Speed:
    """Speed of a board's core, as published.

    Attributes:
        board: Product name.
        cpu: QEMU's name of the processor.
        ghz: Clock.
        least: Instructions a cycle that convolutions are known to reach.
        most: Instructions a cycle that the core can begin.
    """

    board: str
    cpu: str
    ghz: float
    least: float
    most: int


_MOBILENET_FMLA = 569e6 / 4
"""Vector instructions of MobileNet v1's multiplications, four numbers of float32 each (Howard et al., 2017)."""

_A53_LEAST = _MOBILENET_FMLA / (0.2455 * 1.5e9)
_A72_LEAST = _MOBILENET_FMLA / (0.1348 * 1.8e9)
"""In one thread of an RK3399's Cortex-A53 and Cortex-A72, by ncnn's benchmark/README.md."""

_A76_LEAST = 1.6 * _A72_LEAST
"""Arm's reported figure for Neoverse N1, the Cortex-A76 for servers: 1.6 to 1.7 times the work a cycle."""

SPEEDS = (
    Speed("Raspberry Pi Zero 2 W", "cortex-a53", 1.0, _A53_LEAST, 2),
    Speed("Raspberry Pi 3 Model B", "cortex-a53", 1.2, _A53_LEAST, 2),
    Speed("Raspberry Pi 4", "cortex-a72", 1.8, _A72_LEAST, 3),
    Speed("Raspberry Pi 5", "cortex-a76", 2.4, _A76_LEAST, 4),
)
"""Clocks, and the most instructions a cycle, as they are commonly published."""


def networks_section(counts: Sequence[Count]) -> str:
    """Return the instructions of an inference of each shipped network and peer, and their ratio to the first peer's."""
    names = {sha256_file(path): f"`{name}`, int8" for name, path in shipped_models().items()}
    names |= {peer.sha256: f"`{peer.name}` {peer.version}'s own file" for peer in PEERS}
    found = {
        (one.sha256, one.cpu): one.instructions for one in counts if one.sha256 in names and "LiteRT" in one.runtime
    }
    rows = []
    for sha256, name in names.items():
        cells = []
        for board in BOARDS:
            count, reference = found.get((sha256, board.cpu)), found.get((PEERS[0].sha256, board.cpu))
            ratio = f" ({count / reference:.2f})" if count and reference and count != reference else ""
            cells.append(f"{count / 1e6:.1f}{ratio}" if count else NONE)
        rows.append([name, *cells])
    return markdown_table(["network", *_core_names()], rows, left=1)


def stages_section(stages: Sequence[StageCount]) -> str:
    """Return the instructions of each stage with one face and the default network, and of a frame with each network."""
    found = {
        (one.stage if one.model == WITH_DOT_PRODUCTS else f"{one.stage}, `{one.model}`", one.cpu): one.instructions
        for one in stages
        if one.faces == 1 and (one.model == WITH_DOT_PRODUCTS or one.stage == WHOLE_FRAME)
    }
    rows = [
        [stage, *(_millions(found.get((stage, board.cpu))) for board in BOARDS)]
        for stage in dict.fromkeys(stage for stage, _ in found)
    ]
    return markdown_table(["stage", *_core_names()], rows, left=1)


def budget_section(stages: Sequence[StageCount]) -> str:
    """Return the frames a second of each board with the network that suits it, between the least and the most."""
    faces = sorted({one.faces for one in stages})
    header = ["board", "core", "GHz", "network", *(f"{n} face{'s' if n > 1 else ''}" for n in faces)]
    rows = []
    for speed in SPEEDS:
        network = [one.model for one in stages if one.cpu == speed.cpu][-1]  # the one that suits it is counted last
        ranges = []
        for number in faces:
            chosen = {
                one.stage: one.instructions
                for one in stages
                if (one.cpu, one.model, one.faces) == (speed.cpu, network, number)
            }
            low, high = (frames_a_second(chosen, speed.ghz * 1e9 * each) for each in (speed.least, speed.most))
            ranges.append(f"{_two_digits(low)} to {_two_digits(high)}")
        rows.append([speed.board, _core_name(speed.cpu), f"{speed.ghz:.1f}", f"`{network}`", *ranges])
    return markdown_table(header, rows, left=2)


def frames_a_second(stages: dict[str, int], instructions_a_second: float) -> float:
    """Return the frames that a core can do in a second.

    Faces are looked for in every `DEFAULT_EVERY`-th frame. If there are fewer than 30 a second it is as often as then,
    but no more than half of the time.
    """
    search = mean(count for stage, count in stages.items() if stage.startswith("detect"))
    without_search = stages[WHOLE_FRAME] - search / DEFAULT_EVERY
    searching = min(_SEARCHES_A_SECOND * search, instructions_a_second / 2)
    return min(instructions_a_second / stages[WHOLE_FRAME], (instructions_a_second - searching) / without_search)


def _core_name(cpu: str) -> str:
    return cpu.title()


def _core_names() -> list[str]:
    return [f"{_core_name(board.cpu)} ({board.name.removeprefix('Raspberry ')})" for board in BOARDS]


def _two_digits(number: float) -> str:
    return f"{float(f'{number:.2g}'):,.0f}"


def _millions(count: int | None) -> str:
    return NONE if count is None else f"{count / 1e6:.2f}"


@click.command()
@click.option(
    "--counts", type=click.Path(path_type=Path), default=COUNTS_FILE, show_default=True, help="What make pi counted."
)
@click.option("--networks-page", type=click.Path(path_type=Path), default=Path("docs/networks.md"), show_default=True)
@click.option("--device-page", type=click.Path(path_type=Path), default=Path("docs/device.md"), show_default=True)
def command(counts: Path, networks_page: Path, device_page: Path) -> None:
    """Fill in the instructions of NETWORKS_PAGE, and those and the frames a second of DEVICE_PAGE."""
    report = PiReport.read(counts)
    fill_page(networks_page, {"instructions": networks_section(report.counts)})
    fill_page(device_page, {"stages": stages_section(report.stages), "budget": budget_section(report.stages)})
    stdout().print(f"written: {networks_page} (instructions), {device_page} (stages, budget)")


if __name__ == "__main__":
    run_command(command)
