from __future__ import annotations

from pathlib import Path

import pytest

from fer_edge.benchmark.emulated import read_emulated
from fer_edge.errors import InputError


def test_missing_file_means_nothing_was_counted(tmp_path: Path) -> None:
    assert read_emulated(tmp_path / "pi.json") is None


def test_counts_are_read(tmp_path: Path) -> None:
    (tmp_path / "pi.json").write_text('{"schema_version": 1}')
    assert read_emulated(tmp_path / "pi.json") == {"schema_version": 1}


@pytest.mark.parametrize(("text", "message"), [("{", "what make pi counted"), ("[]", "got list")])
def test_file_without_counts_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "pi.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as raised:
        read_emulated(path)
    assert str(raised.value).startswith(f"{path}: ")
