"""Search for an order of a classifier's labels under which its scores fit labelled faces far better."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from fer_edge.evaluation.metrics import IntArray
from fer_edge.labels import EXPRESSIONS, FER2013_ORDER, FERPLUS_ORDER

_USUAL_ORDERS = (EXPRESSIONS, FER2013_ORDER, FERPLUS_ORDER)
_LEAST_GAIN = 0.1
_STANDARD_ERRORS = 3
_USUAL_WITHIN = 0.02
"""Lead in mean recall by which an unusual order must beat a usual one."""


@dataclass(frozen=True)
class BetterOrder:
    """An order of labels that fits the faces better.

    Attributes:
        labels: The labels in this order.
        accuracy: Accuracy with it, 0..1.
    """

    labels: tuple[str, ...]
    accuracy: float


def find_better_order(
    confusion: IntArray, labels: tuple[str, ...], classes: tuple[str, ...] = EXPRESSIONS
) -> BetterOrder | None:
    """Return an order whose mean recall is clearly higher than that of `labels`; `None` if there is none.

    Clearly means by 0.1, and by three standard errors of the difference (variance at most 1/n for a class of n faces).
    Accuracy would suggest the most frequent class's name for a model that always predicts the same. More than seven
    classes have too many orders to search, and get `None`. An exchange with a class that has no face costs nothing, so
    that only the usual orders exchange such classes.

    Args:
        confusion: Results under `labels`, int (classes, classes) in the order of `classes`, rows true, columns
            predicted.
        labels: The classes in the order of the model's scores.
        classes: The classes in the order of the data set's labels.
    """
    if len(classes) > len(EXPRESSIONS):
        return None
    orders = np.array(list(permutations(range(len(classes)))))  # in each row, what every column would stand for
    support = confusion.sum(axis=1)
    recall = confusion / np.maximum(support, 1)[:, np.newaxis]
    present = max(int((support > 0).sum()), 1)
    columns = np.arange(len(classes))
    orders = orders[(orders == columns)[:, support == 0].all(axis=1) | _usual(labels, orders, classes)]
    means = recall[orders, columns].sum(axis=1) / present
    order = orders[int((means + _USUAL_WITHIN * _usual(labels, orders, classes)).argmax())]
    changed = support[(order != columns) & (support > 0)]
    gain = float(recall[order, columns].sum() - np.trace(recall)) / present
    error = float(np.sqrt((1 / changed).sum())) / present
    if gain <= max(_LEAST_GAIN, _STANDARD_ERRORS * error):
        return None
    renamed = {name: classes[order[k]] for k, name in enumerate(classes)}
    accuracy = float(confusion[order, columns].sum() / support.sum())
    return BetterOrder(tuple(renamed[label] for label in labels), accuracy)


def _usual(labels: tuple[str, ...], orders: IntArray, classes: tuple[str, ...]) -> npt.NDArray[np.bool_]:
    """Return bool (N,), true for the rows of `orders`, int (N, classes), that turn `labels` into a usual order."""
    found = np.zeros(len(orders), bool)
    usual_orders = _USUAL_ORDERS if sorted(classes) == sorted(EXPRESSIONS) else (classes,)
    for usual in usual_orders:
        becomes = dict(zip(labels, usual, strict=True))
        found |= (np.array([classes.index(becomes[name]) for name in classes]) == orders).all(axis=1)
    return found
