"""Reader of PyTorch checkpoints, without PyTorch and without running code that the file names."""

from __future__ import annotations

import pickle
import pickletools
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fer_edge.errors import InputError, first_line

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
"""Magic number and protocol at the start of the older layout, each in a pickle of its own."""

_DTYPES = {"DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8"}
"""NumPy's names of the element types of weights and counters."""

_LARGEST_MEMO = 1 << 20
"""Largest memo index of a pickle; Python allocates memory for any index in a damaged one."""


def read_state_dict(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Read a state dict as `torch.save` writes it: a zip since PyTorch 1.6, a sequence of pickles before.

    Args:
        path: File of the checkpoint.

    Returns:
        Read-only tensors by name, in their own shapes and types.

    Raises:
        InputError: If the file cannot be read, is damaged, holds anything but named tensors, or names a function or
            class that a state dict does not need.
    """
    try:
        content = path.read_bytes()
        is_zip = zipfile.is_zipfile(BytesIO(content))
        return _read_zip(content) if is_zip else _read_pickles(BytesIO(content))
    except Exception as error:  # a damaged pickle raises nearly anything
        raise InputError(
            f"{path}: expected a PyTorch checkpoint of named tensors, got something else or a damaged one "
            f"({first_line(error)})"
        ) from error


class _Storage(NamedTuple):
    """Contiguous elements of one type in the file."""

    dtype: str
    key: str
    size: int

    def read(self, content: bytes) -> npt.NDArray[Any]:
        return np.frombuffer(content, self.dtype, self.size)


class _Tensor(NamedTuple):
    """A view of a storage; offset and strides count elements."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def view(self, elements: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the tensor's elements; NumPy checks the bounds."""
        size = elements.itemsize
        strides = [size * stride for stride in self.strides]
        view: npt.NDArray[Any] = np.ndarray(self.shape, elements.dtype, elements, size * self.offset, strides)
        return view


class _Entries(dict[str, Any]):
    """An OrderedDict of the file, without the attributes that PyTorch adds."""

    __slots__ = ()

    def __setstate__(self, state: object) -> None:
        pass


class _Unpickler(pickle.Unpickler):
    """Rebuilds dictionaries, text, numbers and descriptions of tensors.

    The names that a file may use stand for bound methods and text, whose code a pickle cannot change.
    """

    def __init__(self, file: BytesIO) -> None:
        super().__init__(file)
        self._file = file
        self.storages: dict[str, _Storage] = {}
        self._known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): self._dictionary,
            ("torch._utils", "_rebuild_tensor_v2"): self._tensor,
            **{("torch", name): dtype for name, dtype in _DTYPES.items()},
        }

    def load(self) -> Any:
        start = self._file.tell()
        for opcode, index, _ in pickletools.genops(self._file):
            if opcode.name.endswith("PUT") and int(index or 0) > _LARGEST_MEMO:
                raise pickle.UnpicklingError("it asks for more memory than any checkpoint")
        self._file.seek(start)
        return super().load()

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._known:
            raise pickle.UnpicklingError(f"it names {module}.{name}, which no state dict needs and is not run")
        return self._known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, _, size, *_ = pid
        return self.storages.setdefault(key, _Storage(dtype, key, size))

    def _dictionary(self) -> _Entries:
        return _Entries()

    def _tensor(self, storage: _Storage, offset: int, shape: Any, strides: Any, *_: object) -> _Tensor:
        return _Tensor(storage, offset, shape, strides)


def _read_zip(content: bytes) -> dict[str, npt.NDArray[Any]]:
    with zipfile.ZipFile(BytesIO(content)) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise ValueError("its members are compressed, which those of a checkpoint never are")
        (pickled,) = (name for name in archive.namelist() if name.split("/")[1:] == ["data.pkl"])
        folder = pickled.split("/")[0]
        if f"{folder}/byteorder" in archive.namelist() and archive.read(f"{folder}/byteorder") != b"little":
            raise ValueError("its numbers are big-endian")
        state = _Unpickler(BytesIO(archive.read(pickled))).load()
        return _tensors(state, lambda storage: archive.read(f"{folder}/data/{storage.key}"))


def _read_pickles(file: BytesIO) -> dict[str, npt.NDArray[Any]]:
    magic, protocol, system = (_Unpickler(file).load() for _ in range(3))
    if (magic, protocol, system["little_endian"]) != (_MAGIC, _PROTOCOL, True):
        raise ValueError("it does not begin as one")
    unpickler = _Unpickler(file)
    state = unpickler.load()
    contents = {}
    for key in _Unpickler(file).load():
        storage = unpickler.storages[key]
        if int.from_bytes(file.read(8), "little") != storage.size:
            raise ValueError(f"storage {key} has another length than its tensor says")
        contents[key] = file.read(storage.size * np.dtype(storage.dtype).itemsize)
    return _tensors(state, lambda storage: contents[storage.key])


def _tensors(state: Any, read: Callable[[_Storage], bytes]) -> dict[str, npt.NDArray[Any]]:
    if not isinstance(state, dict) or not state:
        raise ValueError("it holds no named tensors")
    for name, value in state.items():
        if not isinstance(value, _Tensor):
            raise ValueError(f"its entry {name} is no tensor")
    return {name: tensor.view(tensor.storage.read(read(tensor.storage))) for name, tensor in state.items()}
