"""Trial of a model file: its first load and first call, in a child process that it may crash, hang or fill.

Interpreters trust a file's offsets, indices and sizes, so a damaged or hostile file ends the process that loads it.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import numpy as np

from fer_edge.errors import InputError, ModelError, first_line
from fer_edge.files import sha256_file
from fer_edge.inference.engine import TFLITE_ENGINES, Engine, engines_for
from fer_edge.models import FOLDER

if sys.platform != "win32":
    import resource

_TIMEOUT_S = 120.0
"""Wall-clock time of a trial; a busy board takes seconds to import an interpreter."""
_PROCESSOR_S = 8
"""Processor time to load a file and score one image. The largest network here takes 1 s on a Raspberry Pi Zero 2."""
_MEMORY_BYTES = 350 << 20
_MEMORY_PER_FILE_BYTE = 8
"""Interpreters copy and repack weights; four times the file's size was the most observed."""

_STATUS = Path("/proc/self/status")

_CHILD = "import sys; sys.path[:] = {path!r}; from fer_edge.inference.trial import main; main(*sys.argv[1:])"


def require_harmless(path: Path, engine: Engine | None = None) -> None:
    """Let a child process load a model file and score one image, unless the file ships with this package.

    A process tries a file once in each engine. Python that is embedded in another program has no executable of its
    own; there is no trial then.

    Args:
        path: A .tflite or .onnx file.
        engine: The library that runs it, as for `open_interpreter`.

    Raises:
        ModelError: If the child crashes, takes too much time or memory, or refuses the file.
        InputError: If no interpreter for it is installed.
    """
    is_shipped = path.resolve().parent == FOLDER.resolve()  # trusted like the package's code
    if sys.executable and not is_shipped:
        _try_once(path, sha256_file(path), engine)


@lru_cache(maxsize=256)
def _try_once(path: Path, sha256: str, engine: Engine | None) -> None:
    answer = _run_child(path, engine)
    if answer["kind"] == InputError.__name__:
        raise InputError(answer["message"])
    if answer["message"]:
        raise ModelError(answer["message"])


def _run_child(path: Path, engine: Engine | None) -> dict[str, str]:
    code = _CHILD.format(path=sys.path)
    command = [sys.executable, "-c", code, str(path), engine.value if engine else ""]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_TIMEOUT_S
        )
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{path}: its interpreter hangs on it ({_TIMEOUT_S:g} s); {_ADVICE}") from error
    try:
        answer = json.loads(done.stdout.splitlines()[-1])
        return {"kind": str(answer["kind"]), "message": str(answer["message"])}
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: its interpreter {_how_it_ended(done)}; {_ADVICE}") from error


_ADVICE = "the file is damaged or not meant for it: copy or export it again"


def _how_it_ended(done: subprocess.CompletedProcess[bytes]) -> str:
    if sys.platform != "win32" and done.returncode == -signal.SIGXCPU:
        return f"needs more than {_PROCESSOR_S} s of processor time to load it and score one image"
    if done.returncode < 0:
        return f"crashes on it ({signal.Signals(-done.returncode).name})"
    last = (done.stderr.decode(errors="replace").strip() or "without a message").splitlines()[-1]
    return f"fails on it with exit code {done.returncode} ({last})"


def main(file: str, engine: str) -> None:
    """Try a file within this process, print the fault as a line of JSON, and end without clean-up."""
    path, chosen = Path(file), Engine(engine) if engine else None
    try:
        _import_interpreter(path, chosen)
        _limit_this_process(path.stat().st_size)
        _try_here(path, chosen)
        answer = {"kind": "", "message": ""}
    except MemoryError:
        answer = {"kind": ModelError.__name__, "message": f"{path}: loading it takes too much memory; {_ADVICE}"}
    except InputError as error:
        kind = ModelError if isinstance(error, ModelError) else InputError
        answer = {"kind": kind.__name__, "message": first_line(error)}
    print(f"\n{json.dumps(answer)}", flush=True)
    os._exit(0)  # the interpreter's clean-up may crash, which does not matter


def _try_here(path: Path, engine: Engine | None) -> None:
    # Here, as these modules import this one.
    from fer_edge.inference.interpreter import open_interpreter
    from fer_edge.inference.tflite import tflite_graph

    interpreter = open_interpreter(path, engine=engine, tried=True)
    interpreter.run(np.zeros(interpreter.input_shape[1:], np.uint8))
    if path.suffix.lower() == ".tflite":
        tflite_graph(path, tried=True)


def _import_interpreter(path: Path, engine: Engine | None) -> None:
    """Import the engine before limits are set, so that its own memory does not count as the file's."""
    from fer_edge.inference.tflite import first_that_works  # here, as it imports this module

    engines = (engine,) if engine else engines_for(path)
    with suppress(ImportError, InputError):  # reported when the file is opened
        if engines[0] in TFLITE_ENGINES:
            first_that_works(engines)
        else:
            importlib.import_module(engines[0].module)


def _limit_this_process(file_bytes: int) -> None:
    if sys.platform == "win32":
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime) + _PROCESSOR_S)
    held = re.search(r"^VmData:\s*(\d+) kB", _STATUS.read_text(), re.MULTILINE) if _STATUS.exists() else None
    if held:
        allowance = _MEMORY_BYTES + _MEMORY_PER_FILE_BYTE * file_bytes
        _lower(resource.RLIMIT_DATA, int(held[1]) * 1024 + allowance)


def _lower(limit: int, value: int) -> None:
    soft, hard = resource.getrlimit(limit)
    if soft == resource.RLIM_INFINITY or value < soft:
        resource.setrlimit(limit, (value, hard))
