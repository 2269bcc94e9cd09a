from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from fer_edge.runtime.results import UNCERTAIN, FaceResult, FrameResult
from fer_edge.runtime.sinks.terminal import TerminalSink
from fer_edge.runtime.sources.source import Frame, Source

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


class Recording(Source):
    """A source that the tests write the frames of, 20 s long."""

    def __init__(self, *, stills: bool = False, duration_s: float | None = None) -> None:
        super().__init__("recording", live=False, fps=None, stills=stills)
        self.duration_s = duration_s

    def __iter__(self) -> Iterator[Frame]:
        yield from ()

    def close(self) -> None:
        pass


ENDLESS, PICTURES, RECORDING = Recording(), Recording(stills=True), Recording(duration_s=20)


def last_view(screen: Screen, title: str) -> list[str]:
    """Return the lines of the view that was drawn last, without styles, from the title on."""
    plain = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "")
    return [line.rstrip() for line in plain[plain.rindex(title) :].splitlines()]


def test_without_a_terminal_lines_are_plain_and_few(make_face: MakeFace, make_result: MakeResult) -> None:
    stream = io.StringIO()
    sink = TerminalSink("demo", stream, ENDLESS)
    for number in range(50):
        sink.write(*make_result(make_face("happy", 0.9), make_face("sad", 0.5), number=number))
    sink.close()
    assert stream.getvalue() == "frame 0  happy 90%, sad 50%\n"


@pytest.mark.parametrize("stream", [io.StringIO(), Screen()])
def test_each_picture_has_a_line_with_its_name_and_result(
    make_face: MakeFace, make_result: MakeResult, stream: io.StringIO
) -> None:
    sink = TerminalSink("photos", stream, PICTURES)
    uncertain = replace(make_face("sad", 0.3), label=UNCERTAIN)
    for name, *faces in (("a.jpg", make_face("happy", 0.96), uncertain), ("b.jpg",)):
        sink.write(*make_result(*faces, name=name))
    sink.close()
    assert stream.getvalue() == "a.jpg  happy 96%, uncertain\nb.jpg  no face\n"


def test_recording_shows_its_percentage(make_face: MakeFace, make_result: MakeResult) -> None:
    stream = io.StringIO()
    TerminalSink("film", stream, RECORDING).write(*make_result(make_face(), position_s=5.0, number=3))
    assert stream.getvalue() == "frame 3  happy 88%  25%\n"


@pytest.mark.parametrize(("columns", "has_all"), [(40, False), (80, True), (120, True)])
def test_view_fits_the_terminal(
    make_face: MakeFace, make_result: MakeResult, monkeypatch: pytest.MonkeyPatch, columns: int, has_all: bool
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    screen = Screen()
    sink = TerminalSink("a title that is longer than forty columns, tiny", screen, RECORDING)
    faces = [make_face("happy", 0.9, track_id=12), make_face("surprise", 1.0, track_id=3)]
    sink.write(*make_result(*faces, position_s=5.0))
    sink.close()
    lines = last_view(screen, "a title that")
    assert all(len(line) <= columns for line in lines)
    assert any("25%" in line for line in lines)
    happy, surprise = lines[-2:]
    assert re.search(r"12 +happy +\S+ +90%", happy)
    assert re.search(r" 3 +surprise +\S+ +100%", surprise)
    assert any("detect 10.0" in line for line in lines) == has_all
    assert ("50x60 at 10,20" in happy) == has_all


def test_without_a_terminal_a_frame_without_face_is_shown(make_result: MakeResult) -> None:
    stream = io.StringIO()
    TerminalSink("demo", stream, ENDLESS).write(*make_result(number=4))
    assert stream.getvalue() == "frame 4  no face\n"


def test_terminal_shows_a_line_per_face_and_restores_the_cursor(make_face: MakeFace, make_result: MakeResult) -> None:
    stream = Screen()
    sink = TerminalSink("demo, tiny", stream, ENDLESS)
    sink.write(*make_result(make_face("happy", 0.9), make_face("sad", 0.5)))
    sink.close()
    text = stream.getvalue()
    assert "demo, tiny" in text
    assert "detect 10.0" in text
    assert text.index("happy") < text.index("90%") < text.index("sad") < text.index("50%")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_control_characters_in_names_are_escaped(make_result: MakeResult) -> None:
    view, plain = Screen(), io.StringIO()
    frame, result = make_result()
    for stream in (view, plain):
        source = ENDLESS if stream is view else PICTURES
        sink = TerminalSink("\x1b]0;owned\x07[/b].mp4", stream, source)
        sink.write(replace(frame, name="\x1b]0;owned\x07[/b].jpg"), result)
        sink.close()
    assert "\\x1b]0;owned\\x07[/b].mp4" in view.getvalue()
    assert plain.getvalue() == "\\x1b]0;owned\\x07[/b].jpg  no face\n"
