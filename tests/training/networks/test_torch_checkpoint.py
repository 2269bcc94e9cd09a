from __future__ import annotations

import builtins
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fer_edge.errors import InputError
from fer_edge.training.networks.torch_checkpoint import read_state_dict
from tests.fakes.torch_checkpoint import LAYOUTS, pickled, zipped

RNG = np.random.default_rng(0)
LARGE = RNG.normal(size=(4, 6)).astype(np.float32)
STATE = {
    "conv.weight": RNG.normal(size=(2, 3, 3, 3)).astype(np.float32),
    "half": RNG.normal(size=5).astype(np.float16),
    "double": RNG.normal(size=(2, 2)),
    "count": np.array(7),
    "transposed": LARGE.T,
    "part": LARGE[1:3, ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensors_are_read_in_their_own_shapes_and_types(write_checkpoint: Callable[[bytes], Path], layout: str) -> None:
    read = read_state_dict(write_checkpoint(LAYOUTS[layout](STATE)))
    assert list(read) == list(STATE)
    for name, expected in STATE.items():
        assert (read[name].dtype, read[name].shape) == (expected.dtype, expected.shape)
        assert np.array_equal(read[name], expected)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_attributes_added_by_pytorch_are_ignored(write_checkpoint: Callable[[bytes], Path], layout: str) -> None:
    state = OrderedDict(STATE)
    state.__dict__["_metadata"] = OrderedDict({"": {"version": 1}})
    assert list(read_state_dict(write_checkpoint(LAYOUTS[layout](state)))) == list(STATE)


class Calls:
    """An object whose pickle calls a function."""

    def __init__(self, function: Callable[..., Any], *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("function", [os.mkdir, builtins.eval, builtins.getattr, pickle.loads])
def test_code_named_in_file_is_never_run(
    write_checkpoint: Callable[[bytes], Path], tmp_path: Path, layout: str, function: Callable[..., Any]
) -> None:
    trap = tmp_path / "made"
    argument = str(trap) if function is os.mkdir else f"__import__('os').mkdir({str(trap)!r})"
    with pytest.raises(InputError, match=r"it names \w+\.\w+, which no state dict needs and is not run") as raised:
        read_state_dict(write_checkpoint(LAYOUTS[layout]({**STATE, "bias": Calls(function, argument)})))
    assert "\n" not in str(raised.value)
    assert not trap.exists()


NAMES = (b"collections\nOrderedDict", b"torch._utils\n_rebuild_tensor_v2", b"torch\nFloatStorage")
STATES = {"slots": b"N}X\x08\0\0\0__code__Ns\x86", "attributes": b"}X\x04\0\0\0callNs"}
"""Pickled (None, {"__code__": None}) and {"call": None}."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("state", STATES)
def test_pickle_cannot_change_reader(write_checkpoint: Callable[[bytes], Path], name: bytes, state: str) -> None:
    valid = pickled(STATE)
    start = valid.index(b"\x80\x02}", valid.index(b"type_sizes"))
    setting = b"\x80\x02c" + name + b"\n" + STATES[state] + b"b." + pickle.dumps([], 2)
    with pytest.raises(InputError, match=r"no attribute|no named tensors"):
        read_state_dict(write_checkpoint(valid[:start] + setting))
    assert list(read_state_dict(write_checkpoint(valid))) == list(STATE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ""),
        (b"<!DOCTYPE html><title>404</title>", ""),
        (pickle.dumps(STATE["count"].tolist()), ""),
        (pickled(STATE)[:-1], "buffer is smaller"),
        (pickled(STATE)[:40], ""),
        (pickled({}), "it holds no named tensors"),
        (zipped({}), "it holds no named tensors"),
        (zipped({"epoch": 3, "state_dict": STATE}), "its entry epoch is no tensor"),
        (zipped({"count": np.array(7, np.int32)}), "it names torch.IntStorage"),
        (zipped(STATE, byteorder="big"), "big-endian"),
        (zipped(STATE, compression=zipfile.ZIP_DEFLATED), "compressed"),
        (zipped(STATE).replace(b"archive/data/0", b"archive/data/9"), "archive/data/0"),
        (zipped(STATE).replace(b"archive/data.pkl", b"archive/none.pkl"), ""),
        (zipped(STATE).replace(LARGE.tobytes(), bytes(LARGE.nbytes)), "CRC"),
        # Strides of 6 elements made 106: beyond the storage.
        (pickled({"part": LARGE[:, :5]}).replace(b"K\x06K\x01", b"K\x6aK\x01"), "strides"),
        # The memo's index 0x7fffffff, for which Python would allocate 32 GiB.
        (
            pickled(STATE).replace(
                b"ccollections\nOrderedDict\nq", b"ccollections\nOrderedDict\nr\xff\xff\xff\x7fq", 1
            ),
            "more memory",
        ),
    ],
    ids=[
        "empty",
        "page",
        "number",
        "truncated",
        "head only",
        "nothing",
        "nothing zipped",
        "whole training state",
        "other type",
        "big-endian",
        "compressed",
        "storage missing",
        "pickle missing",
        "checksum",
        "out of bounds",
        "memo",
    ],
)
def test_other_or_damaged_file_is_one_line(
    write_checkpoint: Callable[[bytes], Path], content: bytes, message: str
) -> None:
    path = write_checkpoint(content)
    with pytest.raises(InputError, match="expected a PyTorch checkpoint of named tensors, got") as raised:
        read_state_dict(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_missing_file_or_folder_is_one_line(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.pth"):
        with pytest.raises(InputError, match="expected a PyTorch checkpoint"):
            read_state_dict(path)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_damage_anywhere_raises_input_error_only(write_checkpoint: Callable[[bytes], Path], layout: str) -> None:
    valid = LAYOUTS[layout](STATE)
    rng = np.random.default_rng(1)
    for position in rng.integers(0, len(valid), 400):
        damaged = bytearray(valid)
        damaged[position] ^= 1 << rng.integers(8)
        for content in (bytes(damaged), valid[:position]):
            with suppress(InputError):
                read_state_dict(write_checkpoint(content))
