from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from fer_edge import __version__

COMMANDS = ("train", "tune", "samples", "data", "evaluate", "export", "info", "run", "doctor", "service")


def test_no_command_shows_the_help(child_line: Callable[..., Any]) -> None:
    ended = child_line()
    assert ended.exit_code == 2
    assert all(f"  {command} " in ended.stderr for command in COMMANDS)


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(command_line: Callable[..., Any], flag: str) -> None:
    ended = command_line(flag).require_success()
    assert all(f"  {command} " in ended.stdout for command in COMMANDS)


def test_help_of_the_group_loads_nothing_heavy(child_environment: dict[str, str]) -> None:
    code = (
        "import sys; from fer_edge.cli import cli; cli.main(['--help'], standalone_mode=False); "
        "print({'numpy', 'cv2', 'tensorflow', 'matplotlib'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=child_environment, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr


def test_version(command_line: Callable[..., Any]) -> None:
    assert command_line("--version").require_success().stdout == f"fer-edge, version {__version__}\n"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("train", ["--data", "--arch", "--epochs", "--batch-size", "--seed", "--resume", "--strict"]),
        ("tune", ["--data", "--over", "--trials", "--tuner", "--images", "--overwrite"]),
        ("samples", ["--data", "--expression", "--output"]),
        ("evaluate", ["MODEL", "--data", "--split", "--json"]),
        ("export", ["MODEL", "--int8", "--precision", "--all", "--format", "--float-io", "--keep-failed"]),
        ("info", ["MODEL", "--json"]),
        ("run", ["--camera", "--model", "--jsonl"]),
        ("doctor", ["--json"]),
        ("service", ["install", "status"]),
    ],
)
def test_help_of_each_command(
    tiny_architecture: str, command_line: Callable[..., Any], command: str, words: list[str]
) -> None:
    ended = command_line(command, "--help").require_success()
    assert all(word in ended.stdout for word in words)
    assert ended.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "no command 'trian'; did you mean 'train'?"),
        (["exprt"], "no command 'exprt'; did you mean 'export'?"),
        (["quantum"], "no such command 'quantum'"),
        (["info", "--jsn"], "error: no such option"),
        (["info", "--jsn"], "--json"),
        (["export", "--precision", "int4"], "'int4' is not one of 'fp32'"),
        (["train", "--epochs", "0"], "error: --epochs: 0 is not in the range x>=1 (see fer-edge train --help)\n"),
        (["train", "--epochs"], "error: option --epochs requires an argument"),
        (["info", "a", "b"], "error: got unexpected extra argument (b) (see fer-edge info --help)\n"),
        (["run", "--budget", "-1"], "error: --budget: expected a share above 0 such as 50%, got -1 ("),
    ],
)
def test_wrong_word_or_value_is_one_line(
    tiny_architecture: str, command_line: Callable[..., Any], arguments: list[str], message: str
) -> None:
    ended = command_line(*arguments)
    assert (ended.exit_code, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    # Newer releases of click quote the option.
    assert message.replace("'", "") in ended.stderr.replace("'", "")


def sections_of(help_text: str) -> dict[str, list[str]]:
    """Return the options of each section of a help text."""
    sections: dict[str, list[str]] = {}
    for line in help_text.splitlines():
        if re.fullmatch(r"\w[\w ]*:", line):
            sections[line.rstrip(":")] = []
        elif sections and line.startswith("  -"):
            sections[list(sections)[-1]] += re.findall(r"--[\w-]+", line.strip().split("  ")[0])
    return sections


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("run", ["Source --camera", "Faces --smoothing", "Outputs --privacy", "Preview --preview", "Broker --mqtt"]),
        (
            "train",
            ["Data --votes", "Recipe --seed", "Augmentation --mixup", "Teachers --distill", "Machines --workers"],
        ),
        ("predict", ["Source --recursive", "Outputs --save", "Faces --max-faces"]),
    ],
)
def test_help_has_sections(command_line: Callable[..., Any], command: str, expected: list[str]) -> None:
    sections = sections_of(command_line(command, "--help").require_success().stdout)
    for title, option in map(str.split, expected):
        assert option in sections[title]


@pytest.mark.parametrize("command", [*COMMANDS, "predict", "benchmark", "data audit", "service install"])
def test_help_fits_eighty_columns(
    command_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = command_line(*command.split(), "--help").require_success().stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []


@pytest.mark.parametrize("command", ["", "run", "notice", "data split"])
def test_narrow_help_cuts_no_word(
    command_line: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    words = {}
    for columns in (40, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        lines = command_line(*command.split(), "--help").require_success().stdout.splitlines()
        words[columns] = set(re.split(r"[\s-]+", " ".join(lines)))
    assert {word for word in words[120] if len(word) <= 30} - words[40] == set()
    assert [line for line in lines if len(line) > 110] == []


def test_version_has_a_short_option(command_line: Callable[..., Any]) -> None:
    assert command_line("-V").require_success().stdout == command_line("--version").stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fer-edge", ["train", "run", "doctor"]),
        ("fer-edge r", ["run"]),
        ("fer-edge run --came", ["--camera"]),
        ("fer-edge run --detector ", ["int8", "opencv"]),
    ],
)
def test_completion_offers_words_without_tensorflow(
    child_environment: dict[str, str], words: str, expected: list[str]
) -> None:
    *_, last = words.split(" ")
    count = len(words.split()) - 1 if last else len(words.split())
    completing = {"_FER_EDGE_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(max(count, 1))}
    code = "import sys; sys.modules['tensorflow'] = None; from fer_edge.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env=child_environment | completing, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert set(expected) <= {line.split(",")[1] for line in done.stdout.splitlines()}


def test_missing_extra_is_named(child_environment: dict[str, str]) -> None:
    code = "import sys; sys.modules['tensorflow'] = None; from fer_edge.cli import main; main()"
    command = [sys.executable, "-c", code, "export", "x.keras"]
    done = subprocess.run(command, env=child_environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].endswith("pip install '.[export]'")
    assert "Traceback" not in done.stderr


def test_memory_that_does_not_suffice_is_one_line(child_environment: dict[str, str]) -> None:
    code = (
        "from fer_edge.cli import main\n"
        "from fer_edge.cli.commands import doctor\n"
        "doctor.command.callback = lambda **_: bytes(1 << 62)\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "doctor"], env=child_environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: not enough memory; ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [("info", "a" * 5000), ("run", "--config", f"{'a' * 300}/b")],
)
def test_overlong_name_is_one_line(command_line: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    ended = command_line(*arguments)
    assert ended.exit_code == 2
    assert ended.stderr.count("\n") == 1
    assert "no file can have so long a name; choose a shorter one" in ended.stderr
    assert len(ended.stderr) < 200


@pytest.mark.parametrize("module", ["fer_edge.cli", "click", "fer_edge.terminal.native_logs", "fer_edge.threads"])
def test_interruption_while_modules_are_imported_leaves_no_traceback(
    child_environment: dict[str, str], module: str
) -> None:
    code = (
        "import signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from fer_edge.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=child_environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("limit", ["nan", "inf", "-1"])
def test_limit_of_pictures_is_a_number(command_line: Callable[..., Any], limit: str) -> None:
    ended = command_line("--max-megapixels", limit, "info")
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("error: --max-megapixels: ")
