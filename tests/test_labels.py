from __future__ import annotations

import csv

import pytest

from fer_edge.analysis.tables import face_columns, track_columns
from fer_edge.errors import InputError
from fer_edge.labels import EXPRESSIONS, RESERVED, require_free
from fer_edge.runtime.results import UNCERTAIN
from fer_edge.runtime.sinks.mqtt.home_assistant import NOBODY
from fer_edge.runtime.sinks.text import csv_header


def test_each_column_beside_those_of_classes_is_reserved() -> None:
    (columns,) = csv.reader([csv_header(())])
    assert {UNCERTAIN, NOBODY, *columns, *face_columns(()), *track_columns(())} <= RESERVED
    require_free(EXPRESSIONS, "a data set")


@pytest.mark.parametrize("name", ["uncertain", "label", "x1"])
def test_reserved_name_is_an_error(name: str) -> None:
    with pytest.raises(InputError, match=f"^mine: no class can be called {name}, .*; rename the class"):
        require_free(("smile", name), "mine")
