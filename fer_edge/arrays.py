"""Types of arrays that many modules share; scores have `fer_edge.scores.FloatArray`."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
