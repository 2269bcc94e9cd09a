"""Files under way: the parts that each still lacks, and the entry that its parts amount to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from fer_edge.analysis.jobs import Job, JobResult, plan_jobs
from fer_edge.analysis.manifest import Entry, Manifest, State
from fer_edge.analysis.parts import PartFacts, part_path, part_paths, read_facts
from fer_edge.analysis.settings import Settings
from fer_edge.analysis.source_files import Kind, SourceFile
from fer_edge.errors import FerEdgeError
from fer_edge.names import printable
from fer_edge.runtime.sources.recordings import Intervals, VideoFile

_WRITE_S = 2.0
"""Least seconds between two writings of the manifest."""

_WRITE_SHARE = 0.02
"""Largest share of the time spent on these, as it may name a hundred thousand files."""


class AnalysisObserver(Protocol):
    """Receiver of an analysis' reports."""

    def on_share(self, source: SourceFile, share: float, /) -> object:
        """Take the share of a file that is done, 0..1."""

    def on_entry(self, entry: Entry, /) -> object:
        """Take the entry of a file that is finished, or has failed."""


class Unobserved:
    """Observer that ignores all reports."""

    def on_share(self, source: SourceFile, share: float, /) -> None:
        """Do nothing."""

    def on_entry(self, entry: Entry, /) -> None:
        """Do nothing."""


@dataclass
class _OpenFile:
    """A file of which parts are missing.

    Attributes:
        source: The file.
        missing: Number of its parts that are missing.
        share: Share of it that is in finished parts.
        facts: Facts of its finished parts by their paths.
        error: Reason why a part failed; `None` if none did.
    """

    source: SourceFile
    missing: int
    share: float = 0.0
    facts: dict[Path, PartFacts] = field(default_factory=dict)
    error: str | None = None


class FilesProgress:
    """Keeps the manifest's entries up to date while the parts of files are made."""

    def __init__(self, manifest: Manifest, output: Path, observer: AnalysisObserver) -> None:
        """Begin with the files of a manifest in the folder `output`."""
        self._manifest = manifest
        self._output = output
        self._observer = observer
        self._open: dict[Path, _OpenFile] = {}
        self._write_at = time.monotonic() + _WRITE_S

    def jobs(self, source: SourceFile, entry: Entry, settings: Settings) -> Iterator[Job]:
        """Yield the jobs whose parts a file still needs; finish it if there is none."""
        if entry.is_finished and all(path.exists() for path in part_paths(self._output, entry.key, entry.parts)):
            self._observer.on_entry(entry)
            return
        labels = tuple(self._manifest.model["labels"])
        try:
            jobs = plan_jobs(source, partial(part_path, self._output, entry.key), labels, settings)
        except FerEdgeError as error:
            self._finish(replace(entry, state=State.FAILED, reason=_without_name(error, source)))
            return
        facts = {job.part: found for job in jobs if (found := read_facts(job.part, labels)) is not None}
        left = [job for job in jobs if job.part not in facts]
        done = sum(job.share for job in jobs if job.part in facts)
        self._manifest.entries[entry.key] = replace(entry, parts=len(jobs))
        self._open[source.path] = _OpenFile(source, len(left), done, facts)
        if left:
            yield from left
        else:
            self._complete(entry.key)

    def report(self, job: Job, share: float) -> None:
        """Report the share of a job that is done, 0..1."""
        self._observer.on_share(job.source, self._open[job.source.path].share + share * job.share)

    def take(self, outcome: JobResult) -> None:
        """Take the end of a job; finish its file if it was the last one."""
        job, file = outcome.job, self._open[outcome.job.source.path]
        file.missing -= 1
        file.share += job.share
        if outcome.facts is None:
            file.error = file.error or outcome.error
        else:
            file.facts[job.part] = outcome.facts
        self.report(job, 0.0)
        if not file.missing:
            self._complete(job.part.parent.name)

    def _complete(self, key: str) -> None:
        entry = self._manifest.entries[key]
        file = self._open.pop(Path(entry.path))
        intervals = _summed([facts.intervals for facts in file.facts.values()])
        if file.error is None and not intervals.frames:
            file.error = "expected frames that can be read, got none"
        if file.error is not None:
            self._finish(replace(entry, state=State.FAILED, reason=file.error))
            return
        reason = "; ".join(_reasons(file, intervals)) or None
        state = State.PARTIAL if reason else State.DONE
        seconds = round(intervals.last_s, 6)
        self._finish(replace(entry, state=state, reason=reason, frames=intervals.frames, seconds=seconds))

    def _finish(self, entry: Entry) -> None:
        self._manifest.entries[entry.key] = entry
        self._observer.on_entry(entry)
        begun = time.monotonic()
        if begun > self._write_at:
            self._manifest.write(self._output)
            ended = time.monotonic()
            self._write_at = ended + max(_WRITE_S, (ended - begun) / _WRITE_SHARE)


def _reasons(file: _OpenFile, intervals: Intervals) -> Iterator[str]:
    """Yield why a file is not whole; nothing if it is."""
    yield from (facts.reason for facts in file.facts.values() if facts.reason)
    if file.source.kind is Kind.VIDEO:
        try:
            with VideoFile(file.source.path) as video:
                note = video.missing_note(intervals)
        except FerEdgeError as error:  # removed since its last frame was read
            note = str(error)
        if note:
            yield note.removeprefix(f"{printable(str(file.source.path))}: ")


def _summed(intervals: list[Intervals]) -> Intervals:
    total = Intervals(next((each.fps for each in intervals if each.fps), None))
    for each in intervals:
        total.frames += each.frames
        total.regular += each.regular
        total.last_s = max(total.last_s, each.last_s if each.frames else 0.0)
    return total


def _without_name(error: FerEdgeError, source: SourceFile) -> str:
    return str(error).removeprefix(f"{source.path}: ")
