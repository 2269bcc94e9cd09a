"""A film with people who come and go, and analyses of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.analysis.analysis import analyze
from fer_edge.analysis.manifest import Entry, Manifest
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import SourceFile, find_sources
from fer_edge.models import PORTRAIT_FILE
from fer_edge.pictures.decoding import decode_picture
from fer_edge.preprocess import Image, resize

FPS = 5
SECONDS = 12
FILM_SIZE_WH = (640, 360)


class Reports:
    """Records of what an analysis reports."""

    def __init__(self) -> None:
        self.shares: list[tuple[str, float]] = []
        self.entries: list[Entry] = []

    def on_share(self, source: SourceFile, share: float) -> None:
        self.shares.append((source.name, share))

    def on_entry(self, entry: Entry) -> None:
        self.entries.append(entry)


def draw_film(number: int) -> Image:
    """Frame of the film: one person sways all the time, a second is there from 3 s to 9 s, across chunks' borders."""
    seconds = number / FPS
    frame = np.full((FILM_SIZE_WH[1], FILM_SIZE_WH[0], 3), 110, np.uint8)
    portrait = decode_picture(PORTRAIT_FILE.read_bytes())
    left = round(40 + 30 * np.sin(seconds))
    _paste(frame, resize(portrait, (220, 220)), left)
    if 3 <= seconds < 9:
        _paste(frame, resize(portrait, (200, 200))[:, ::-1], round(380 + 25 * np.cos(seconds)))
    return frame


def _paste(frame: Image, picture: Image, left: int) -> None:
    height, width = picture.shape[:2]
    frame[60 : 60 + height, left : left + width] = picture


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of 12 s with 5 frames a second, as .mp4."""
    path = tmp_path_factory.mktemp("films") / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), FPS, FILM_SIZE_WH)
    for number in range(SECONDS * FPS):
        writer.write(draw_film(number))
    writer.release()
    return path


@pytest.fixture(scope="session")
def settings(model_file: Path) -> Settings:
    """Settings by which the film has three chunks."""
    return Settings(model_file, chunk_s=4.0)


@pytest.fixture
def analyze_files(settings: Settings, tmp_path: Path) -> Callable[..., Manifest]:
    """Return a function that analyzes files into `tmp_path / "out"`, or another folder."""

    def run(*paths: Path, output: Path | None = None, overwrite: bool = False, **changes: object) -> Manifest:
        folder = output or tmp_path / "out"
        sources = find_sources([str(path) for path in paths], recursive=True)
        changed: Settings = replace(settings, **changes)  # type: ignore[arg-type]
        return analyze(sources, folder, changed, Reports(), overwrite=overwrite)

    return run
