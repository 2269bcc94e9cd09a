"""One run of the benchmark: latency, memory, cost and quality of every subject, as a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

import cv2
import numpy as np

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.changed_labels import SHOWN, find_changed_labels
from fer_edge.benchmark.cost import Cost, count_cost
from fer_edge.benchmark.frames import Shown, describe_shown, frame_call, model_call, show_demo, show_labelled
from fer_edge.benchmark.fresh import Fresh, median_fresh
from fer_edge.benchmark.machine import Watch
from fer_edge.benchmark.parents import find_parents, group_files, scores_for_prior_of
from fer_edge.benchmark.quality import judge_faces
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import ChangedLabel, Result, Threads, Timing
from fer_edge.benchmark.scoring import score_all
from fer_edge.benchmark.setting import Data, Method
from fer_edge.benchmark.stress import measure_stress
from fer_edge.benchmark.subjects import Role, Subject
from fer_edge.benchmark.timing import DEFAULT, QUICK, WARM_UP_RUNS, WARM_UP_S, Effort, measure_interleaved
from fer_edge.dataset.data import Split
from fer_edge.dataset.groups import Groups
from fer_edge.files import sha256_file
from fer_edge.precision import Precision
from fer_edge.progress import OnProgress, OnStage, ignore_stage

THREADS = (1, 2, 4)

_IN_A_ROW = 10
"""Calls of a turn when comparing threads: idle threads of the previous subject spin for milliseconds."""


def measure(
    subjects: Sequence[Subject],
    *,
    effort: Effort = DEFAULT,
    faces: Split | None = None,
    data: Data | None = None,
    threads: Sequence[int] = THREADS,
    emulated: dict[str, Any] | None = None,
    groups: Groups | None = None,
    stress: bool = False,
    on_stage: OnStage = ignore_stage,
) -> Report:
    """Measure subjects, interleaved.

    First come the model alone and a whole frame; then the numbers of threads, at quick effort; then loading, in fresh
    processes. These times are valid or invalid together. Quality comes last.

    Args:
        subjects: Subjects with unique names; full models come first.
        effort: Effort of timing the model alone and the frame.
        faces: Labelled images; without them, faces of the demo stream are shown and quality is not measured.
        data: Description of `faces` for the report (`describe_data`).
        threads: Numbers of threads to compare; empty for no comparison.
        emulated: Content of pi.json, for the report.
        groups: Groups of `faces` to compare.
        stress: Measure on faces made harder to read as well.
        on_stage: Called often.

    Raises:
        FerEdgeError: If a subject fails in a fresh process.
        KeyboardInterrupt: On Ctrl-C; no child process is left.
    """
    names = [subject.name for subject in subjects]
    if not names or len(set(names)) < len(names) or (faces is None) != (data is None):
        raise ValueError(f"expected subjects with unique names, and data with faces, got {names}, {data}")
    shown = show_demo() if faces is None else show_labelled(faces)
    with Watch() as watch:
        times = _time(subjects, shown, effort, partial(on_stage, "timing"))
        watch.look()
        by_threads = _compare_threads(subjects, shown, threads, partial(on_stage, "threads"))
        watch.look()
        fresh = _start_fresh(subjects, partial(on_stage, "loading"))
    parents = find_parents(subjects)
    judged = (
        _Judged() if faces is None or data is None else _judge(subjects, times, parents, faces, data, groups, on_stage)
    )
    qualities = judged.qualities
    if faces is not None and stress:
        qualities = _add_stress(qualities, subjects, faces, on_stage)
    costs = _count_costs(subjects)
    return Report(
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        method=_method(effort, times, describe_shown(shown, data)),
        data=data,
        board=watch.board(),
        results=tuple(
            replace(
                _result(each, times[each.name], costs.get(each.name), fresh.get(each.name)),
                quality=qualities.get(each.name),
                parent=parents.get(each.name),
                full_quality=judged.full_qualities.get(each.name),
            )
            for each in subjects
        ),
        threads=by_threads,
        moved=judged.moved,
        emulated=emulated,
    )


@dataclass(frozen=True)
class _Times:
    """Timings of one subject: the model alone, and a whole frame."""

    model: Timing
    frame: Timing


def _time(
    subjects: Sequence[Subject], shown: list[Shown], effort: Effort, on_progress: OnProgress
) -> dict[str, _Times]:
    model = {f"model {each.name}": model_call(each.classifier, shown) for each in subjects}
    frame = {f"frame {each.name}": frame_call(each.classifier, shown) for each in subjects}
    with _opencv_threads(max(each.threads for each in subjects)):
        timings = measure_interleaved({**model, **frame}, effort, on_progress)
    return {each.name: _Times(timings[f"model {each.name}"], timings[f"frame {each.name}"]) for each in subjects}


def _compare_threads(
    subjects: Sequence[Subject], shown: list[Shown], threads: Sequence[int], on_progress: OnProgress
) -> tuple[Threads, ...]:
    calls = {
        (each.name, number): model_call(each.reopen(number), shown)
        for number in threads
        for each in subjects
        if each.reopen is not None
    }
    named = {f"{number} {name}": call for (name, number), call in calls.items()}
    timings = measure_interleaved(named, QUICK, on_progress, in_a_row=_IN_A_ROW) if named else {}
    by_name: dict[str, dict[int, Timing]] = {}
    for name, number in calls:
        by_name.setdefault(name, {})[number] = timings[f"{number} {name}"]
    return tuple(
        Threads(
            name,
            {number: timing.p50 for number, timing in each.items()},
            {number: timing.spread for number, timing in each.items()},
        )
        for name, each in by_name.items()
    )


def _start_fresh(subjects: Sequence[Subject], on_progress: OnProgress) -> dict[str, Fresh]:
    commands = {each.name: each.fresh_command for each in subjects if each.fresh_command is not None}
    return dict(zip(commands, median_fresh(list(commands.values()), on_progress), strict=True))


@dataclass(frozen=True)
class _Judged:
    """Quality of the subjects.

    Attributes:
        qualities: Quality by name.
        full_qualities: Quality of the full model for the prior of a file, by the file's name, where they differ in it.
        moved: Images whose label quantization changed.
    """

    qualities: Mapping[str, Quality] = field(default_factory=dict)
    full_qualities: Mapping[str, Quality] = field(default_factory=dict)
    moved: tuple[ChangedLabel, ...] = ()


def _judge(
    subjects: Sequence[Subject],
    times: Mapping[str, _Times],
    parents: Mapping[str, str],
    faces: Split,
    data: Data,
    groups: Groups | None,
    on_stage: OnStage,
) -> _Judged:
    classifiers = {each.name: each.classifier for each in subjects}
    cost_ms = {name: each.model.p50 for name, each in times.items()}
    scores = score_all(classifiers, cost_ms, faces.images, partial(on_stage, "scoring"), faces.classes)
    copied = np.array([digit == "1" for digit in data.copied])
    expected = {
        name: scores_for_prior_of(classifiers[name].card, scores[parent], classifiers[parent].card, faces.classes)
        for name, parent in parents.items()
    }
    qualities = {
        name: judge_faces(values, faces, copied, classifiers[name].card, expected.get(name), groups)
        for name, values in scores.items()
    }
    full_qualities = {
        name: judge_faces(expected[name], faces, copied, classifiers[name].card, groups=groups)
        for name, parent in parents.items()
        if expected[name] is not scores[parent]
    }
    changed: list[ChangedLabel] = []
    for names in group_files(parents, {name: classifiers[name].card.prior for name in parents}):
        changed += find_changed_labels({name: scores[name] for name in names}, expected[names[0]], faces)
    changed.sort(key=lambda each: -each.full[1])
    return _Judged(qualities, full_qualities, tuple(changed[:SHOWN]))


def _add_stress(
    qualities: Mapping[str, Quality], subjects: Sequence[Subject], faces: Split, on_stage: OnStage
) -> dict[str, Quality]:
    found = dict(qualities)
    for each in subjects:
        stress = measure_stress(each.classifier, faces, partial(on_stage, f"stress, {each.name}"))
        found[each.name] = replace(found[each.name], stress=stress)
    return found


def _count_costs(subjects: Sequence[Subject]) -> dict[str, Cost]:
    """Return the cost by name; others get that of a TFLite file from the same model, if there is one."""
    counted = {each.name: count_cost(each.path) for each in subjects if each.path.suffix.lower() == ".tflite"}
    by_parent: dict[str | None, Cost] = {}
    for each in sorted(subjects, key=lambda one: one.precision != Precision.FP32.value):
        if each.name in counted and each.role is Role.FILE:
            by_parent.setdefault(each.classifier.card.parent_sha256, counted[each.name])
    by_parent.pop(None, None)
    for each in subjects:
        parent = sha256_file(each.path) if each.role is Role.FULL else each.classifier.card.parent_sha256
        if each.name not in counted and parent in by_parent:
            counted[each.name] = by_parent[parent]
    return counted


def _result(subject: Subject, times: _Times, cost: Cost | None, fresh: Fresh | None) -> Result:
    """Return a result without its quality and parent."""
    return Result(
        name=subject.name,
        file=subject.path.name,
        sha256=sha256_file(subject.path),
        network=subject.classifier.card.architecture,
        precision=subject.precision,
        runtime=subject.classifier.runtime,
        threads=subject.threads,
        role=subject.role.value,
        bytes=subject.path.stat().st_size,
        parameters=cost.parameters if cost else None,
        macs=cost.macs if cost else None,
        delegate=subject.delegation.delegate,
        parts=subject.delegation.parts,
        load_ms=fresh.load_ms if fresh else None,
        first_ms=fresh.first_ms if fresh else None,
        peak_memory_bytes=fresh.peak_memory_bytes if fresh else None,
        model=times.model,
        frame=times.frame,
        quality=None,
    )


def _method(effort: Effort, times: Mapping[str, _Times], faces: str) -> Method:
    timings = [timing for each in times.values() for timing in (each.model, each.frame)]
    seconds = sum(timing.total_ms for timing in timings) / 1000
    return Method(effort.name, timings[0].calls, WARM_UP_RUNS, WARM_UP_S, round(seconds, 3), faces)


@contextmanager
def _opencv_threads(number: int) -> Iterator[None]:
    before = cv2.getNumThreads()
    cv2.setNumThreads(number)
    try:
        yield
    finally:
        cv2.setNumThreads(before)
