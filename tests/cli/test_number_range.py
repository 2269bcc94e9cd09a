from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click
import pytest

from fer_edge.cli import cli


def number_options(command: click.Command, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the arguments of each command up to each of its options that takes a number that is no whole one."""
    for option in command.params:
        if isinstance(option, click.Option) and isinstance(option.type, type(click.FLOAT)):
            yield (*words, max(option.opts, key=len))
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from number_options(below, (*words, name))


def test_no_option_takes_what_is_no_number(command_line: Callable[..., Any]) -> None:
    pytest.importorskip("tensorflow", reason="the commands of training need TensorFlow")
    options = list(number_options(cli))
    assert {("--max-megapixels",), ("run", "--seconds"), ("train", "--learning-rate")} <= set(options)
    for words in options:
        ended = command_line(*words, "nan")
        assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1), words
        assert f"{words[-1]}: 'nan' is no number" in ended.stderr
