"""`fer-edge service`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.config import commented_config
from fer_edge.service import systemd
from fer_edge.service.unit import CONFIG_FILE, NAME

_EXIT_NOT_RUNNING = 3  # as systemctl's

_CONFIG_HEAD = """\
# What fer-edge does as a service: the options of `fer-edge run`. After a change: sudo systemctl restart fer-edge
# Relative paths are in /var/lib/fer-edge. To try a change by hand, with the service stopped:
#   sudo {program} run --config /{config}

"""

_program_option = click.option(
    "--program",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The fer-edge command that the service starts.  [default: this one]",
)
_root_option = click.option(
    "--root",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=systemd.RUNNING_SYSTEM,
    show_default=True,
    help="Of the file system to change, for those who build images.",
)


@click.group()
def command() -> None:
    """Run fer-edge at boot, watched over by systemd.

    \b
    sudo ~/fer/bin/fer-edge service install --camera picamera    sudo needs the whole path
    fer-edge service status
    sudoedit /etc/fer-edge/config.toml && sudo systemctl restart fer-edge
    sudo journalctl -fu fer-edge
    """


@command.command("print")
@_program_option
def print_unit(program: Path | None) -> None:
    """Print the unit, and change nothing."""
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
    help="What to write into a new configuration, as for fer-edge run; an address with a password better in the "
    "environment as FER_EDGE_CAMERA, with sudo --preserve-env=FER_EDGE_CAMERA.",
)
def install(program: Path | None, root: Path, camera: str) -> None:
    """Have fer-edge started at boot, and now.

    Writes /etc/systemd/system/fer-edge.service, and /etc/fer-edge/config.toml unless it is there.
    """
    program = program or systemd.find_program()
    if root == systemd.RUNNING_SYSTEM:
        systemd.require_readable(program)
    config = _new_config(program, camera)
    for path in systemd.install(systemd.make_unit(program), config, root):
        click.echo(f"written: {path}")
    if systemd.runs_systemd(root):
        click.echo("fer-edge runs, now and from every boot; to see it: fer-edge service status")
    else:
        click.echo("fer-edge will be started at the next boot")


@command.command()
@_root_option
@click.option("--purge", is_flag=True, help="Remove the configuration and what the service has written, too.")
def remove(root: Path, purge: bool) -> None:
    """Stop the service and take it away; its configuration stays."""
    for path in systemd.remove(root, purge=purge):
        click.echo(f"removed: {path}")
    kept = root / CONFIG_FILE
    if kept.exists():
        click.echo(f"kept: {kept} (--purge removes it)")


@command.command(short_help="Show whether it runs, and the end of its log.")
@click.pass_context
def status(ctx: click.Context) -> None:
    """Show whether it runs, what it last said, and the end of its log; the exit code is 3 if it does not run."""
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
    return head + commented_config(run, {"camera": camera, "quiet": True, "rotate-size": "50MB"})
