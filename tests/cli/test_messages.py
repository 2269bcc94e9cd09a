from __future__ import annotations

import pytest

from fer_edge.cli.messages import option_named, print_note, print_warning
from fer_edge.errors import FerEdgeError, InputError, ModelError, SourceError


@pytest.mark.parametrize("kind", [InputError, ModelError])
def test_option_begins_message_and_keeps_kind_of_error(kind: type[FerEdgeError]) -> None:
    with pytest.raises(kind, match=r"^--camera: 7: no such camera$"), option_named("--camera"):
        raise kind("7: no such camera")


def test_option_is_not_named_twice() -> None:
    with pytest.raises(InputError, match=r"^--camera 7: no such camera$"), option_named("--camera"):
        raise InputError("--camera 7: no such camera")


def test_failure_while_running_is_not_blamed_on_option() -> None:
    with pytest.raises(SourceError, match=r"^no frame$"), option_named("--camera"):
        raise SourceError("no frame")


def test_notes_and_warnings_are_one_line_without_passwords(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("rtsp://me:secret@host/x is back\nat once")
    print_warning("mqtt://me:secret@host is gone")
    assert capsys.readouterr().err == (
        "note: rtsp://me:***@host/x is back\\nat once\nwarning: mqtt://me:***@host is gone\n"
    )


@pytest.mark.parametrize(
    ("library", "shown"),
    [
        ("raise the limit: max_megapixels=3600", "raise the limit: fer-edge --max-megapixels 3600"),
        ("official_split=True restores these parts", "--official-split restores these parts"),
        ("evaluate and export take it with trusted=True", "evaluate and export take it with --trust-model"),
    ],
)
def test_arguments_in_messages_become_options(capsys: pytest.CaptureFixture[str], library: str, shown: str) -> None:
    print_note(library)
    print_warning(library)
    assert capsys.readouterr().err == f"note: {shown}\nwarning: {shown}\n"
