"""`fer-edge service` on a file system that is not the machine's own, and with a systemctl that records its orders."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from fer_edge.cli.commands.run import command as run_command
from fer_edge.cli.commands.service import command as service
from fer_edge.cli.config import load_config
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.service import systemd
from fer_edge.service.unit import CONFIG_FILE, UNIT_FILE

PROGRAM = "/opt/fer-edge/bin/fer-edge"
WANTED = "etc/systemd/system/multi-user.target.wants/fer-edge.service"

SHOW = "LoadState=loaded\\nActiveState={}\\nSubState={}\\nResult={}\\nStatusText=9.8 frames/s, 1 face\\nNRestarts={}"

needs_systemctl = pytest.mark.skipif(shutil.which("systemctl") is None, reason="needs systemctl")


@pytest.fixture
def fake_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """A function that puts a shell script first on the PATH; it gives the file where the calls are recorded."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")

    def make(name: str, script: str) -> Path:
        path, calls = folder / name, tmp_path / f"{name}.calls"
        path.write_text(f'#!/bin/sh\necho "$@" >> {calls}\n{script}\n')
        path.chmod(0o755)
        return calls

    return make


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An empty file system."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


def call(*arguments: object) -> int:
    """Run the command, as `fer_edge.cli` does."""
    result = service.main([str(each) for each in arguments], prog_name="service", standalone_mode=False)
    return int(result or 0)


def test_print_changes_nothing_and_names_this_installation(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "fer-edge"
    program.touch()
    monkeypatch.setattr(sys, "argv", [str(program)])
    call("print")
    assert f"\nExecStart={program} run --config" in capsys.readouterr().out
    call("print", "--program", PROGRAM)
    assert f"\nExecStart={PROGRAM} run --config" in capsys.readouterr().out


def test_relative_program_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fer-edge").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["./fer-edge"])
    assert systemd.find_program() == tmp_path / "fer-edge"


def test_checkout_without_installed_command_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["__main__.py"])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match="no fer-edge command in"):
        systemd.find_program()


@needs_systemctl
def test_install_and_remove_on_an_image(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("install", "--root", root, "--program", PROGRAM, "--camera", "rtsp://me:secret@host/a") == 0
    assert PROGRAM in (root / UNIT_FILE).read_text()
    assert stat.S_IMODE((root / UNIT_FILE).stat().st_mode) == 0o644
    assert stat.S_IMODE((root / CONFIG_FILE).stat().st_mode) == 0o600
    assert (root / WANTED).is_symlink()
    told = capsys.readouterr()
    assert "at the next boot" in told.out
    assert told.err.count("inform everyone whom the camera may see") == 1
    settings = load_config(root / CONFIG_FILE, click.Context(run_command, info_name="run"))
    assert settings == {"camera": "rtsp://me:secret@host/a", "quiet": True, "rotate_size": "50MB", "privacy": True}

    assert call("remove", "--root", root) == 0
    assert not (root / UNIT_FILE).exists()
    assert not (root / WANTED).is_symlink()
    assert f"kept: {root / CONFIG_FILE}" in capsys.readouterr().out
    with pytest.raises(InputError, match="no such service to remove"):
        call("remove", "--root", root)


@needs_systemctl
def test_address_from_environment_is_readable_by_root_only(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FER_EDGE_CAMERA", "rtsp://me:secret@host/a")
    call("install", "--root", root, "--program", PROGRAM)
    assert 'camera = "rtsp://me:secret@host/a"' in (root / CONFIG_FILE).read_text()
    assert stat.S_IMODE((root / CONFIG_FILE).stat().st_mode) == 0o600
    written = capsys.readouterr()
    assert "secret" not in (root / UNIT_FILE).read_text() + written.out + written.err


@needs_systemctl
def test_install_keeps_existing_configuration(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / CONFIG_FILE).parent.mkdir(parents=True)
    (root / CONFIG_FILE).write_text('camera = "1"')
    call("install", "--root", root, "--program", PROGRAM, "--camera", "demo")
    call("install", "--root", root, "--program", PROGRAM, "--camera", "demo")
    assert (root / CONFIG_FILE).read_text() == 'camera = "1"'
    assert str(root / CONFIG_FILE) not in capsys.readouterr().out


@needs_systemctl
def test_purge_leaves_nothing(root: Path) -> None:
    call("install", "--root", root, "--program", PROGRAM)
    state = root / "var/lib/private/fer-edge"
    state.mkdir(parents=True)
    (state / "results.jsonl").touch()
    (root / "var/lib/fer-edge").symlink_to("private/fer-edge")  # as systemd does for DynamicUser
    call("remove", "--root", root, "--purge")
    left = [path for path in root.rglob("*") if not path.is_dir() or path.is_symlink()]
    assert left == []
    assert not (root / CONFIG_FILE).parent.exists()


def test_service_is_started_and_stopped_under_systemd(
    root: Path, fake_tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_tool("systemctl", "exit 0")
    monkeypatch.setattr(systemd, "runs_systemd", lambda _root: True)
    systemd.install("unit", "config", root)
    orders = calls.read_text().splitlines()
    assert orders == [f"--root={root} enable fer-edge.service", "daemon-reload", "restart fer-edge.service"]
    systemd.remove(root, purge=False)
    orders = calls.read_text().splitlines()[3:]
    assert orders == ["stop fer-edge.service", f"--root={root} disable fer-edge.service", "daemon-reload"]


def test_service_that_fails_to_start_is_reported(
    root: Path, fake_tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_tool("systemctl", 'if [ "$1" = restart ]; then echo "Job failed.\nSee more." >&2; exit 1; fi')
    monkeypatch.setattr(systemd, "runs_systemd", lambda _root: True)
    with pytest.raises(FerEdgeError, match=re.escape("systemctl restart: Job failed.; `fer-edge service status`")):
        systemd.install("unit", "config", root)


@pytest.mark.parametrize("verb", ["install", "remove"])
def test_without_root_the_error_shows_the_sudo_command(
    verb: str, fake_tool: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = fake_tool("systemctl", "echo systemd 252")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(systemd, "require_readable", lambda _program: None)
    arguments = ("--program", PROGRAM) if verb == "install" else ()
    expected = f"sudo {Path(sys.executable).parent}/fer-edge service {verb}"
    with pytest.raises(InputError, match=re.escape(expected)):
        call(verb, *arguments)
    assert "able" not in (calls.read_text() if calls.exists() else "")


def test_unreadable_home_is_refused_before_writing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    program = home / "fer/bin/fer-edge"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    home.chmod(0o700)
    for path in tmp_path.parents:  # pytest's own folders are closed, too
        if not path.stat().st_mode & stat.S_IXOTH:
            home = path
    with pytest.raises(InputError, match=re.escape(f"sudo chmod o+x {home}")):
        systemd.require_readable(program)


def test_missing_systemctl_is_reported(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setenv("PATH", str(root))
    for arguments in (("install", "--root", root, "--program", PROGRAM), ("status",)):
        with pytest.raises(FerEdgeError, match="there is no systemctl here"):
            call(*arguments)
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("show", "code", "line"),
    [
        (SHOW.format("active", "running", "success", 0), 0, "fer-edge.service: active (running)"),
        (SHOW.format("active", "running", "success", 2), 0, "active (running), restarts: 2"),
        (
            SHOW.format("activating", "auto-restart", "watchdog", 1),
            3,
            "activating (auto-restart, last failure: watchdog), restarts: 1",
        ),
        (SHOW.format("failed", "failed", "exit-code", 0), 3, "failed (last failure: exit-code)"),
        (SHOW.format("inactive", "dead", "success", 0), 3, "inactive (dead)"),
        ("LoadState=not-found\\nActiveState=inactive\\nSubState=dead", 3, "fer-edge.service: not installed"),
    ],
)
def test_status_prints_state_and_log(
    fake_tool: Callable[[str, str], Path], capsys: pytest.CaptureFixture[str], show: str, code: int, line: str
) -> None:
    fake_tool("systemctl", f"printf '{show}\\n'")
    fake_tool("journalctl", "echo '-- Boot 1 --'; echo 'Started fer-edge'; echo '5 frames'")
    assert call("status") == code
    first, *others = capsys.readouterr().out.splitlines()
    assert first.endswith(line)
    installed = "not-found" not in show
    assert others == (["9.8 frames/s, 1 face", "  Started fer-edge", "  5 frames"] if installed else [])


def test_status_where_systemd_does_not_run(fake_tool: Callable[[str, str], Path]) -> None:
    fake_tool("systemctl", "echo 'System has not been booted with systemd' >&2; exit 1")
    with pytest.raises(FerEdgeError, match="systemctl show: System has not been booted"):
        call("status")


def test_help_shows_examples(capsys: Any) -> None:
    call("--help")
    shown = capsys.readouterr().out
    assert all(verb in shown for verb in ("print", "install", "remove", "status", "sudo ~/fer/bin/fer-edge service"))
