"""Jobs in several processes, of this machine or of many, through Dask distributed."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import cv2

from fer_edge.analysis.analysis import Executor
from fer_edge.analysis.jobs import Job, JobResult, do_job
from fer_edge.analysis.source_files import Kind
from fer_edge.errors import FerEdgeError, MissingExtraError, SourceError, first_line
from fer_edge.interruption import interruptions_deferred, interruptions_kept_from_children
from fer_edge.temporary import temporary_folder

_CONNECT_S = 30.0
_FIRST_WORKER_S = 120.0
"""Seconds to wait for the first worker, which a queue such as SLURM's may start late."""

_AHEAD = 2
"""Tasks queued for each thread of a worker; the others are submitted later, so that any number takes no memory."""

_MOST_IN_TASK = 32
"""Largest number of pictures or logs in a task, as each takes little longer than sending a task."""

_SHARED_S = 10.0
"""Seconds until a network file system shows what another machine has written."""

_GONE = "the scheduler is gone; start it and its workers again, and call the same command, which does what is missing"


@contextmanager
def local_cluster(workers: int) -> Iterator[Executor]:
    """Start worker processes on this machine, and yield an executor of jobs in them.

    Raises:
        MissingExtraError: If Dask distributed is not installed.
    """
    distributed = _distributed()
    with _closed_undisturbed() as stack:
        with interruptions_kept_from_children():
            scratch = stack.enter_context(temporary_folder())
            cluster = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=None,
                    dashboard_address=None,
                    local_directory=str(scratch),
                    silence_logs=logging.CRITICAL,
                )
            )
            client = stack.enter_context(distributed.Client(cluster))
        yield _DaskExecutor(client)


@contextmanager
def _closed_undisturbed() -> Iterator[ExitStack]:
    """Yield a stack that a second Ctrl-C does not keep from being closed."""
    stack = ExitStack()
    try:
        yield stack
    finally:
        with interruptions_deferred():
            stack.close()


@contextmanager
def cluster_of(scheduler: str) -> Iterator[Executor]:
    """Connect to a Dask scheduler such as `tcp://host:8786`, and yield an executor of jobs in its workers.

    Raises:
        MissingExtraError: If Dask distributed is not installed.
        SourceError: If it cannot be reached, or no worker comes.
    """
    distributed = _distributed()
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT_S)
    except (OSError, ValueError, TypeError) as error:
        raise SourceError(
            f"{scheduler}: expected the address of a Dask scheduler, such as tcp://host:8786, which is started by "
            f"`dask scheduler`, and could not connect ({first_line(error)})"
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_FIRST_WORKER_S)
        except asyncio.TimeoutError as error:  # in Python 3.10 not the built-in one
            raise SourceError(f"{scheduler}: it has no worker; start one by `dask worker {scheduler}`") from error
        yield _DaskExecutor(client)


def do_jobs(jobs: list[Job]) -> list[JobResult]:
    """Do jobs in a worker process; OpenCV's own threads would compete with the other workers'."""
    cv2.setNumThreads(1)
    return [do_job(job) for job in jobs]


def _distributed() -> Any:
    """Import Dask distributed, which takes half a second; its loggers are silenced, as faults are raised as errors."""
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        raise MissingExtraError("analyzing in several processes", "cluster", str(error)) from error
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return distributed


class _DaskExecutor:
    """Does jobs in the workers of a cluster; one whose worker dies is done again by another."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._tasks: dict[Any, list[Job]] = {}

    def __call__(self, jobs: Iterable[Job], on_share: Callable[[Job, float], None]) -> Iterator[JobResult]:
        tasks = _tasks(jobs)
        done = _distributed().as_completed()
        try:
            self._submit(tasks, done)
            for future in done:
                yield from self._outcomes(future, self._tasks.pop(future))
                self._submit(tasks, done)
        except _distributed().comm.CommClosedError as error:
            raise SourceError(_GONE) from error

    def _submit(self, tasks: Iterator[list[Job]], done: Any) -> None:
        """Submit as many tasks as there are workers to take soon."""
        threads = sum(self._client.nthreads().values())
        for task in islice(tasks, max(_AHEAD * max(threads, 1) - len(self._tasks), 0)):
            future = self._client.submit(do_jobs, task, pure=False)
            self._tasks[future] = task
            done.add(future)

    def _outcomes(self, future: Any, task: list[Job]) -> Iterator[JobResult]:
        if future.cancelled():
            raise SourceError(_GONE)
        error = future.exception()
        if isinstance(error, _distributed().KilledWorker):
            reason = "each worker that began it died; see the workers' logs, and check memory first"
            yield from (JobResult(job, None, reason) for job in task)
        elif error is not None:
            advice = "" if isinstance(error, OSError) else "; each worker needs the same fer-edge as this machine"
            raise FerEdgeError(f"a worker failed ({type(error).__name__}: {first_line(error)}){advice}") from error
        else:
            for outcome in future.result():
                if outcome.facts is not None:
                    _require_shared(outcome.job.part)
                yield outcome


def _tasks(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Group jobs to tasks: a chunk of a video alone, pictures and logs by the dozen."""
    group: list[Job] = []
    for job in jobs:
        if job.source.kind is Kind.VIDEO:
            yield [job]
            continue
        group.append(job)
        if len(group) == _MOST_IN_TASK:
            yield group
            group = []
    if group:
        yield group


def _require_shared(part: Path) -> None:
    """Check that what a worker has written is here.

    Raises:
        SourceError: If it is not.
    """
    until = time.monotonic() + _SHARED_S
    while not part.exists():
        if time.monotonic() > until:
            raise SourceError(
                f"{part}: a worker has written it, but it is not here; use a folder that all machines share"
            )
        time.sleep(0.1)
