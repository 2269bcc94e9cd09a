"""Facial-expression recognition from labelled faces to a Raspberry Pi camera."""

__version__ = "0.1.0"
