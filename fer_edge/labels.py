"""The seven expressions, in the one order that every score vector of this project follows."""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""Alphabetical, which is the order of the data set's class folders and so of Keras' class indices."""

NUM_EXPRESSIONS = len(EXPRESSIONS)
