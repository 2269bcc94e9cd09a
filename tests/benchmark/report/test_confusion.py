from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fer_edge.benchmark.quality import judge
from fer_edge.benchmark.report.confusion import confusion_tables
from fer_edge.benchmark.report_json import Report


@pytest.mark.parametrize(
    ("classes", "headings"),
    [(("angry", "happy"), ["ang", "hap"]), (("smile left", "smile right"), ["smile left", "smile right"])],
)
def test_headings_tell_the_classes_apart(report: Report, classes: tuple[str, ...], headings: list[str]) -> None:
    quality = judge(np.eye(2, dtype=np.float32), np.array([0, 1]), classes=classes)
    ((table,),) = confusion_tables(replace(report, results=(replace(report.results[0], quality=quality),)))
    assert [column.short for column in table.columns[1:]] == headings
    assert [column.name for column in table.columns[1:]] == list(classes)
