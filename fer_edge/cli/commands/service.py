"""`fer-edge service`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cards.responsible_use import WHOM_TO_INFORM
from fer_edge.cli.config import commented_config
from fer_edge.cli.messages import print_note
from fer_edge.service import systemd
from fer_edge.service.unit import CONFIG_FILE, NAME

_EXIT_NOT_RUNNING = 3  # as systemctl's

_CONFIG_HEAD = """\
# Configuration of the fer-edge service: the options of `fer-edge run`. After a change: sudo systemctl restart fer-edge
# Paths are relative to /var/lib/fer-edge. To test a change, with the service stopped:
#   sudo {program} run --config /{config}

"""

_program_option = click.option(
    "--program",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="fer-edge command that the service starts.  [default: this one]",
)
_root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=systemd.RUNNING_SYSTEM,
    show_default=True,
    help="Root of the file system to install into, for building SD card images.",
)


@click.group()
def command() -> None:
    """Run fer-edge at boot, supervised by systemd.

    \b
    sudo ~/fer/bin/fer-edge service install --camera picamera   # full path
    fer-edge service status
    sudoedit /etc/fer-edge/config.toml && sudo systemctl restart fer-edge
    sudo journalctl -fu fer-edge
    """


@command.command("print")
@_program_option
def print_unit(program: Path | None) -> None:
    """Print the systemd unit; change nothing."""
    click.echo(systemd.make_unit(program or systemd.find_program()), nl=False)


@command.command()
@_program_option
@_root_option
@click.option(
    "--camera",
    envvar="FER_EDGE_CAMERA",
    metavar="SOURCE",
    default="auto",
    show_default=True,
    help="Camera for a new configuration file, as for fer-edge run. Pass an address with a password in the environment "
    "as FER_EDGE_CAMERA, with sudo --preserve-env=FER_EDGE_CAMERA.",
)
def install(program: Path | None, root: Path, camera: str) -> None:
    """Start fer-edge now and at every boot.

    Writes /etc/systemd/system/fer-edge.service, and /etc/fer-edge/config.toml unless it exists. A new configuration has
    privacy = true: no picture leaves the process or is stored.
    """
    program = program or systemd.find_program()
    if root == systemd.RUNNING_SYSTEM:
        systemd.require_readable(program)
    config = _new_config(program, camera)
    written = systemd.install(systemd.make_unit(program), config, root)
    for path in written:
        click.echo(f"written: {path}")
    if root / CONFIG_FILE in written:
        print_note(WHOM_TO_INFORM)
    if systemd.runs_systemd(root):
        click.echo("fer-edge is running, and will start at every boot; to check: fer-edge service status")
    else:
        click.echo("fer-edge will be started at the next boot")


@command.command()
@_root_option
@click.option("--purge", is_flag=True, help="Remove the configuration and the service's files too.")
def remove(root: Path, purge: bool) -> None:
    """Stop the service and remove it; keep its configuration."""
    for path in systemd.remove(root, purge=purge):
        click.echo(f"removed: {path}")
    kept = root / CONFIG_FILE
    if kept.exists():
        click.echo(f"kept: {kept} (--purge removes it)")


@command.command(short_help="Show whether the service is running, and the end of its log.")
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show whether the service is running, its last status, and the end of its log.

    The exit code is 3 if it is not running.
    """
    state = systemd.read_state()
    restarts = f", restarts: {state.restarts}" if state.restarts else ""
    since = f" since {state.since}" if state.since else ""
    click.echo(f"{NAME}: {state.active}{f' ({state.detail})' if state.detail else ''}{since}{restarts}")
    if state.status:
        click.echo(state.status)
    for line in state.log:
        click.echo(f"  {line}")
    if state.active != "active":
        ctx.exit(_EXIT_NOT_RUNNING)


def _new_config(program: Path, camera: str) -> str:
    from fer_edge.cli.commands.run import command as run  # here, as OpenCV comes with it

    head = _CONFIG_HEAD.format(program=program, config=CONFIG_FILE.as_posix())
    return head + commented_config(run, {"camera": camera, "quiet": True, "rotate-size": "50MB", "privacy": True})
