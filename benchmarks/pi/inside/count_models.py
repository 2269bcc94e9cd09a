"""Run inferences with a mark before and after each: `count_models.py FACES.npy MODEL...`.

The mark is the system call getsid, which the emulator's counter watches, and which nothing else here makes. No child
process tries a model first: its emulator would empty the counter's log.

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
from fer_edge.preprocess import resize

WARM_UP = 2
MARKED = 3


def main(faces_file: str, *models: str) -> None:
    """Run each model on the first face."""
    face = np.load(faces_file)[0]
    gc.disable()
    for model in models:
        try:
            interpreter = open_interpreter(Path(model), tried=True)
        except ModelError:
            continue
        _, height, width, _ = interpreter.input_shape
        image = resize(face, (width, height))  # another project's file may take larger ones
        for _ in range(WARM_UP):
            interpreter.run(image)
        for _ in range(MARKED):
            os.getsid(0)
            interpreter.run(image)
            os.getsid(0)
        print(json.dumps({"model": model, "runtime": interpreter.runtime, "marked": MARKED}))


if __name__ == "__main__":
    main(*sys.argv[1:])
