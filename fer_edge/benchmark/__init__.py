"""Measurements people can trust: what is timed, how, on what machine, and the report. Needs no TensorFlow."""
