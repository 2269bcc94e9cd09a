"""The report's words, explained."""

from __future__ import annotations

from fer_edge.benchmark.report_json import Report

Terms = tuple[tuple[str, str], ...]


def glossary(report: Report) -> Terms:
    """Return the words and their meaning; those of people's answer come first where it was measured."""
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
        "How far the best score is, on average, from the share of people who voted for that expression. 0 is perfect.",
    ),
    (
        "prior: photos, balanced",
        "How often each expression is expected: as in the photographs that people voted on, or each as often as the "
        "others.",
    ),
    ("copy in training", "An image whose every pixel is also in the training split, under any name or label."),
)

_OF_ALL: Terms = (
    ("full model", "The Keras network as it was trained, in float32, from which the files were exported."),
    (
        "precision",
        "How numbers are stored. fp32 and fp16: floating point with 32 or 16 bits. dynamic: weights in 8-bit integers, "
        "the rest in floating point. int8: both in 8-bit integers. int16x8: weights in 8, the rest in 16 bits.",
    ),
    (
        "quantization",
        "Storing numbers in fewer bits, which makes a file smaller, mostly faster, and a little different.",
    ),
    ("runtime", "The library that ran the file (its interpreter), and its version."),
    (
        "delegate, parts",
        "A library of faster code that takes over (parts of) the network, such as XNNPACK; and in how many pieces the "
        "network is cut between it and the interpreter: the fewer, the better.",
    ),
    ("model alone", "From a prepared picture of a face to the scores."),
    ("frame", "From a camera's picture and a face's box to a label: cropping, scaling, the model, its scores."),
    ("p50, p90, p95, p99", "The time that 50, 90, 95 or 99 of 100 calls did not exceed. p50 is the median."),
    (
        "spread",
        "The run is cut into five equal stretches; spread is how much larger the largest of their medians is than the "
        "smallest. 0% is a perfectly even pace.",
    ),
    ("param., M", "Parameters, in millions: the numbers in the network's kernels and biases."),
    ("MMAC", "Millions of multiply-accumulates that one image takes: the arithmetic, whatever the machine."),
    ("accuracy", "The share of labelled images whose best score is the labelled expression's."),
    (
        "95% interval",
        "How far chance in the choice of images may move the accuracy: 95 of 100 choices would lie within (bootstrap).",
    ),
    ("recall", "Of the images that show an expression, the share recognized as such."),
    ("macro-F1", "The mean over the expressions of F1, which weighs misses and false alarms alike. 1 is perfect."),
    (
        "ECE",
        "Expected calibration error: how far the best score is, on average, from how often it is right. 0 is perfect.",
    ),
    ("agreement", "The share of images to which a file gives the full model's expression."),
    ("confusion matrix", "For each true expression (row), how many images were taken for which (column)."),
    ("Pareto front", "The files that no other beats in both speed and accuracy: the ones worth choosing between."),
    ("instructions", "What the processor is told to do, one by one. How long each takes depends on the board."),
)
