"""The main results in sentences."""

from __future__ import annotations

from statistics import median

from fer_edge.benchmark.accuracy import Quality
from fer_edge.benchmark.report.float_parent import changes_from, float_parent, in_words
from fer_edge.benchmark.report_json import Report
from fer_edge.benchmark.results import Result
from fer_edge.number_format import NONE, decimal, plural, share

_MOST_COSTS = 3
"""Files up to which each gets a sentence on what int8 cost it."""


def headline(report: Report) -> list[str]:
    """Return sentences on people's answer, speed, accuracy, the cost of int8, and what limits them."""
    sentences = [*_people(report), _fastest(report), *_most_accurate(report), *_int8(report)]
    if report.data is None:
        sentences.append("Accuracy was not measured: there were no labelled images.")
    elif report.data.synthetic:
        sentences.append("The faces are synthetic: accuracy on them says little about real ones.")
    return sentences


def _people(report: Report) -> list[str]:
    measured = [(each, each.quality.people) for each in report.results if each.quality and each.quality.people]
    if not measured or report.data is None or report.data.one_person is None:
        return []
    best, people = max(measured, key=lambda pair: pair[1].accuracy)
    low, high = people.interval
    most_often = "" if len(measured) == 1 else " most often"
    return [
        f"{best.name} gives people's answer{most_often}: on {share(people.accuracy)} of the {people.images:,} images "
        f"on which most people agree (95% interval {100 * low:.1f}{NONE}{100 * high:.1f}%); one person gives it on "
        f"{share(report.data.one_person['accuracy'], 1)}."
    ]


def _fastest(report: Report) -> str:
    fastest = min(report.results, key=lambda result: result.model.p50)
    time = f"{decimal(fastest.model.p50, 3)} ms a face at the median"
    if len(report.results) == 1:
        return f"{fastest.name} in {fastest.runtime} takes {time}."
    ratio = ""
    if fastest is not report.reference:
        ratio = f", {decimal(report.times_faster(fastest), 1)} times faster than {in_words(report, report.reference)}"
    return f"{fastest.name} in {fastest.runtime} is the fastest of {len(report.results)}: {time}{ratio}."


def _most_accurate(report: Report) -> list[str]:
    measured = [(result, result.quality) for result in report.results if result.quality is not None]
    if len(measured) < 2:
        return []
    best, quality = max(measured, key=lambda pair: pair[1].accuracy)
    low, high = quality.interval
    by = " by the data set's label" if report.has_people else ""
    return [
        f"{best.name} is the most accurate{by}: {share(quality.accuracy)} of {quality.images:,} images "
        f"(95% interval {100 * low:.1f}{NONE}{100 * high:.1f}%)."
    ]


def _int8(report: Report) -> list[str]:
    sentences: dict[str, str] = {}
    points: dict[str, tuple[float, str]] = {}
    for result in report.results:
        parent = float_parent(report, result) if result.precision == "int8" else None
        if parent is not None and result.quality and parent.quality:
            # The first result of a file that several engines ran.
            sentences.setdefault(result.sha256, _cost(report, result, result.quality, parent, parent.quality))
            lost = 100 * (parent.quality.accuracy - result.quality.accuracy)
            points.setdefault(result.sha256, (max(lost, 0.0), result.name))
    if len(sentences) <= _MOST_COSTS:
        return list(sentences.values())
    most, name = max(points.values())
    if most < 0.005:
        return [f"int8 cost none of {len(points)} files accuracy."]
    middle = median(lost for lost, _ in points.values())
    return [
        f"int8 cost {len(points)} files {middle:.2f} points of accuracy at the median, and {name} most: {most:.2f}."
    ]


def _cost(report: Report, result: Result, quality: Quality, parent: Result, parent_quality: Quality) -> str:
    points = 100 * (parent_quality.accuracy - quality.accuracy)
    cost = f"{points:.2f} points of accuracy" if points >= 0.005 else "no accuracy"
    sentence = (
        f"int8 cost {result.name} {cost}: {share(quality.accuracy)} against {share(parent_quality.accuracy)} of "
        f"{in_words(report, parent)}"
    )
    if (changes := changes_from(report, result, parent)) is not None:
        sentence += f", with another label on {plural(changes.changed, 'image')} of {changes.images:,}"
    return sentence + "."
