"""Expressions in pictures, videos and archives, from Python and as tables. No TensorFlow."""
