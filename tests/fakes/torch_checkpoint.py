"""Checkpoints as `torch.save` writes them, made without PyTorch."""

from __future__ import annotations

import io
import pickle
import sys
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from unittest.mock import patch

import numpy as np
import numpy.typing as npt


def pickled(state: Mapping[str, Any]) -> bytes:
    """The layout before PyTorch 1.6: pickles, then the storages."""
    body, storages = _dump(state)
    system = {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    heads = [pickle.dumps(each, 2) for each in (0x1950A86A20F9469CFC6C, 1001, system)]
    data = [each.size.to_bytes(8, "little") + each.tobytes() for each in storages]
    return b"".join([*heads, body, pickle.dumps([str(key) for key in range(len(data))], 2), *data])


def zipped(state: Mapping[str, Any], byteorder: str = "little", compression: int = zipfile.ZIP_STORED) -> bytes:
    """The layout since then."""
    body, storages = _dump(state)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("archive/data.pkl", body)
        archive.writestr("archive/byteorder", byteorder)
        for key, values in enumerate(storages):
            archive.writestr(f"archive/data/{key}", values.tobytes())
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


LAYOUTS: dict[str, Callable[[Mapping[str, Any]], bytes]] = {"pickles": pickled, "zip": zipped}


class _Storage:
    def __init__(self, kind: type, key: int, values: npt.NDArray[Any]) -> None:
        self.pid = ("storage", kind, str(key), "cpu", values.size, None)


def _rebuild_tensor_v2(*_: object) -> None:
    pass


_rebuild_tensor_v2.__module__ = "torch._utils"
_STORAGES = {
    dtype: type(f"{name}Storage", (), {"__module__": "torch"})
    for dtype, name in {"f8": "Double", "f4": "Float", "f2": "Half", "i8": "Long", "i4": "Int"}.items()
}


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, 2)
        self.storages: list[npt.NDArray[Any]] = []

    def persistent_id(self, obj: Any) -> Any:
        return obj.pid if isinstance(obj, _Storage) else None

    def reducer_override(self, obj: Any) -> Any:
        if not isinstance(obj, np.ndarray):
            return NotImplemented
        whole = obj if obj.base is None else obj.base
        self.storages.append(np.ascontiguousarray(whole).reshape(-1))
        storage = _Storage(_STORAGES[whole.dtype.str[1:]], len(self.storages) - 1, whole)
        offset = (obj.ctypes.data - whole.ctypes.data) // obj.itemsize
        strides = tuple(stride // obj.itemsize for stride in obj.strides)
        return _rebuild_tensor_v2, (storage, offset, obj.shape, strides, False, OrderedDict())


def _dump(state: Mapping[str, Any]) -> tuple[bytes, list[npt.NDArray[Any]]]:
    torch, utilities = ModuleType("torch"), ModuleType("torch._utils")
    utilities.__dict__["_rebuild_tensor_v2"] = _rebuild_tensor_v2
    for kind in _STORAGES.values():
        setattr(torch, kind.__name__, kind)
    file = io.BytesIO()
    with patch.dict(sys.modules, {"torch": torch, "torch._utils": utilities}):
        pickler = _Pickler(file)
        pickler.dump(state)
    return file.getvalue(), pickler.storages
