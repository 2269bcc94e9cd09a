"""The seven expressions, in the order of all scores in this project."""

from __future__ import annotations

EXPRESSIONS: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
"""Alphabetical order, which is that of the data set's class folders and of Keras' class indices."""

FER2013_ORDER: tuple[str, ...] = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
"""Order of the numbers 0..6 in fer2013.csv, which many other projects' scores follow."""

FERPLUS_ORDER: tuple[str, ...] = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear")
"""Order of the vote columns in FER+, without contempt, which comes last there."""

NUM_EXPRESSIONS = len(EXPRESSIONS)

RESERVED = ("nobody", "uncertain")
"""Words that streams show where there is no face, or no class's score suffices; no class can have such a name."""
