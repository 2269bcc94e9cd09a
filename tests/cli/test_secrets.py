"""Passwords in addresses: no command prints one, whatever is wrong with the address."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fer_edge.cli.commands.run import command as run_command
from fer_edge.errors import InputError

if TYPE_CHECKING:
    from tests.conftest import Ended

CommandLine = Callable[..., "Ended"]

CORE = "XQZ"
# Nobody listens at port 9; a name that is no host costs a look-up.
FORMS = (
    "rtsp://me:{}@127.0.0.1:9/x",
    "rtsp://{}@127.0.0.1:9/x",
    "rtsp://me:{}@127.0.0.1:99999/x",
    "rtsp://me:{}@",
    "rtsp://me:{}",
    "rtsp:me:{}@127.0.0.1",
    "rtsp:/me:{}@127.0.0.1",
    "http//me:{}@127.0.0.1",
    "http://me:{}@127.0.0.1:9/x",
    "http://127.0.0.1:9/x?user=me&pwd={}",
    "http://127.0.0.1:9/user=me&password={}",
    "ftp://me:{}@127.0.0.1/x",
    "mqtt://me:{}@127.0.0.1:port",
    "mqtt://127.0.0.1:9/home/me:{}@x",
    "RTSPS://me:{}@[::1]:9/x",
    "http://127.0.0.1:9/x?jwt={}",
    "http://127.0.0.1:9/x?login=me:{}",
    "http://127.0.0.1:9/0/me:{}/main",
    "http://127.0.0.1:9/auth/me/{}/",
    "rtmp://127.0.0.1:9/live/{}",
    "me%3A{}@127.0.0.1:9/x",
    'rtspsrc location=rtsp://127.0.0.1:9/x user-pw="{}"',
)
WAYS: dict[str, tuple[str, ...]] = {
    "--camera": ("run", "--camera", "{}"),
    "--camera and --resolution": ("run", "--resolution", "640x480", "--camera", "{}"),
    "--mqtt": ("run", "--camera", "no-such-file", "--mqtt", "{}"),
    "--model": ("run", "--camera", "demo", "--model", "{}"),
    "a number": ("run", "--camera", "demo", "--fps", "{}"),
    "another option": ("run", "--camera={}", "--no-such-option={}"),
    "no option": ("run", "{}"),
    "no command": ("{}",),
    "configuration": ("run", "--config", "c.toml"),
}
CONFIGURATIONS = (
    "camera = '{}'",
    "mqtt = '{}'",
    "camera = ['{}']",
    "fps = '{}'",
    "labels = {{a = '{}'}}",
    "model = '{}'",
)


@pytest.fixture(autouse=True)
def no_look_ups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no made-up host be asked for in the network."""
    look_up = socket.getaddrinfo

    def numbers_alone(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> list[Any]:
        return list(look_up(host, port, family, type, proto, flags | socket.AI_NUMERICHOST))

    monkeypatch.setattr(socket, "getaddrinfo", numbers_alone)


@st.composite
def secrets(draw: st.DrawFn) -> str:
    """Pieces with what people put between them; an @ or a colon can make another address of it."""
    pieces = draw(st.lists(st.text(st.sampled_from("#/?&%+![]$.,-_1 \\"), max_size=2), min_size=1, max_size=3))
    return CORE + "".join(piece + CORE for piece in pieces)


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.sampled_from(sorted(WAYS)), st.sampled_from(FORMS), secrets(), st.sampled_from(CONFIGURATIONS))
def test_no_command_prints_part_of_a_secret(
    command_line: CommandLine,
    tmp_path_factory: pytest.TempPathFactory,
    way: str,
    form: str,
    secret: str,
    configuration: str,
) -> None:
    address = form.format(secret)
    arguments = [each.format(address) for each in WAYS[way]]
    if way == "configuration":
        path = tmp_path_factory.mktemp("configuration") / "c.toml"
        path.write_text(configuration.format(address))
        arguments[-1] = str(path)
    ended = command_line(*arguments)
    assert ended.exit_code in (1, 2)
    assert CORE not in (ended.stdout + ended.stderr).upper()


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--camera", "demo", "--frames", "1", "--jsonl"),
        ("notice", "--operator", "a", "--contact", "b", "--purpose", "c", "--output"),
        ("data", "collect", "--camera", "demo", "--class", "a", "--count", "1", "--output"),
        ("samples", "--data", "synthetic", "--output"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_output_named_by_an_address_is_printed_without_its_password(
    command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = command_line(*arguments, f"http://user:{CORE}@127.0.0.1:1/a.html")
    assert "user:***" in ended.stdout + ended.stderr
    assert CORE not in ended.stdout + ended.stderr


def test_given_preview_token_is_not_printed(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("FER_EDGE_PREVIEW_TOKEN", CORE)
    ended = command_line("run", "--camera", "demo", "--frames", 1, "--quiet", "--preview", 0)
    assert "/?token=***\n" in ended.require_success().stderr
    assert CORE not in ended.stderr


def test_preview_token_that_is_no_utf8_is_refused(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp")
    monkeypatch.setenv("FER_EDGE_PREVIEW_TOKEN", f"{CORE}\udcff")
    ended = command_line("run", "--camera", "demo", "--frames", 1, "--preview", 0)
    assert (ended.exit_code, ended.stderr.count("\n")) == (2, 1)
    assert CORE not in ended.stderr


def test_generated_preview_token_is_printed(command_line: CommandLine) -> None:
    pytest.importorskip("aiohttp")
    ended = command_line("run", "--camera", "demo", "--frames", 1, "--quiet", "--preview", "0.0.0.0:0")
    assert len(ended.require_success().stderr.partition("/?token=")[2].strip()) >= 16


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a service's credentials, as systemd makes it."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    return folder


def parse(*arguments: object) -> dict[str, Any]:
    return run_command.make_context("run", [str(each) for each in arguments]).params


def test_command_line_precedes_environment_precedes_credential(
    credentials: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "c.toml"
    config.write_text('camera = "1"')
    assert parse("--config", config)["camera"] == "1"
    (credentials / "fer-edge.camera").write_text("rtsp://me:b@host/x\n")
    assert parse("--config", config)["camera"] == "rtsp://me:b@host/x"
    monkeypatch.setenv("FER_EDGE_CAMERA", "rtsp://me:c@host/x")
    assert parse("--config", config)["camera"] == "rtsp://me:c@host/x"
    assert parse("--config", config, "--camera", "demo")["camera"] == "demo"


def test_broker_and_token_are_read_from_credentials(credentials: Path) -> None:
    assert (parse()["camera"], parse()["mqtt"], parse()["preview_token"]) == ("0", None, None)
    (credentials / "fer-edge.mqtt").write_text("mqtt://me:p%40s@host")
    (credentials / "fer-edge.preview-token").write_text("some token")
    assert parse()["mqtt"].password == "p@s"
    assert parse()["preview_token"] == "some token"


@pytest.mark.parametrize("content", ["", " \n", None])
def test_unusable_credential_is_refused(credentials: Path, content: str | None) -> None:
    path = credentials / "fer-edge.camera"
    if content is None:
        path.mkdir()
    else:
        path.write_text(content)
    with pytest.raises(InputError, match=r"fer-edge\.camera: the credential (is empty|cannot be read)"):
        parse()


def test_help_shows_no_secret(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CAMERA", "MQTT", "PREVIEW_TOKEN"):
        monkeypatch.setenv(f"FER_EDGE_{name}", CORE)
    shown = command_line("run", "--help").require_success().stdout
    assert CORE not in shown
    assert "FER_EDGE_CAMERA" in shown


@pytest.mark.parametrize("line", ["camera = ['{}']", "fps = '{}'", "labels = [['{}']]"])
def test_config_value_of_wrong_type_is_not_shown(command_line: CommandLine, tmp_path: Path, line: str) -> None:
    (tmp_path / "c.toml").write_text(line.format(f"rtsp://me:{CORE} {CORE}@host/x"))
    ended = command_line("run", "--config", tmp_path / "c.toml")
    assert ended.exit_code == 2
    assert CORE not in ended.stderr
