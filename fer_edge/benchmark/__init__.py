"""Measurements of model files on this machine, their comparison and their report. No TensorFlow."""
