from __future__ import annotations

import json
from pathlib import Path

from benchmarks.pi.install import installed_size, read_pip_report


def test_pip_report_is_read() -> None:
    items = [
        {
            "metadata": {"name": name, "version": version},
            "download_info": {"url": f"file:///root/fetched/{file}"},
        }
        for name, version, file in [
            ("rich", "15.0.0", "rich-15.0.0-py3-none-any.whl"),
            ("numpy", "2.4.6", "numpy-2.4.6%2Blocal-cp311-cp311-linux_aarch64.whl"),
        ]
    ]
    assert read_pip_report(json.dumps({"version": "1", "install": items})) == [
        ("numpy", "2.4.6", "numpy-2.4.6+local-cp311-cp311-linux_aarch64.whl"),
        ("rich", "15.0.0", "rich-15.0.0-py3-none-any.whl"),
    ]


def test_links_have_no_size(tmp_path: Path) -> None:
    assert installed_size(tmp_path) == (0, 0)
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "one").write_bytes(b"123")
    (tmp_path / "lib64").symlink_to("lib")
    (tmp_path / "python").symlink_to("lib/one")
    assert installed_size(tmp_path) == (3, 1)
