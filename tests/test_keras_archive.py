from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.keras_archive import read_config, require_undamaged


def archive(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name.replace("_", "."), content)
    return path


def test_archive_that_unpacks_to_many_times_its_size_is_refused(tmp_path: Path) -> None:
    require_undamaged(archive(tmp_path / "small.keras", model_weights_h5=bytes(1 << 20)))
    bomb = archive(tmp_path / "bomb.keras", model_weights_h5=bytes(64 << 20))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(ModelError, match=r"bomb\.keras: it unpacks to 67,108,864 bytes"):
        require_undamaged(bomb)


def test_config_is_read(tmp_path: Path) -> None:
    assert read_config(archive(tmp_path / "a.keras", config_json=b'{"a": 1}')) == {"a": 1}


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[" * 100_000, b" " * (9 << 20)])
def test_config_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"a\.keras: its config\.json cannot be read") as raised:
        read_config(archive(tmp_path / "a.keras", config_json=content))
    assert "\n" not in str(raised.value)


def test_missing_config_is_a_model_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        read_config(archive(tmp_path / "a.keras", other=b""))
