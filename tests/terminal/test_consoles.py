from __future__ import annotations

import io

import pytest
from rich.console import Console

from fer_edge.terminal import consoles


@pytest.mark.parametrize("width", [120, 80, 60])
def test_progress_shows_whole_counts_and_notes_at_usual_widths(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = Console(file=io.StringIO(), width=width, force_terminal=True, markup=False)
    monkeypatch.setattr(consoles, "stderr", lambda: wide)
    display = consoles.make_progress(with_notes=True)
    display.add_task("epochs (at most)", total=60, completed=20, note="")
    display.add_task("epoch 21", total=225, completed=20, note="loss 1.234 accuracy 0.456")
    screen = Console(file=io.StringIO(), width=width)
    screen.print(display.get_renderable())
    text = screen.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    for word in ("epochs (at most)", "epoch 21", "20/60", "20/225", "-:--:--", "loss", "1.234", "accuracy", "0.456"):
        assert word in text


def test_description_is_printed_without_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), width=120, force_terminal=True)
    monkeypatch.setattr(consoles, "stderr", lambda: console)
    display = consoles.make_progress()
    display.add_task("a[/b] [red]x\x1b[31m.tflite", total=2)
    screen = Console(file=io.StringIO(), width=120)
    screen.print(display.get_renderable())
    assert "a[/b] [red]x\\x1b[31m.tflite" in screen.file.getvalue()  # type: ignore[attr-defined]
