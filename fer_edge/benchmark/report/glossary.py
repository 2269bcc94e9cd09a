"""Glossary of the report."""

from __future__ import annotations

from fer_edge.benchmark.report_json import Report

Terms = tuple[tuple[str, str], ...]


def glossary(report: Report) -> Terms:
    """Return terms and their meaning; those of people's answer come first where it was measured."""
    return _OF_PEOPLE + _OF_ALL if report.has_people else _OF_ALL


_OF_PEOPLE: Terms = (
    (
        "people's answer",
        "The expression that most of the people asked see in an image: choices with a tenth of the votes or less are "
        "dropped, and the first must have more than half of the rest. Images without such an answer are not counted.",
    ),
    ("one person", "How often one of the people asked gives the answer of most of the others."),
    ("mean recall", "The mean over the expressions of recall by people's answer, so that rare ones count as much."),
    ("KL", "Kullback-Leibler divergence of the scores from the shares of votes, in nats. 0 is the same."),
    (
        "calibration error (by votes)",
        "Mean distance of the best score from the share of people who voted for that expression. 0 is perfect.",
    ),
    (
        "prior: photos, balanced",
        "Assumed frequency of each expression: as in the photographs that people voted on, or equal.",
    ),
    ("copy in training", "An image whose every pixel is also in the training split, under any name or label."),
)

_OF_ALL: Terms = (
    ("full model", "The trained Keras network, in float32, from which the files were exported."),
    (
        "precision",
        "Storage of numbers. fp32 and fp16: floating point with 32 or 16 bits. dynamic: weights in 8-bit integers, "
        "the rest in floating point. int8: both in 8-bit integers. int16x8: weights in 8, the rest in 16 bits.",
    ),
    (
        "quantization",
        "Storage in fewer bits: the file is smaller, mostly faster, and its scores differ a little.",
    ),
    ("runtime", "The library that ran the file, and its version."),
    (
        "delegate, parts",
        "A library of faster code that runs all or parts of the network, such as XNNPACK; and the number of parts that "
        "it and the interpreter share: fewer are better.",
    ),
    ("model alone", "From a prepared picture of a face to the scores."),
    ("frame", "From a camera's frame and a face's box to a label: crop, scaling, model, smoothing."),
    (
        "p50, p90, p95, p99",
        "Percentiles: the time that 50, 90, 95 or 99 of 100 calls did not exceed. p50 is the median.",
    ),
    (
        "spread",
        "By how much the largest median of five equal stretches of the run exceeds the smallest. 0% is an even pace.",
    ),
    ("param., M", "Parameters, in millions: the network's weights and biases."),
    ("MMAC", "Millions of multiply-accumulates of one image: the arithmetic, on any machine."),
    ("accuracy", "The share of labelled images whose best score is the labelled expression's."),
    (
        "95% interval",
        "Range of accuracies that chance in the choice of images explains, at 95% confidence (Wilson's interval).",
    ),
    ("recall", "Share of an expression's images that were recognized."),
    ("macro-F1", "The mean over the expressions of F1, which weighs misses and false alarms alike. 1 is perfect."),
    (
        "ECE",
        "Expected calibration error: mean distance of the best score from how often it is right. 0 is perfect.",
    ),
    ("agreement", "Share of images on which a file gives the full model's expression."),
    ("confusion matrix", "Number of images for each true (row) and predicted (column) expression."),
    ("Pareto front", "The files that no other beats in both speed and accuracy: the choice is between these."),
    ("instructions", "Machine instructions that the processor executes. How long they take depends on the board."),
)
