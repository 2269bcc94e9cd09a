"""Native libraries' own lines on standard error, held back where a library has no setting for it.

LiteRT, TensorFlow's converter, OpenCV's decoders (libjpeg, libpng, libtiff) and onnxruntime report at file descriptor 2
what comes as an exception or a note anyway, or is no fault at all.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from fer_edge.errors import FerEdgeError, InputError, MissingExtraError, first_line

if sys.platform == "linux":
    import fcntl

_FFMPEG_QUIET = "-8"

_CHATTER = re.compile(
    rb"^(?:"
    rb"(?:INFO|VERBOSE|WARNING): [^\n]*(?:TensorFlow Lite|TfLite|XNNPACK|delegate)[^\n]*"
    # TensorFlow's converter and its compiler, whose exception says the same.
    rb"|fully_quantize: [^\n]*|error: failed while converting: [^\n]*|Some ops in the model are custom ops[^\n]*"
    rb"|(?:<unknown>:0: |loc\((?:callsite|fused|\"))[^\n]*"
    rb"|(?:Custom|Flex) ops: [^\n]*|Details:|\ttf\.[^\n]*\n?"
    rb"|[IWE]\d{4} \d\d:\d\d:[^\n]*\] [^\n]*"  # absl's log, which TensorFlow writes
    rb"|\d{4}-\d\d-\d\d [\d:.]+: [IWE] (?:tensorflow|external)/[^\n]*"  # the same until TensorFlow 2.17
    rb"|WARNING: All log messages before absl::InitializeLog[^\n]*"
    rb"|To enable the following instructions: [^\n]*"
    rb"|\[ ?(?:DEBUG|INFO|WARN|ERROR):\d+(?:@[\d.]+)?\] [^\n]*(?:\n(?=\n))?"  # OpenCV; some end in a blank line
    rb"|OpenCV: FFMPEG: (?:tag|fallback to use tag) [^\n]*"  # of a video that it writes all the same
    rb"|Corrupt JPEG data: [^\n]*|(?:Premature end|Invalid SOS parameters|Unsupported marker)[^\n]*JPEG[^\n]*"
    rb"|libpng (?:warning|error): [^\n]*"
    rb"|(?:\x1b\[[\d;]*m)?\d{4}-\d\d-\d\d [\d:.]+ \[[VIWE]:onnxruntime:[^\n]*"
    rb")\n?",
    re.MULTILINE,
)
"""Lines that a user cannot act on."""


@contextmanager
def chatter_held_back() -> Iterator[None]:
    """Keep native libraries' chatter in the block off file descriptor 2.

    The descriptor is the whole process's: all else that is written there meanwhile, such as by other threads, is
    passed on at the end of the block. Blocks may overlap.
    """
    _STDERR.hold()
    try:
        yield
    finally:
        _STDERR.release()


def quiet_ffmpeg() -> None:
    """Keep FFmpeg's reports on damaged streams off standard error; call it before OpenCV opens the first video.

    FFmpeg writes from threads of its own at any time, so `chatter_held_back` cannot do it.
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", _FFMPEG_QUIET)


@contextmanager
def native_stderr_muffled() -> Iterator[None]:
    """Hold back all that the block writes to file descriptor 2, and pass it on only if the block fails unexpectedly.

    TensorFlow logs to it from C++ before any of its settings is read, so no environment variable helps.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as held_back:
        original = os.dup(2)
        os.dup2(held_back.fileno(), 2)
        try:
            yield
        except FerEdgeError:
            raise  # its message says all there is to say
        except BaseException:
            held_back.seek(0)
            os.write(original, held_back.read())
            raise
        finally:
            os.dup2(original, 2)
            os.close(original)


@contextmanager
def importing_extra(purpose: str, extra: str) -> Iterator[None]:
    """Hold back what TensorFlow logs while the block imports it, and name the extra if something is not installed.

    Keras, matplotlib and numpy refuse some variables of the environment when they are imported.

    Args:
        purpose: What the imports are for, as an error begins.
        extra: Extra that brings what is imported.

    Raises:
        MissingExtraError: If something that the block imports is not installed.
        InputError: If it refuses a value.
    """
    with native_stderr_muffled():
        try:
            yield
        except ImportError as error:
            if (error.name or "").startswith("fer_edge."):  # a fault of this project
                raise
            raise MissingExtraError(purpose, extra, str(error)) from error
        except (ValueError, OverflowError) as error:
            raise InputError(
                f"{purpose}: its packages cannot be loaded ({first_line(error)}); check variables of the environment "
                "such as KERAS_BACKEND, MPLBACKEND and SOURCE_DATE_EPOCH"
            ) from error


def silence_opencv() -> None:
    """Switch OpenCV's log off: what it would say comes as an exception or a note."""
    import cv2  # here, as the command's start-up loads this module

    if hasattr(cv2, "setLogLevel"):  # until OpenCV 4.9; its level 0 is silence, as below
        cv2.setLogLevel(0)
    else:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class _HeldDescriptor:
    """File descriptor 2, which goes to a file while at least one block holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holders = 0
        self._original = -1
        self._file: BinaryIO | None = None

    def hold(self) -> None:
        with self._lock:
            self._holders += 1
            if self._holders == 1:
                self._redirect()

    def release(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0 and self._file is not None:
                self._restore(self._file)

    def _redirect(self) -> None:
        try:
            self._original = os.dup(2)
        except OSError:  # it is closed, so nothing can reach anyone
            return
        self._file = _open_scratch()
        os.dup2(self._file.fileno(), 2)

    def _restore(self, file: BinaryIO) -> None:
        os.dup2(self._original, 2)
        file.seek(0)
        others = _CHATTER.sub(b"", file.read())
        file.close()
        self._file = None
        try:
            while others:
                others = others[os.write(self._original, others) :]
        finally:
            os.close(self._original)


def _open_scratch() -> BinaryIO:
    """Open a file to append to, so that threads do not overwrite each other; in memory, as each frame may need one.

    Pythons that are built for an older glibc, such as conda's and uv's, lack memfd_create on Linux.
    """
    if sys.platform == "linux" and hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("standard error")
        fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
        return os.fdopen(descriptor, "w+b", buffering=0)
    return tempfile.TemporaryFile("a+b", buffering=0)


_STDERR = _HeldDescriptor()
