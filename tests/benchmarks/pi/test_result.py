from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks.pi.boards import BOARDS, PI_4, PI_5, PI_ZERO_2
from benchmarks.pi.result import NO_TIMES, Check, Count, PiReport, StageCount, UserlandResult, read_counts, tables
from fer_edge.errors import InputError
from fer_edge.terminal.tables import as_text

USERLAND = UserlandResult(
    name="bookworm",
    python="3.11.2",
    board="Raspberry Pi 4",
    packages={"numpy": "2.4.6"},
    installed_bytes=264_016_912,
    installed_files=5265,
    fetched_bytes=15_966_692,
    fetched=(("numpy", "2.4.6", 15_966_692),),
    doctor={"ok": True, "checks": []},
    checks=(Check("fer-edge doctor", True, "9 ok"), Check("runtime's tests", False, "1 failed")),
)
COUNTS = tuple(
    Count("compact_int8.tflite", "ab", "int8", "LiteRT 2.3.0", board.cpu, board.name, instructions)
    for board, instructions in ((PI_4, 5_163_425), (PI_5, 2_561_838))
)
STAGES = (StageCount("cortex-a76", "Raspberry Pi 5", "compact", 2, "detect", 123_456_789),)
REPORT = PiReport("2026-01-01T00:00:00+00:00", (USERLAND,), COUNTS, STAGES)


def test_json_has_the_schema(tmp_path: Path) -> None:
    REPORT.write(tmp_path / "pi.json")
    facts = json.loads((tmp_path / "pi.json").read_text())
    assert list(facts) == ["schema_version", "created", "userlands", "counts", "stages"]
    assert facts["schema_version"] == 2
    (userland,) = facts["userlands"]
    assert userland["fetched"] == [["numpy", "2.4.6", 15966692]]
    assert userland["checks"][0] == {"name": "fer-edge doctor", "passed": True, "detail": "9 ok"}
    assert set(facts["counts"][0]) == {"model", "sha256", "precision", "runtime", "cpu", "board", "instructions"}
    assert set(facts["stages"][0]) == {"cpu", "board", "model", "faces", "stage", "instructions"}


def test_one_failed_check_fails_the_run() -> None:
    assert not REPORT.passed
    sound = dataclasses.replace(USERLAND, checks=USERLAND.checks[:1])
    assert dataclasses.replace(REPORT, userlands=(sound,)).passed


@pytest.mark.parametrize("report", [REPORT, PiReport("", (), (), ())])
def test_tables_state_that_counts_are_not_times(report: PiReport) -> None:
    text = as_text(*tables(report), width=200)
    assert NO_TIMES in text
    assert "ms" not in text.replace(NO_TIMES, "").split()


def test_tables_contain_the_figures() -> None:
    text = as_text(*tables(REPORT), width=200)
    rows = [line.split() for line in text.splitlines()]
    assert ["bookworm", "3.11.2", "264.0", "5,265", "16.0", "1"] in rows
    assert ["compact_int8.tflite", "int8", "LiteRT", "2.3.0", "–", "5.16", "2.56"] in rows  # noqa: RUF001
    assert ["compact", "2", "detect", "–", "–", "123.46"] in rows  # noqa: RUF001
    assert "FAILED" in text


def test_cpuinfo_is_a_raspberry_pis() -> None:
    for board in BOARDS:
        fields = dict(line.split(":") for line in board.cpuinfo().replace("\t", "").splitlines() if line)
        assert fields["Model"].strip() == board.model
        assert fields["processor"].strip() == "3"
        assert "asimd" in fields["Features"].split()
    assert "asimddp" in PI_5.features
    assert not any("asimddp" in board.features for board in (PI_ZERO_2, PI_4))


def test_missing_file_means_nothing_was_counted(tmp_path: Path) -> None:
    assert read_counts(tmp_path / "pi.json") is None


def test_counts_are_read(tmp_path: Path) -> None:
    (tmp_path / "pi.json").write_text('{"schema_version": 1}')
    assert read_counts(tmp_path / "pi.json") == {"schema_version": 1}


@pytest.mark.parametrize(("text", "message"), [("{", "what make pi counted"), ("[]", "got list")])
def test_file_without_counts_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pi.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_counts(path)
    assert str(raised.value).startswith(f"{path}: ")
