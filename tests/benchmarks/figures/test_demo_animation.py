from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.figures.demo_animation import encode_animation

README_ANIMATION = Path(__file__).parents[3] / "docs" / "images" / "demo.webp"


def test_animation_has_every_frame_in_its_colours_and_repeats() -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]  # blue, green, red
    frames = (np.full((48, 64, 3), colour, np.uint8) for colour in colours)
    with Image.open(io.BytesIO(encode_animation(frames, 10.0))) as animation:
        assert (animation.format, animation.size, animation.info["loop"]) == ("WEBP", (64, 48), 0)
        shown = []
        for number in range(3):
            animation.seek(number)
            shown.append(np.argmax(animation.convert("RGB").getpixel((30, 20))))
        assert animation.info["duration"] == 100
        with pytest.raises(EOFError):
            animation.seek(3)
    assert shown == [2, 1, 0]


def test_animation_of_the_readme_is_small_and_lasts_a_period_of_the_demo() -> None:
    assert README_ANIMATION.stat().st_size < 2_000_000
    with Image.open(README_ANIMATION) as animation:
        assert getattr(animation, "n_frames", 1) == 160
