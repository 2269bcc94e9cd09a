"""The `fer-edge` command: one module a subcommand, imported only when it is asked for.

This is the one place that turns errors into a line and an exit code: 0 done, 1 failed while running, 2 the
user's mistake, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
import threading
from collections.abc import Callable
from difflib import get_close_matches
from types import FrameType
from typing import Any, NoReturn, TextIO, TypeVar

import click

from fer_edge import __version__
from fer_edge.errors import FerEdgeError, MissingExtraError
from fer_edge.names import printable, without_passwords
from fer_edge.picture_size import limit_opencv
from fer_edge.threads import exit_process

_COMMANDS = {
    "train": "Train a network on labelled faces.",
    "tune": "Search for the values of a recipe that train best.",
    "samples": "Draw a sheet of the data set's faces.",
    "data": "Look after the labels: find those that are most likely wrong.",
    "evaluate": "Measure a model on labelled faces.",
    "export": "Convert a model to TFLite and ONNX, and prove each file.",
    "info": "Show what a model file says about itself.",
    "run": "Find faces in a stream and tell their expressions.",
    "benchmark": "Measure models on this machine: latency, memory, accuracy, as a report.",
    "doctor": "Check the board, the cameras and what is installed, and say what to do.",
    "service": "Run at boot, watched over by systemd.",
}
_EXTRA_OF_COMMAND = {
    "train": "train",
    "tune": "train",
    "samples": "train",
    "data": "train",
    "evaluate": "train",
    "export": "export",
}
T = TypeVar("T")

_SHOWN = 60
"""Characters of an over-long name in a message."""

_EXIT_INTERRUPTED = 128 + signal.SIGINT
_EXIT_TERMINATED = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM came: stop as for Ctrl-C, with another exit code."""


class _LazyGroup(click.Group):
    """A group whose help needs no command's module, so that `--help` is immediate."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        from fer_edge.cli.quiet import native_stderr_muffled  # here, as rich comes with it

        # Errors only: TensorFlow's own hints on its processor kernels are no result.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            with native_stderr_muffled():
                module = importlib.import_module(f"fer_edge.cli.{cmd_name}")
        except ImportError as error:
            if cmd_name not in _EXTRA_OF_COMMAND or (error.name or "").startswith("fer_edge."):
                raise
            raise MissingExtraError(f"fer-edge {cmd_name}", _EXTRA_OF_COMMAND[cmd_name], str(error)) from error
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], _COMMANDS, n=1)
        if args[0] not in _COMMANDS and near:
            ctx.fail(f"no command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        context = _until_reader_leaves(lambda: super(_LazyGroup, self).make_context(*args, **kwargs))
        if context is None:  # the reader of the help
            raise click.exceptions.Exit(0)
        return context

    def invoke(self, ctx: click.Context) -> Any:
        # Settled here, as click's own main turns SIGTERM into the same Abort as Ctrl-C, and a closed pipe into a 1.
        try:
            return _until_reader_leaves(lambda: self._invoke_and_flush(ctx))
        except Terminated:
            return _EXIT_TERMINATED
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
            return _EXIT_INTERRUPTED

    def _invoke_and_flush(self, ctx: click.Context) -> Any:
        result = super().invoke(ctx)
        sys.stdout.flush()
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="fer-edge")
@click.option(
    "--max-megapixels",
    type=click.FloatRange(min=1, max=10_000),
    metavar="N",
    envvar="FER_EDGE_MAX_MEGAPIXELS",
    show_envvar=True,
    expose_value=False,
    callback=lambda _ctx, _param, value: limit_opencv(value),
    help="Largest picture or video frame that is decoded, in millions of pixels.  [default: 100]",
)
def cli() -> None:
    """Facial-expression recognition, from labelled faces to a Raspberry Pi camera.

    Train a network, export it to TFLite and ONNX with a proof of what quantization cost, and run it on a stream.
    """


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    before = threading.enumerate()
    _open_closed_streams()
    _keep_own_stderr()
    signal.signal(signal.SIGTERM, _raise_terminated)
    _escape_what_cannot_be_shown()
    code = _run()
    _discard_unwritten()
    exit_process(code, before)


def _escape_what_cannot_be_shown() -> None:
    """Let names in any script go to a terminal or pipe of any encoding, rather than end the run with a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def _run() -> int:
    try:
        result = cli.main(prog_name="fer-edge", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        _until_reader_leaves(lambda: click.echo(without_passwords(shown.getvalue()), err=True, nl=False))
        return error.exit_code
    except FerEdgeError as error:
        return _fail(str(error), error.exit_code)
    except click.Abort:
        return _fail("stopped", _EXIT_INTERRUPTED, prefix="")
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _fail(f"{str(error.filename)[:_SHOWN]}...: no file can have so long a name; choose a shorter one", 2)
        return _fail(f"{error.filename or 'file system'}: {error.strerror or error}", 1)


def _fail(message: str, code: int, prefix: str = "error: ") -> int:
    _until_reader_leaves(lambda: click.echo(f"{prefix}{printable(without_passwords(message))}", err=True))
    return code


def _until_reader_leaves(step: Callable[[], T]) -> T | None:
    """Take a step; return None if the reader of standard output or standard error has gone, which is how `| head` ends.

    Raises:
        FerEdgeError: If it is the reader of a named pipe that has gone.
    """
    try:
        return step()
    except BrokenPipeError as error:
        if error.filename is not None:
            raise FerEdgeError(f"{error.filename}: nobody reads this pipe any more; start its reader again") from error
        _discard_unwritten()
        return None


def _discard_unwritten() -> None:
    """Keep the interpreter from writing into a closed pipe or full disk again as it ends, and failing by that."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _open_closed_streams() -> None:
    """Give closed standard streams (`>&-`) the null device, or the next file that is opened would get their output."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "r" if name == "stdin" else "w", closefd=False))


def _keep_own_stderr() -> None:
    """Move `sys.stderr` to a descriptor of its own, so that redirecting file descriptor 2 holds back native code only.

    A progress bar then moves on while a model is converted.
    """
    if os.name != "posix" or not _is_descriptor_2(sys.stderr):
        return
    inherited = sys.stderr
    sys.stderr = os.fdopen(
        os.dup(2), "w", buffering=1, encoding=inherited.encoding, errors=inherited.errors, closefd=False
    )


def _is_descriptor_2(stream: TextIO) -> bool:
    try:
        return stream.fileno() == 2
    except (OSError, ValueError):  # no file at all, as in a test
        return False


def _raise_terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
