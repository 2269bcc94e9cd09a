"""Old files go in time, and none goes because a clock is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fer_edge import board
from fer_edge.runtime.sinks.log_files import LogFile, LogPolicy
from fer_edge.runtime.sinks.retention import Clocks, Retention

DAY = 86400.0
NOW = 1_795_000_000.0
KEEP = 30 * DAY


class Hands:
    """Clocks that a test moves."""

    def __init__(self, wall: float = NOW, is_set: bool | None = True) -> None:
        self.wall, self.since_boot, self.is_set = wall, 1000.0, is_set

    def clocks(self) -> Clocks:
        return Clocks(lambda: self.wall, lambda: self.since_boot, lambda: self.is_set)

    def wait(self, seconds: float) -> None:
        self.wall += seconds
        self.since_boot += seconds


def dated(path: Path, date: float) -> Path:
    path.write_text("line\n")
    os.utime(path, (date, date))
    return path


def test_files_go_before_their_first_line_is_too_old(tmp_path: Path) -> None:
    hands = Hands()
    files = [dated(tmp_path / f"log.{days}", NOW - days * DAY) for days in (1, 26, 28, 40)]
    Retention(tmp_path / "log", KEEP, hands.clocks()).delete_expired(files)
    assert [file.exists() for file in files] == [True, True, False, False]


def test_log_is_rotated_by_the_tenth_of_the_time_over_restarts(tmp_path: Path) -> None:
    hands = Hands()
    for _ in range(3):
        retention = Retention(dated(tmp_path / "log", hands.wall), KEEP, hands.clocks())
        assert not retention.is_rotation_due()
        hands.wait(0.9 * DAY)
    hands.wait(0.4 * DAY)
    retention = Retention(tmp_path / "log", KEEP, hands.clocks())
    assert retention.is_rotation_due()
    retention.begin()
    assert not retention.is_rotation_due()


@pytest.mark.parametrize("start", [0.0, NOW - 60 * DAY], ids=["1970", "the last shutdown"])
def test_file_written_before_the_clock_was_set_outlives_the_jump(tmp_path: Path, start: float) -> None:
    hands = Hands(wall=start + 20, is_set=False)
    retention = Retention(tmp_path / "log", KEEP, hands.clocks())
    hands.wait(10)
    new = dated(tmp_path / "log.1", hands.wall)
    old = dated(tmp_path / "log.2", NOW - 40 * DAY) if start else None
    hands.wall, hands.is_set = NOW, True
    for hours in (0, 23, 25):
        hands.wait(hours * 3600)
        retention.delete_expired(filter(None, (new, old)))
    assert new.exists()
    assert old is None or not old.exists()
    hands.wait(28 * DAY)
    retention.delete_expired([new])
    assert not new.exists(), "its age counts from when it was written"


def test_nothing_goes_while_the_clock_is_not_set(tmp_path: Path) -> None:
    hands = Hands(is_set=False)
    old = dated(tmp_path / "log.1", NOW - 400 * DAY)
    retention = Retention(tmp_path / "log", KEEP, hands.clocks())
    retention.delete_expired([old])
    assert old.exists()
    hands.is_set = None  # a machine that cannot say
    retention.delete_expired([old])
    assert not old.exists()


def test_clock_set_far_ahead_by_mistake_and_back_deletes_nothing(tmp_path: Path) -> None:
    hands = Hands()
    file = dated(tmp_path / "log.1", NOW - 5 * DAY)
    retention = Retention(tmp_path / "log", KEEP, hands.clocks())
    for jump in (4000 * DAY, -4000 * DAY):
        hands.wall += jump
        retention.delete_expired([file])
        hands.wait(3600)
        retention.delete_expired([file])
    assert file.exists()


def test_file_from_the_future_counts_from_now(tmp_path: Path) -> None:
    hands = Hands()
    file = dated(tmp_path / "log.1", NOW + 4000 * DAY)
    retention = Retention(tmp_path / "log", KEEP, hands.clocks())
    retention.delete_expired([file])
    hands.wait(28 * DAY)
    retention.delete_expired([file])
    assert not file.exists()


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "clock_is_set", lambda: True)


@pytest.mark.usefixtures("set_clock")
def test_only_files_of_this_log_are_deleted(tmp_path: Path) -> None:
    others = [dated(tmp_path / name, NOW - 4000 * DAY) for name in ("log.99", "log.txt", "other.1", "log.old")]
    link = tmp_path / "log.2"
    link.symlink_to(others[0])
    mine = dated(tmp_path / "log.1", 1_740_000_000.0)
    log = LogFile(tmp_path / "log", LogPolicy(append=True, keep=3, keep_s=60))
    log.write("new\n")
    log.close()
    assert not mine.exists()
    assert all(each.exists() for each in (*others, link))
    assert (tmp_path / "log").read_text() == "new\n"


@pytest.mark.usefixtures("set_clock")
def test_old_lines_of_an_existing_log_are_rotated_away(tmp_path: Path) -> None:
    path = dated(tmp_path / "log", 1_740_000_000.0)
    log = LogFile(path, LogPolicy(append=True, keep=3, keep_s=3600))
    log.write("new\n")
    log.close()
    assert path.read_text() == "new\n"
    assert not (tmp_path / "log.1").exists()
