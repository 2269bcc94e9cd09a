from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.analysis import analysis, tables
from fer_edge.analysis.manifest import Manifest, State
from fer_edge.analysis.rows import FaceRow
from fer_edge.analysis.tables import read_faces, read_tracks
from fer_edge.errors import FerEdgeError, InputError
from fer_edge.models import PORTRAIT_FILE
from tests.analysis.conftest import FPS, SECONDS

FFMPEG = shutil.which("ffmpeg")

Analyze = Callable[..., Manifest]

_RUN = """
import sys
from pathlib import Path
from fer_edge.analysis.analysis import analyze
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import find_sources

model, output, *names = sys.argv[1:]
analyze(find_sources(names), Path(output), Settings(Path(model), chunk_s=1.0))
"""


def rows(folder: Path) -> list[FaceRow]:
    return list(read_faces(folder))


def tables_of(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("faces.csv", "tracks.csv", "faces.parquet")}


@pytest.fixture(scope="module")
def whole(film: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The film analyzed as one chunk."""
    folder = tmp_path_factory.mktemp("whole") / "out"
    subprocess.run(
        [sys.executable, "-W", "error", "-m", "fer_edge", "analyze", film, "--model", model_file, "--output", folder],
        check=True,
    )
    return folder


def test_film_has_a_row_for_each_face_in_each_frame(whole: Path, film: Path) -> None:
    found = rows(whole)
    assert {row.file for row in found} == {str(film)}
    assert [row.frame for row in found if row.track == 1] == list(range(SECONDS * FPS))
    assert [row.seconds for row in found if row.track == 1] == [number / FPS for number in range(SECONDS * FPS)]
    first, second = read_tracks(whole)
    assert (first.from_s, first.to_s, first.frames) == (0, SECONDS - 1 / FPS, SECONDS * FPS)
    assert second.from_s == pytest.approx(3, abs=0.5)
    assert second.to_s == pytest.approx(9, abs=1)


def test_chunks_give_the_rows_of_the_whole(analyze_files: Analyze, whole: Path, film: Path, tmp_path: Path) -> None:
    manifest = analyze_files(film)
    assert [entry.parts for entry in manifest.entries.values()] == [3]
    found, expected = rows(tmp_path / "out"), rows(whole)
    assert [(row.frame, row.seconds, row.track) for row in found] == [
        (row.frame, row.seconds, row.track) for row in expected
    ]
    assert [row.label for row in found] == [row.label for row in expected]
    ours, theirs = ([(row.x, row.y, row.width, row.height) for row in each] for each in (found, expected))
    np.testing.assert_allclose(ours, theirs, atol=6)


def test_finished_file_is_not_analyzed_again(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "film.mp4"
    shutil.copy(film, copy)
    analyze_files(copy)
    before = tables_of(tmp_path / "out")
    status = copy.stat()
    copy.write_bytes(bytes(status.st_size))  # would fail, if it were read
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    (entry,) = analyze_files(copy).entries.values()
    assert entry.state is State.DONE
    assert tables_of(tmp_path / "out") == before


@pytest.mark.parametrize("change", ["none", "missing table", "killed before joining"])
def test_tables_are_joined_again_where_something_changed(analyze_files: Analyze, tmp_path: Path, change: str) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / "p.jpg")
    analyze_files(tmp_path / "p.jpg")
    table, manifest = tmp_path / "out" / "faces.csv", tmp_path / "out" / "analysis.json"
    before = table.read_bytes()
    table.write_bytes(b"touched")
    if change == "missing table":
        table.unlink()
    elif change == "killed before joining":
        manifest.write_text(manifest.read_text().replace('"joined": true', '"joined": false'))
    analyze_files(tmp_path / "p.jpg")
    assert table.read_bytes() == (b"touched" if change == "none" else before)


def test_changed_file_is_analyzed_again(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "film.mp4"
    shutil.copy(film, copy)
    analyze_files(copy)
    copy.write_bytes(b"no video")
    (entry,) = analyze_files(copy).entries.values()
    assert entry.state is State.FAILED
    assert rows(tmp_path / "out") == []
    assert len(list((tmp_path / "out" / "parts").iterdir())) <= 1


def test_files_are_joined_in_their_order_whenever_they_were_analyzed(analyze_files: Analyze, tmp_path: Path) -> None:
    for name in ("2.jpg", "10.jpg", "1.jpg"):
        shutil.copy(PORTRAIT_FILE, tmp_path / name)
    analyze_files(tmp_path / "10.jpg")
    analyze_files(tmp_path / "1.jpg")
    names = [Path(row.file).name for row in rows(tmp_path / "out")]
    assert names == ["10.jpg", "1.jpg"]  # what is there already comes first
    analyze_files(tmp_path / "1.jpg", tmp_path / "2.jpg", tmp_path / "10.jpg")
    found = rows(tmp_path / "out")
    assert [Path(row.file).name for row in found] == ["1.jpg", "2.jpg", "10.jpg"]
    assert {(row.frame, row.seconds, row.track) for row in found} == {(0, None, None)}


def test_other_settings_are_refused_until_told_to_replace(analyze_files: Analyze, tmp_path: Path) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / "p.jpg")
    analyze_files(tmp_path / "p.jpg")
    before = tables_of(tmp_path / "out")
    with pytest.raises(InputError, match=r"another detector width \(None, now 640\).*or overwrite it"):
        analyze_files(tmp_path / "p.jpg", detector_width=640)
    assert tables_of(tmp_path / "out") == before
    analyze_files(tmp_path / "p.jpg", detector_width=640, overwrite=True)
    assert Manifest.read(tmp_path / "out").settings["detector_width"] == 640  # type: ignore[union-attr]


def test_tables_of_others_are_not_replaced(analyze_files: Analyze, tmp_path: Path) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / "p.jpg")
    (tmp_path / "faces.csv").write_text("mine")
    for overwrite in (False, True):
        with pytest.raises(InputError, match=r"faces\.csv: expected no table here"):
            analyze_files(tmp_path / "p.jpg", output=tmp_path, overwrite=overwrite)
    assert (tmp_path / "faces.csv").read_text() == "mine"


@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_file_cut_half_way_gives_what_it_had(analyze_files: Analyze, film: Path, tmp_path: Path, suffix: str) -> None:
    if FFMPEG is None:
        pytest.skip("making this video needs ffmpeg")
    cut, good = tmp_path / f"cut{suffix}", tmp_path / "good.jpg"
    subprocess.run(f"ffmpeg -v error -i {film} -c copy -movflags +faststart {cut}".split(), check=True)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 6 // 10])
    shutil.copy(PORTRAIT_FILE, good)
    first, second = analyze_files(cut, good).entries.values()
    assert first.state is State.PARTIAL
    assert "frames could not be read; it is damaged" in (first.reason or "")
    assert second.state is State.DONE
    found = rows(tmp_path / "out")
    frames = sorted({row.frame for row in found if row.file == str(cut)})
    assert frames == list(range(first.frames))
    assert SECONDS * FPS / 4 < first.frames < SECONDS * FPS
    assert found[-1].file == str(good)


def test_file_that_is_no_video_fails_alone(analyze_files: Analyze, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video at all")
    shutil.copy(PORTRAIT_FILE, tmp_path / "b.jpg")
    first, second = analyze_files(tmp_path / "a.mp4", tmp_path / "b.jpg").entries.values()
    assert (first.state, second.state) == (State.FAILED, State.DONE)
    assert (first.reason or "").startswith("expected a video")


@pytest.mark.skipif(FFMPEG is None, reason="making this video needs ffmpeg")
def test_seconds_are_exact_at_a_variable_rate(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    uneven = tmp_path / "uneven.mp4"
    kept = "select='lt(n,20)+not(mod(n,3))'"  # every frame of the first 4 s, then each third
    command = f"ffmpeg -v error -i {film} -vf {kept} -fps_mode vfr -c:v mpeg4 -q:v 2 {uneven}"
    subprocess.run(command.split(), check=True)
    analyze_files(uneven)
    numbers = [number for number in range(SECONDS * FPS) if number < 20 or number % 3 == 0]
    first = [row for row in rows(tmp_path / "out") if row.track == 1]
    assert [row.frame for row in first] == list(range(len(numbers)))
    assert [row.seconds for row in first] == pytest.approx([number / FPS for number in numbers], abs=1e-3)


def test_sampling_takes_the_same_frames_in_chunks_and_whole(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    analyze_files(film, every_s=1.0)
    analyze_files(film, every_s=1.0, chunk_s=300.0, output=tmp_path / "whole")
    found, expected = rows(tmp_path / "out"), rows(tmp_path / "whole")
    assert [(row.frame, row.track) for row in found] == [(row.frame, row.track) for row in expected]
    assert [row.frame for row in found if row.track == 1] == list(range(0, SECONDS * FPS, FPS))


def test_log_of_a_run_gives_the_rows_of_its_video(
    analyze_files: Analyze, whole: Path, film: Path, model_file: Path, tmp_path: Path
) -> None:
    log = tmp_path / "run.jsonl"
    command = f"{sys.executable} -m fer_edge run --camera {film} --model {model_file} --jsonl {log} --quiet"
    subprocess.run(command.split(), check=True)
    (entry,) = analyze_files(log).entries.values()
    assert (entry.state, entry.frames) == (State.DONE, SECONDS * FPS)
    found, expected = rows(tmp_path / "out"), rows(whole)
    assert [row.cells()[1:] for row in found] == [row.cells()[1:] for row in expected]


def test_without_pyarrow_no_older_parquet_stays(
    analyze_files: Analyze, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(PORTRAIT_FILE, tmp_path / "p.jpg")
    analyze_files(tmp_path / "p.jpg")
    for module in (tables, analysis):
        monkeypatch.setattr(module, "has_parquet", lambda: False)
    shutil.copy(PORTRAIT_FILE, tmp_path / "q.jpg")
    analyze_files(tmp_path / "q.jpg")
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file()) == [
        "analysis.json",
        "faces.csv",
        "tracks.csv",
    ]


@pytest.mark.slow
def test_killed_analysis_resumes_to_identical_tables(film: Path, model_file: Path, tmp_path: Path) -> None:
    def start(output: Path) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", _RUN, model_file, output, film, PORTRAIT_FILE])

    assert start(tmp_path / "whole").wait() == 0
    killed, parts = 0, tmp_path / "killed" / "parts"
    for expected in (1, 4, 9):
        with start(tmp_path / "killed") as process:
            until = time.monotonic() + 120
            while len(list(parts.glob("*/*.gz"))) < expected and process.poll() is None:
                assert time.monotonic() < until
                time.sleep(0.001)
            process.kill()
            killed += process.wait() == -signal.SIGKILL
    assert killed >= 2
    assert start(tmp_path / "killed").wait() == 0
    assert tables_of(tmp_path / "killed") == tables_of(tmp_path / "whole")
    manifests = [json.loads((tmp_path / name / "analysis.json").read_text()) for name in ("whole", "killed")]
    assert manifests[0] == manifests[1]


def test_damaged_part_is_made_again(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    analyze_files(film)
    before = tables_of(tmp_path / "out")
    part = min((tmp_path / "out" / "parts").rglob("*.gz"))
    part.write_bytes(part.read_bytes()[:-9])
    waiting = (tmp_path / "out" / "analysis.json").read_text().replace('"done"', '"waiting"')
    (tmp_path / "out" / "analysis.json").write_text(waiting)  # as a killed run leaves it
    analyze_files(film)
    assert tables_of(tmp_path / "out") == before


def test_damaged_part_of_a_finished_file_is_named(analyze_files: Analyze, film: Path, tmp_path: Path) -> None:
    analyze_files(film)
    part = min((tmp_path / "out" / "parts").rglob("*.gz"))
    part.write_bytes(b"")
    (tmp_path / "out" / "faces.csv").unlink()
    with pytest.raises(FerEdgeError, match=f"{part.name}: expected a part of an analysis.*remove {part.parent}"):
        analyze_files(film)
    shutil.rmtree(part.parent)
    analyze_files(film)
    assert len(rows(tmp_path / "out")) > SECONDS * FPS


def test_picture_without_a_face_has_no_row(analyze_files: Analyze, tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "wall.png"), np.full((200, 200, 3), 127, np.uint8))
    (entry,) = analyze_files(tmp_path / "wall.png").entries.values()
    assert (entry.state, entry.faces) == (State.DONE, 0)
    assert rows(tmp_path / "out") == []


def test_name_that_is_no_utf8_is_shown_escaped(analyze_files: Analyze, tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\377.jpg"))
    try:
        shutil.copy(PORTRAIT_FILE, path)
    except OSError:
        pytest.skip("this file system has no such names")
    (entry,) = analyze_files(tmp_path).entries.values()
    assert (entry.state, entry.file) == (State.DONE, f"{tmp_path}/\\xff.jpg")
    assert [row.file for row in rows(tmp_path / "out")] == [entry.file]
    (again,) = analyze_files(tmp_path).entries.values()
    assert again == entry
