from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

from fer_edge.runtime.results import FaceResult, FrameResult
from fer_edge.runtime.sinks.terminal import TerminalSink
from fer_edge.runtime.sources.source import Frame

MakeFace = Callable[..., FaceResult]
MakeResult = Callable[..., tuple[Frame, FrameResult]]


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_lines_are_plain_and_few(make_face: MakeFace, make_result: MakeResult) -> None:
    stream = io.StringIO()
    sink = TerminalSink("demo", stream)
    for number in range(50):
        sink.write(*make_result(make_face("happy", 0.9), make_face("sad", 0.5), number=number))
    sink.close()
    assert stream.getvalue() == "frame 0  happy 0.90, sad 0.50\n"


def test_without_a_terminal_a_frame_without_face_is_shown(make_result: MakeResult) -> None:
    stream = io.StringIO()
    TerminalSink("demo", stream).write(*make_result(number=4))
    assert stream.getvalue() == "frame 4  no face\n"


def test_terminal_shows_a_line_per_face_and_restores_the_cursor(make_face: MakeFace, make_result: MakeResult) -> None:
    stream = Screen()
    sink = TerminalSink("demo, tiny", stream)
    sink.write(*make_result(make_face("happy", 0.9), make_face("sad", 0.5)))
    sink.close()
    text = stream.getvalue()
    assert "demo, tiny" in text
    assert "detect 10.0" in text
    assert text.index("happy") < text.index("0.90") < text.index("sad") < text.index("0.50")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_control_characters_in_names_are_escaped(make_result: MakeResult) -> None:
    view, plain = Screen(), io.StringIO()
    frame, result = make_result()
    for stream in (view, plain):
        sink = TerminalSink("\x1b]0;owned\x07[/b].mp4", stream)
        sink.write(replace(frame, name="\x1b]0;owned\x07[/b].jpg"), result)
        sink.close()
    assert "\\x1b]0;owned\\x07[/b].mp4" in view.getvalue()
    assert plain.getvalue() == "\\x1b]0;owned\\x07[/b].jpg  no face\n"
