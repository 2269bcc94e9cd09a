"""`fer-edge analyze`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress, TaskID

from fer_edge.analysis.analysis import Executor, analyze, do_here
from fer_edge.analysis.annotated_video import video_kind
from fer_edge.analysis.manifest import Entry, Manifest, State
from fer_edge.analysis.source_files import SourceFile, find_sources
from fer_edge.analysis.summary import SUMMARY, write_summary
from fer_edge.analysis.tables import FACES, TRACKS, has_parquet
from fer_edge.analysis.videos import missing_videos, write_videos
from fer_edge.cli.commands.analyze_options import SECTIONS, AnalyzeOptions, analyze_options
from fer_edge.cli.help import SectionedCommand
from fer_edge.cli.messages import option_named, print_note
from fer_edge.cli.model_options import require_prior
from fer_edge.errors import FerEdgeError, InputError, extra_advice
from fer_edge.number_format import plural
from fer_edge.terminal.consoles import make_share_progress, print_line, stdout
from fer_edge.terminal.native_logs import silence_opencv

_UNFINISHED = (State.PARTIAL, State.FAILED)


@click.command(cls=SectionedCommand, sections=SECTIONS)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@analyze_options
def command(sources: tuple[str, ...], **given: Any) -> None:
    """Analyze videos, pictures and logs of earlier runs: tables of all faces and tracks, and a summary.

    SOURCE is a video, a picture, a .jsonl log of fer-edge run, a folder of these, or a pattern such as 'videos/*.mp4'.
    A later call with the same --output skips finished files and resumes interrupted ones. The exit code is 1 if a file
    is damaged or cannot be read; the others are analyzed all the same.

    \b
    fer-edge analyze party.mp4 --output party
    fer-edge analyze archive --recursive --fps 5 --output faces
    fer-edge analyze archive --recursive --fps 5 --output faces --workers 4
    """
    options = AnalyzeOptions(**given)
    if options.privacy and options.video:
        raise InputError("--privacy stores no picture of a face, and --video stores them; leave one of them out")
    settings = options.settings
    require_prior(options.prior, options.model, settings.facts)
    files = find_sources(sources, recursive=options.recursive, apart_from=options.output)
    silence_opencv()
    with ExitStack() as stack, _advice_when_stopped(options):
        executor = _open_executor(options, stack)
        shown = _Shown(files, stack.enter_context(make_share_progress()))
        with option_named("--output"):
            manifest = analyze(files, options.output, settings, shown, executor=executor, overwrite=options.overwrite)
    failed = _write_videos(options.output) if options.video else 0
    with option_named("--output"):
        write_summary(options.output, privacy=options.privacy)
    _print_summary(manifest, options.output)
    _require_whole(manifest, files, failed)


def _open_executor(options: AnalyzeOptions, stack: ExitStack) -> Executor:
    if options.workers and options.scheduler:
        raise InputError("--workers are processes of this machine, --scheduler has its own; leave one of them out")
    if not options.workers and not options.scheduler:
        return do_here
    from fer_edge.analysis.cluster import cluster_of, local_cluster

    if options.scheduler:
        with option_named("--scheduler"):
            return stack.enter_context(cluster_of(options.scheduler))
    return stack.enter_context(local_cluster(options.workers or 1))


@contextmanager
def _advice_when_stopped(options: AnalyzeOptions) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print_note(f"to resume: the same command{' without --overwrite' if options.overwrite else ''}")
        raise


class _Shown:
    """Shows the progress of each file and of all, by their sizes, and notes on those that are not whole."""

    def __init__(self, files: Sequence[SourceFile], progress: Progress) -> None:
        self._progress = progress
        self._sizes = {file.name: file.size for file in files}
        self._shares: dict[str, float] = {}
        self._tasks: dict[str, TaskID] = {}
        self._finished = 0.0
        self._total = float(sum(self._sizes.values()))
        self._all = progress.add_task(plural(len(files), "file"), total=self._total)

    def on_share(self, source: SourceFile, share: float) -> None:
        """Show the share of a file that is done."""
        self._shares[source.name] = share
        if source.name not in self._tasks:
            self._tasks[source.name] = self._progress.add_task(source.name, total=1.0)
        self._progress.update(self._tasks[source.name], completed=share)
        open_bytes = sum(self._sizes[name] * each for name, each in self._shares.items())
        self._progress.update(self._all, completed=self._finished + open_bytes)

    def on_entry(self, entry: Entry) -> None:
        """Take a file off the display; one that was finished before does not count for the time left."""
        if entry.file in self._tasks:
            self._progress.remove_task(self._tasks.pop(entry.file))
            self._shares.pop(entry.file)
            self._finished += self._sizes[entry.file]
        else:
            self._total -= self._sizes[entry.file]
        self._progress.update(self._all, completed=self._finished, total=self._total)
        if entry.state in _UNFINISHED:
            print_note(f"{entry.file}: {entry.state.value}: {entry.reason}")


def _write_videos(output: Path) -> int:
    """Write the annotated videos that are missing, and return how many could not be written."""
    missing, failed, seconds = missing_videos(output), 0, 0.0
    if missing:
        print_note(f"annotated videos: {video_kind()}")
    with make_share_progress() as progress:
        task = progress.add_task("annotated videos", total=sum(entry.seconds for entry in missing))

        def show(_: Entry, position_s: float) -> None:
            progress.update(task, completed=seconds + position_s)

        for entry, note, is_there in write_videos(output, show):
            seconds += entry.seconds
            failed += not is_there
            if note:
                print_note(f"{entry.file}: {note}")
    return failed


def _print_summary(manifest: Manifest, output: Path) -> None:
    entries = manifest.entries.values()
    counts = Counter(entry.state.value for entry in entries)
    states = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    faces, tracks = sum(entry.faces for entry in entries), sum(entry.tracks for entry in entries)
    suffixes = "{csv,parquet}" if has_parquet() else "csv"
    print_line(f"files: {states}; rows of faces: {faces:,}; tracks: {tracks:,}", stdout())
    print_line(f"written: {output}/{FACES}.{suffixes}, {TRACKS}.{suffixes}, {SUMMARY}", stdout())
    if not has_parquet():
        print_note(f"no Parquet tables without pyarrow: {extra_advice('analyze')}")


def _require_whole(manifest: Manifest, files: Sequence[SourceFile], failed_videos: int) -> None:
    named = {str(file.path) for file in files}
    count = sum(entry.state in _UNFINISHED for entry in manifest.entries.values() if entry.path in named)
    faults = [f"{count:,} of {plural(len(files), 'file')} could not be read whole"] * bool(count)
    faults += [f"{plural(failed_videos, 'annotated video')} could not be written"] * bool(failed_videos)
    if faults:
        raise FerEdgeError(f"{' and '.join(faults)}; the notes say why")
