from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.doctor.finding import Outcome
from fer_edge.doctor.privacy_checks import check_privacy

OK, WARNING = Outcome.OK, Outcome.WARNING


def configure(root: Path, text: str) -> None:
    (root / "etc/fer-edge").mkdir(parents=True)
    (root / "etc/fer-edge/config.toml").write_text(text)


def start(processes: Path, number: int, *words: str) -> None:
    (processes / str(number)).mkdir(parents=True)
    (processes / str(number) / "cmdline").write_bytes("\0".join(words).encode() + b"\0")


@pytest.mark.parametrize(
    ("text", "outcome", "words"),
    [
        ('camera = "auto"\nprivacy = true\n', OK, "the service: nothing leaves the process"),
        ('preview = "0.0.0.0:80"\n', WARNING, "the camera's pictures to everyone"),
        ('preview = "0.0.0.0:80"\nprivacy = true\n', OK, "no picture leaves the process"),
        ("preview = 8080\n", OK, "to this machine's users"),
        ("preview\n", WARNING, "not TOML"),
    ],
)
def test_services_configuration_is_judged(tmp_path: Path, text: str, outcome: Outcome, words: str) -> None:
    configure(tmp_path, text)
    (found,) = check_privacy(tmp_path, tmp_path / "proc")
    assert found.outcome is outcome
    assert words in found.detail


def test_running_processes_are_judged(tmp_path: Path) -> None:
    start(tmp_path, 7, "/usr/bin/python3", "/opt/bin/fer-edge", "run", "--preview=0.0.0.0:8080", "--camera", "0")
    start(tmp_path, 12, "python", "-m", "fer_edge", "run", "--output", "seen.mp4", "--privacy")
    start(tmp_path, 13, "python", "/opt/bin/fer-edge", "run", "--config", "/run/credentials/config.toml")
    start(tmp_path, 14, "vim", "fer-edge", "running")
    found = list(check_privacy(tmp_path / "none", tmp_path))
    assert [each.detail.partition(":")[0] for each in found] == ["process 7", "process 12"]
    assert [each.outcome for each in found] == [WARNING, OK]
    assert found[0].facts["pictures_leave"] is True


def test_nothing_to_judge_is_said(tmp_path: Path) -> None:
    (found,) = check_privacy(tmp_path, tmp_path)
    assert found.outcome is OK
    assert "no service is set up" in found.detail
