"""The `fer-edge` command: one module a subcommand, imported only when it is asked for.

This is the one place that turns errors into a line and an exit code: 0 done, 1 failed while running, 2 the
user's mistake, 130 Ctrl-C, 143 SIGTERM.
"""

from __future__ import annotations

import errno
import importlib
import logging
import os
import signal
import sys
import threading
from difflib import get_close_matches
from types import FrameType
from typing import Any, NoReturn

import click
from click.shell_completion import CompletionItem

from fer_edge import __version__
from fer_edge.cli.help import fit_help
from fer_edge.cli.messages import with_options
from fer_edge.cli.number_range import NumberRange
from fer_edge.cli.standard_streams import discard_unwritten, prepare_streams, until_reader_leaves
from fer_edge.errors import FerEdgeError
from fer_edge.names import printable, without_passwords
from fer_edge.pictures.size import limit_opencv
from fer_edge.terminal.native_logs import importing_extra, native_stderr_muffled
from fer_edge.threads import exit_process

_COMMANDS = {
    "train": "Train a network on labelled faces.",
    "tune": "Search for the recipe values that train best.",
    "samples": "Write a sheet of the data set's faces as a picture.",
    "data": "Collect faces, divide and check them, and find wrong labels.",
    "evaluate": "Measure a model on labelled faces.",
    "export": "Convert a model to TFLite and ONNX, and verify each file.",
    "info": "Show what a model file says about itself.",
    "predict": "Find the faces in pictures and their expressions.",
    "analyze": "Analyze videos, pictures and logs to tables of faces and tracks.",
    "run": "Detect faces in a stream and classify their expressions.",
    "benchmark": "Measure models on this machine (latency, memory, accuracy) and write a report.",
    "doctor": "Check the board, the cameras and the installation, and say what to do.",
    "service": "Run at boot, supervised by systemd.",
    "notice": "Write a notice for the door, for the people whom the camera sees.",
}
_EXTRA_OF_COMMAND = {
    "train": "train",
    "tune": "train",
    "samples": "train",
    "data": "train",
    "evaluate": "train",
    "export": "export",
}

_SHOWN = 60
"""Characters shown of an over-long name in a message."""

_EXIT_INTERRUPTED = 128 + signal.SIGINT
_EXIT_TERMINATED = 128 + signal.SIGTERM


class Terminated(KeyboardInterrupt):
    """SIGTERM was received: stop as for Ctrl-C, with another exit code."""


class _LazyGroup(click.Group):
    """Group whose help imports no command's module, so that `--help` is immediate."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        # Errors only: users cannot act on TensorFlow's hints about its processor kernels.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns where one process builds several networks
        extra = _EXTRA_OF_COMMAND.get(cmd_name)
        with importing_extra(f"fer-edge {cmd_name}", extra) if extra else native_stderr_muffled():
            module = importlib.import_module(f"fer_edge.cli.commands.{cmd_name}")
        command: click.Command = module.command
        fit_help(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        # Group's own imports each command's module, and so TensorFlow.
        names = [CompletionItem(name, help=text) for name, text in _COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], _COMMANDS, n=1)
        if args[0] not in _COMMANDS and near:
            ctx.fail(f"no command {args[0]!r}; did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        context = until_reader_leaves(lambda: super(_LazyGroup, self).make_context(*args, **kwargs))
        if context is None:  # the reader of the help
            raise click.exceptions.Exit(0)
        return context

    def invoke(self, ctx: click.Context) -> Any:
        # Handled here, as click's own main turns SIGTERM into the same Abort as Ctrl-C, and a closed pipe into a 1.
        try:
            return until_reader_leaves(lambda: self._invoke_and_flush(ctx))
        except Terminated:
            return _EXIT_TERMINATED
        except KeyboardInterrupt:
            _print_stopped()
            return _EXIT_INTERRUPTED

    def _invoke_and_flush(self, ctx: click.Context) -> Any:
        result = super().invoke(ctx)
        sys.stdout.flush()
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", prog_name="fer-edge")
@click.option(
    "--max-megapixels",
    type=NumberRange(min=1, max=10_000),
    metavar="N",
    envvar="FER_EDGE_MAX_MEGAPIXELS",
    show_envvar=True,
    expose_value=False,
    callback=lambda _ctx, _param, value: limit_opencv(value),
    help="Largest picture or video frame to decode, in millions of pixels.  [default: 100]",
)
def cli() -> None:
    """Facial-expression recognition, from labelled faces to a Raspberry Pi camera.

    Train a network, export it to TFLite and ONNX, measure what quantization cost, and run it on a camera. A trained
    model is included: fer-edge run and fer-edge evaluate work at once.
    """


fit_help(cli)


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    before = threading.enumerate()
    prepare_streams()
    signal.signal(signal.SIGTERM, _raise_terminated)
    code = _run()
    discard_unwritten()
    exit_process(code, before)


def _run() -> int:
    try:
        result = cli.main(prog_name="fer-edge", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except click.exceptions.NoArgsIsHelpError as error:
        until_reader_leaves(error.show)
        return int(error.exit_code)
    except click.ClickException as error:
        return _fail(_describe(error), error.exit_code)
    except FerEdgeError as error:
        return _fail(str(error), error.exit_code)
    except click.Abort:
        _print_stopped()
        return _EXIT_INTERRUPTED
    except MemoryError:
        return _fail("not enough memory; close other programs, or give smaller or fewer files at once", 1)
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return _fail(f"{str(error.filename)[:_SHOWN]}...: no file can have so long a name; choose a shorter one", 2)
        return _fail(f"{error.filename or 'file system'}: {error.strerror or error}", 1)


def _describe(error: click.ClickException) -> str:
    """Return click's message in the shape of the project's own: the option, what is wrong, and where to read on."""
    message = error.format_message().rstrip(".")
    message = message[:1].lower() + message[1:]
    if isinstance(error, click.BadParameter) and error.param and not isinstance(error, click.MissingParameter):
        param = error.param
        name = max(param.opts, key=len) if isinstance(param, click.Option) else param.human_readable_name
        message = f"{name}: {error.message.rstrip('.')}"
    context = error.ctx if isinstance(error, click.UsageError) else None
    return message if context is None else f"{message} (see {context.command_path} --help)"


def _fail(message: str, code: int) -> int:
    _say(f"error: {printable(without_passwords(with_options(message)))}")
    return code


def _print_stopped() -> None:
    _say("stopped")


def _say(line: str) -> None:
    """Print a last line; where it cannot be written, as on a full disk, the exit code says what there is to say."""
    try:
        click.echo(line, err=True)
    except OSError:
        discard_unwritten()


def _raise_terminated(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
