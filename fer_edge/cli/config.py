"""Options of a command from a TOML file, by the names they have on the command line."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click

from fer_edge.cli.file_roles import FileRole, roles
from fer_edge.errors import InputError
from fer_edge.names import without_password
from fer_edge.toml_file import read_toml

_COMMENT_WIDTH = 100
_CONFIG = f"{__name__}.path"
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text", list: "a list"}


def load_config(path: Path, ctx: click.Context) -> dict[str, Any]:
    """Read a file's settings and check them against the options of the context's command.

    Args:
        path: TOML file with a key for each option, named as on the command line without the dashes.
        ctx: Context of the command that takes the options.

    Returns:
        The values by the names of the command's parameters, as `click.Context.default_map` takes them.

    Raises:
        InputError: If the file cannot be read, a key is no option, or an option cannot take its value.
    """
    options = _options_by_key(ctx.command)
    values: dict[str, Any] = {}
    for key, given in read_toml(path).items():
        where = f"{path}: {key}"
        if key not in options:
            raise InputError(f"{where}: {ctx.info_name} has no such option{_nearest(key, list(options))}")
        _require_kind(where, options[key], given)
        value = _as_on_command_line(options[key], given)
        try:
            options[key].type_cast_value(ctx, value)
        except click.UsageError as error:
            reason = error.message.replace(str(value), without_password(str(value)))
            raise InputError(f"{where}: {reason}") from error
        if value is not None:
            values[str(options[key].name)] = value
    return values


def commented_config(command: click.Command, settings: Mapping[str, Any]) -> str:
    """Return TOML that explains every option of a command; those in `settings` are set, the others commented out."""
    blocks = []
    for key, option in _options_by_key(command).items():
        text = " ".join((option.help or "").split())
        comment = textwrap.fill(text, _COMMENT_WIDTH, initial_indent="# ", subsequent_indent="# ")
        line = f"{key} = {_toml(settings[key])}" if key in settings else f"# {key} = {_shown_value(option)}"
        blocks.append(f"{comment}\n{line}\n")
    return "\n".join(blocks)


def config_roles() -> list[FileRole]:
    """Return the role of the file that the current command has read its options from, if any."""
    return roles("--config", click.get_current_context().meta.get(_CONFIG))


def _take_defaults(ctx: click.Context, _param: click.Parameter, path: Path | None) -> None:
    if path is not None:
        ctx.meta[_CONFIG] = path
        ctx.default_map = {**(ctx.default_map or {}), **load_config(path, ctx)}


config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    is_eager=True,  # before the options that take their defaults from it
    expose_value=False,
    callback=_take_defaults,
    help="Read options from a TOML file, in lines such as detect-every = 5; the command line takes precedence.",
)
"""Option of any command; apply it above the other options."""


def _options_by_key(command: click.Command) -> dict[str, click.Option]:
    return {
        max(option.opts, key=len).lstrip("-"): option
        for option in command.params
        if isinstance(option, click.Option) and option.expose_value and not option.hidden
    }


def _require_kind(where: str, option: click.Option, given: Any) -> None:
    takes_list = option.multiple or option.nargs != 1
    if takes_list and not isinstance(given, list):
        raise InputError(f"{where}: expected a list, got {_describe(given)}: [{_toml(_masked(given))}]")
    kinds = _kinds(option)
    for one in given if takes_list else [given]:
        if isinstance(one, str) and "\0" in one:
            raise InputError(f"{where}: expected text without NUL characters, got {_describe(one)}")
        # TOML knows numbers from true and false, where Python does not.
        if not isinstance(one, kinds) or (isinstance(one, bool) and bool not in kinds):
            raise InputError(f"{where}: expected {_KINDS[kinds[0]]}, got {_describe(one)}")


def _kinds(option: click.Option) -> tuple[type, ...]:
    """Return the Python types of TOML values that an option takes; messages name the first."""
    if option.is_flag:
        return (bool,)
    if isinstance(option.type, type(click.INT)):
        return (int,)
    if isinstance(option.type, type(click.FLOAT)):
        return (float, int)
    if isinstance(option.type, click.Choice):
        return (str,)
    return (str, int, float)  # a camera's number, or N of N|auto


def _as_on_command_line(option: click.Option, given: Any) -> Any:
    if option.is_flag:
        if isinstance(option.type, type(click.BOOL)):
            # `--no-wait` alone; click 8.2 gives the pair `--wait/--no-wait` such a value, too.
            says_no = option.flag_value is False and not option.secondary_opts
            return bool(given) != says_no
        return option.flag_value if given else None
    return [str(one) for one in given] if isinstance(given, list) else str(given)


def _nearest(key: str, keys: list[str]) -> str:
    near = get_close_matches(key.replace("_", "-"), keys, n=1)
    return f"; did you mean {near[0]}?" if near else f"; expected one of {', '.join(keys)}"


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return "a table"
    value = _masked(value)
    return f"{_KINDS[type(value)]} ({_toml(value)})" if type(value) in _KINDS else f"{type(value).__name__} {value}"


def _masked(value: Any) -> Any:
    if isinstance(value, list):
        return [_masked(one) for one in value]
    return without_password(value) if isinstance(value, str) else value


def _shown_value(option: click.Option) -> str:
    """Return the default where the help shows it too, else a placeholder."""
    if option.is_flag:
        return _toml(option.default is True)
    if option.show_default:
        return _toml(option.default)
    blank = option.metavar or option.type.name.upper()
    filled = blank if set(_kinds(option)) <= {int, float} else _toml(blank)
    return f"[{filled}]" if option.multiple else filled


def _toml(value: Any) -> str:
    """Return a value as TOML writes it, which equals JSON for every type of option."""
    return json.dumps(value, ensure_ascii=False, default=str)
