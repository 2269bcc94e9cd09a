"""`--config`: the same names as on the command line, the command line's word above the file's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from fer_edge.cli.commands.run import command as run_command
from fer_edge.cli.config import commented_config, config_option, load_config
from fer_edge.errors import InputError

WriteConfig = Callable[[str], Path]


@click.command("brew")
@config_option
@click.option("--cups", type=click.IntRange(1, 9), default=2, show_default=True, help="How many.")
@click.option("--heat", type=click.FloatRange(0, 100), default=90.5)
@click.option("--bean", type=click.Choice(["arabica", "robusta"]), default="arabica", show_default=True)
@click.option("--into", "target", metavar="CUP", help="Where it goes.")
@click.option("--add", multiple=True, help="Once for each.")
@click.option("--weigh", type=int, multiple=True)
@click.option("--milk/--no-milk", default=True)
@click.option("--no-wait", "wait", is_flag=True, flag_value=False, default=True)
@click.option("--loud", is_flag=True, help="With noise.")
@click.option("--ristretto", "size", flag_value="short")
def brew(**values: Any) -> None:
    """Print what it was called with."""
    click.echo(json.dumps(values))


@pytest.fixture
def write_config(tmp_path: Path) -> WriteConfig:
    """A function that writes a configuration file."""

    def write(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def call(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(brew, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("\ufeffcups = 3", {"cups": 3}),
        ("cups = 3\nheat = 80", {"cups": 3, "heat": 80.0}),
        ('bean = "robusta"', {"bean": "robusta"}),
        ('into = "mug"', {"target": "mug"}),
        ("into = 7", {"target": "7"}),
        ('add = ["milk", "sugar"]', {"add": ["milk", "sugar"]}),
        ("weigh = [1, 2]", {"weigh": [1, 2]}),
        ("milk = false", {"milk": False}),
        ("no-wait = true", {"wait": False}),
        ("no-wait = false", {"wait": True}),
        ("loud = true", {"loud": True}),
        ("ristretto = true", {"size": "short"}),
        ("ristretto = false", {"size": None}),
    ],
)
def test_config_replaces_defaults(write_config: WriteConfig, text: str, expected: dict[str, Any]) -> None:
    assert call("--config", write_config(text)) == {**call(), **expected}


def test_command_line_precedes_config(write_config: WriteConfig) -> None:
    path = write_config('cups = 3\nadd = ["milk"]\nmilk = false\nheat = 70')
    values = call("--add", "salt", "--milk", "--cups", "4", "--config", path)
    assert (values["cups"], values["add"], values["milk"], values["heat"]) == (4, ["salt"], True, 70.0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cup = 3", "cup: brew has no such option; did you mean cups?"),
        ("no_wait = true", "no_wait: brew has no such option; did you mean no-wait?"),
        ("xyz = 3", "xyz: brew has no such option; expected one of cups, heat,"),
        ('config = "other.toml"', "config: brew has no such option"),
        ("help = true", "help: brew has no such option"),
        ('cups = "three"', 'cups: expected a whole number, got text ("three")'),
        ("cups = 2.5", "cups: expected a whole number, got a number (2.5)"),
        ("cups = true", "cups: expected a whole number, got true or false (true)"),
        ("cups = [2]", "cups: expected a whole number, got a list ([2])"),
        ("cups = 10", "cups: 10 is not in the range 1<=x<=9."),
        ("heat = true", "heat: expected a number, got true or false (true)"),
        ('loud = "yes"', 'loud: expected true or false, got text ("yes")'),
        ("loud = 1", "loud: expected true or false, got a whole number (1)"),
        ("into = true", "into: expected text, got true or false (true)"),
        ("into = 2026-01-01", "into: expected text, got date 2026-01-01"),
        ("[into]\nmug = 1", "into: expected text, got a table"),
        ('bean = "arabic"', "bean: 'arabic' is not one of 'arabica', 'robusta'."),
        ('add = "milk"', 'add: expected a list, got text ("milk"): ["milk"]'),
        ("weigh = [1, false]", "weigh: expected a whole number, got true or false (false)"),
        ("cups: 3", "not TOML: Expected '='"),
    ],
)
def test_config_error_names_file_and_key(write_config: WriteConfig, text: str, message: str) -> None:
    path = write_config(text)
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        load_config(path, click.Context(brew, info_name="brew"))
    assert str(raised.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('resolution = "big"', "resolution: expected a width and height such as 640x480, got 'big'"),
        ('detect-every = "often"', "detect-every: expected a whole number from 1, or auto, got 'often'"),
        ("budget = -5", "budget: expected a share above 0 such as 50%, got '-5'"),
        ('rotate-size = "much"', "rotate-size: expected a size such as 50MB, got 'much'"),
        ('labels = "happy"', "labels: expected two or more different names with commas between, got 'happy'"),
        ('input-range = "0-1"', "input-range: expected the values of black and white such as 0..1"),
        ('mqtt = "http://broker"', "http://broker: expected mqtt://"),
    ],
)
def test_bad_value_of_run_names_file_and_key(write_config: WriteConfig, line: str, message: str) -> None:
    path = write_config(line)
    with pytest.raises(InputError, match=re.escape(message)) as raised:
        load_config(path, click.Context(run_command, info_name="run"))
    assert str(raised.value).startswith(f"{path}: {line.split()[0]}: ")


def test_missing_file_folder_and_other_encoding_are_refused(tmp_path: Path) -> None:
    context = click.Context(brew)
    (tmp_path / "latin.toml").write_bytes(b'into = "caf\xe9"')
    for name, message in (("gone.toml", "no such"), (".", "got a folder"), ("latin.toml", "in UTF-8")):
        with pytest.raises(InputError, match=message):
            load_config(tmp_path / name, context)


@pytest.mark.parametrize("text", ["n = " + "9" * 5000, "n = " + "[" * 3000, 'into = "a\\u0000b"', "\0"])
def test_unparsable_toml_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "brew.toml").write_text(text)
    with pytest.raises(InputError) as fault:
        load_config(tmp_path / "brew.toml", click.Context(brew))
    assert len(str(fault.value).splitlines()) == 1


def test_commented_config_changes_nothing_until_uncommented(write_config: WriteConfig) -> None:
    text = commented_config(brew, {"into": 'a "cup"'})
    assert call("--config", write_config(text)) == call("--into", 'a "cup"')
    assert "# How many.\n# cups = 2\n" in text
    assert '# add = ["TEXT"]\n' in text
    assert "# loud = false\n" in text
    changed = text.replace("# cups = 2", "cups = 3").replace("# loud = false", "loud = true")
    assert call("--config", write_config(changed)) == call("--into", 'a "cup"', "--cups", "3", "--loud")


def test_commented_config_of_run_shows_its_defaults(write_config: WriteConfig) -> None:
    """Every default that is written out is one that `run` takes, in the TOML type it is written in."""
    context = click.Context(run_command, info_name="run")
    text = commented_config(run_command, {"camera": "demo", "quiet": True})
    lines = re.findall(r"^# ([a-z-]+ = (?:\d.*|true|false|\"[^A-Z|]+\"))$", text, re.MULTILINE)
    assert len(lines) > 5
    values = load_config(write_config("\n".join(lines)), context)
    parsed = {param.name: param for param in run_command.params}
    for name, value in values.items():
        param = parsed[name]
        default = param.get_default(context)
        if default is not None:
            assert param.type_cast_value(context, value) == param.type_cast_value(context, default)
    assert load_config(write_config(text), context) == {"camera": "demo", "quiet": True}
