"""Audit of labels: training images whose labels are probably wrong, and a report to review."""
