"""Run inferences with a mark before and after each: `count_models.py FACES.npy MODEL...`.

The mark is the system call getsid, which the emulator's counter watches, and which nothing else here makes.

Prints a line of JSON for each model that could be loaded: path, runtime and number of marked inferences.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from pathlib import Path

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.inference.interpreter import open_interpreter

WARM_UP = 2
MARKED = 3


def main(faces_file: str, *models: str) -> None:
    """Run each model on the first face."""
    faces = np.load(faces_file)
    gc.disable()
    for model in models:
        try:
            interpreter = open_interpreter(Path(model))
        except ModelError:
            continue
        for _ in range(WARM_UP):
            interpreter.run(faces[0])
        for _ in range(MARKED):
            os.getsid(0)
            interpreter.run(faces[0])
            os.getsid(0)
        print(json.dumps({"model": model, "runtime": interpreter.runtime, "marked": MARKED}))


if __name__ == "__main__":
    main(*sys.argv[1:])
