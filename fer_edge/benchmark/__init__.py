"""Measurements people can trust: what is timed, how, on what machine, and the report. On the device too: no TensorFlow."""
