from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.doctor.finding import Outcome
from fer_edge.doctor.privacy_checks import check_privacy

OK, WARNING = Outcome.OK, Outcome.WARNING


def configure(root: Path, text: str) -> None:
    (root / "etc/fer-edge").mkdir(parents=True)
    (root / "etc/fer-edge/config.toml").write_text(text)


def start(processes: Path, number: int, *words: str, environ: str = "") -> Path:
    """Return the working folder of a process that the system's folder `processes` shows."""
    folder = processes / str(number)
    (folder / "cwd").mkdir(parents=True)
    (folder / "cmdline").write_bytes("\0".join(words).encode() + b"\0")
    (folder / "environ").write_text(f"HOME=/root\0{environ}\0")
    return folder / "cwd"


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
    start(
        tmp_path, 13, "python", "/opt/bin/fer-edge", "run", "--config", "/run/credentials/fer-edge.service/config.toml"
    )
    start(tmp_path, 14, "vim", "fer-edge", "running")
    found = list(check_privacy(tmp_path / "none", tmp_path))
    assert [each.detail.partition(":")[0] for each in found] == ["process 7", "process 12"]
    assert [each.outcome for each in found] == [WARNING, OK]
    assert found[0].facts["pictures_leave"] is True


@pytest.mark.parametrize(
    ("text", "more", "outcome", "words"),
    [
        ('preview = "0.0.0.0:80"\n', (), WARNING, "process 7: the page shows the camera's pictures to everyone"),
        ('preview = "0.0.0.0:80"\n', ("--preview", "80"), OK, "to this machine's users"),
        ("privacy = true\n", ("--preview", "0.0.0.0:80"), OK, "no picture leaves the process"),
        ("preview\n", (), WARNING, "process 7: what else leaves it is not known: "),
        (None, ("--preview", "80"), WARNING, "to this machine's users; what else leaves it is not known: "),
        (None, (), WARNING, "process 7: what else leaves it is not known: "),
    ],
)
def test_configuration_of_a_process_is_read(
    tmp_path: Path, text: str | None, more: tuple[str, ...], outcome: Outcome, words: str
) -> None:
    folder = start(tmp_path, 7, "python", "/opt/bin/fer-edge", "run", "--config", "my/config.toml", *more)
    if text is not None:
        (folder / "my").mkdir()
        (folder / "my" / "config.toml").write_text(text)
    (found,) = check_privacy(tmp_path / "none", tmp_path)
    assert found.outcome is outcome
    assert words in found.detail


def test_broker_in_the_environment_is_named_without_its_password(tmp_path: Path) -> None:
    start(tmp_path, 7, "fer-edge", "run", environ="FER_EDGE_MQTT=mqtt://me:secret@broker")
    (found,) = check_privacy(tmp_path / "none", tmp_path)
    assert "the broker mqtt://" in found.detail
    assert "secret" not in found.detail


def test_nothing_to_judge_is_said(tmp_path: Path) -> None:
    (found,) = check_privacy(tmp_path, tmp_path)
    assert found.outcome is OK
    assert "no service is set up" in found.detail
