"""What model files make of faces: `scores.py FACES.npy OUTPUT.npz MODEL...`, there and here alike.

Of a quantized model also what goes into its softmax, under the model's path and `#sums`: up to there processors compute
with integers alone, and then each with its own approximation of exp.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError
from fer_edge.inference.interpreter import Interpreter, open_interpreter
from fer_edge.inference.tflite import operators_of, tflite_graph


def main(faces_file: str, output: str, *models: str) -> None:
    """Write each model's scores, float32 (N, labels), by its path; files that the interpreter refuses are left out."""
    faces = np.load(faces_file)
    found: dict[str, Any] = {}
    for model in models:
        try:
            interpreter = open_interpreter(Path(model))
        except FerEdgeError as error:
            print(f"refused: {error}")
            continue
        tensor = _softmax_input(Path(model)) if interpreter.quantization else None
        scores, sums = [], []
        for face in faces:
            scores.append(interpreter.run(face))
            if tensor is not None:
                sums.append(_value(interpreter, tensor))
        found[model] = np.array(scores)
        if tensor is not None:
            found[f"{model}#sums"] = np.array(sums)
    with Path(output).open("wb") as file:
        np.savez(file, **found)


def _softmax_input(model: Path) -> int | None:
    """The number of the last operator's input, if that is a softmax: nothing comes after to overwrite it."""
    last = operators_of(tflite_graph(model))[-1]
    return int(last["inputs"][0]) if last["op_name"] == "SOFTMAX" else None


def _value(interpreter: Interpreter, tensor: int) -> npt.NDArray[Any]:
    return np.array(interpreter._interpreter.get_tensor(tensor)[0])  # type: ignore[attr-defined]  # TFLite's


if __name__ == "__main__":
    main(*sys.argv[1:])
