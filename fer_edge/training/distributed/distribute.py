"""Data-parallel training in several processes with TensorFlow's MultiWorkerMirroredStrategy.

Under that strategy, Keras 3's `fit` fails at the first batch, a PerReplica that it takes for a tensor. The loop here
runs Keras' own train and test steps in the strategy and calls the same callbacks.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fer_edge.errors import DataError, FerEdgeError, InputError
from fer_edge.files import write_atomic
from fer_edge.scores import FloatArray
from fer_edge.training.batches import Share, ShuffledBatches
from fer_edge.training.distributed.cluster import Cluster, wait_for_all
from fer_edge.training.recipe import Recipe

_LOST = (
    tf.errors.AbortedError,
    tf.errors.CancelledError,
    tf.errors.DeadlineExceededError,
    tf.errors.InternalError,
    tf.errors.UnavailableError,
)
"""Errors of a collective operation once a worker's connection breaks, or its heartbeats stop for 20 seconds."""
_OWN_TO_EACH = {"teachers", "bfloat16"}
"""Settings that may differ between workers: paths of the teachers, and bfloat16, which depends on the processor."""
_SEED_STRIDE = 0x9E3779B9


class Team:
    """Processes of a cluster that train one network together."""

    def __init__(self, cluster: Cluster) -> None:
        """Connect to the other processes, which must be ready; before anything else uses TensorFlow in this process."""
        self._cluster = cluster
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": list(cluster.workers)}),
            task_type="worker",
            task_id=cluster.index,
            # One replica per process: its share of a batch then depends on its index alone.
            num_accelerators={"GPU": min(len(tf.config.list_physical_devices("GPU")), 1)},
            rpc_layer="grpc",
        )
        on_sigterm = signal.getsignal(signal.SIGTERM)
        with self._losses_named():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        # TensorFlow handles SIGTERM as a notice of preemption, which nothing here reads.
        signal.signal(signal.SIGTERM, on_sigterm)

    @property
    def share(self) -> Share:
        """Share of each batch that this process trains on."""
        return Share(self._cluster.index, len(self._cluster.workers))

    def scope(self) -> AbstractContextManager[Any]:
        """Return the context in which a network and its optimizer must be created."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def agree(self, recipe: Recipe, data_digest: str, *, resume: bool) -> Recipe:
        """Check that all workers have the same settings and data.

        Args:
            recipe: Recipe of this worker.
            data_digest: Digest of the images and votes that it has read.
            resume: Whether it resumes; the recipe is then that of the chief's run, whatever the others have.

        Returns:
            The chief's recipe, with this worker's own paths to the teachers if it has any.

        Raises:
            InputError: On every worker, if settings or data differ.
        """
        settings = self._exchange({"recipe": asdict(recipe), "data": data_digest, "resume": resume})
        chief = settings[0]
        for index, other in enumerate(settings):
            if other["resume"] != chief["resume"]:
                raise InputError("all workers must resume, or none: start them again with the same options")
            if other["data"] != chief["data"]:
                raise DataError(
                    f"worker {index} has read other images or votes than worker 0; give them the same data and votes"
                )
            differing = {name for name, value in chief["recipe"].items() if other["recipe"][name] != value}
            if not resume and differing - _OWN_TO_EACH:
                names = ", ".join(sorted(differing - _OWN_TO_EACH))
                raise InputError(f"worker {index} has another {names} than worker 0; give them the same options")
        if chief["recipe"]["batch_size"] < len(self._cluster.workers):
            raise InputError(
                f"batch_size must be at least the number of workers, {len(self._cluster.workers)}, "
                f"got {chief['recipe']['batch_size']}"
            )
        agreed = Recipe(**chief["recipe"])
        return replace(agreed, teachers=recipe.teachers or agreed.teachers)

    def send(self, path: Path) -> None:
        """Send the chief's file to all workers, each to its own `path`; nothing if the chief has none."""
        content = path.read_bytes() if self._cluster.is_chief and path.is_file() else b""
        size = self._exchange(len(content))[0]
        padded = (content or bytes(size)) + bytes(-size % 4)
        sent = self._sum(np.frombuffer(padded, np.int32))
        if size and not self._cluster.is_chief:
            write_atomic(path, sent.tobytes()[:size])

    def fit(
        self,
        model: keras.Model,
        batches: ShuffledBatches,
        validation: tuple[FloatArray, FloatArray],
        *,
        validation_batch: int,
        epochs: int,
        initial_epoch: int,
        callbacks: Sequence[keras.callbacks.Callback],
    ) -> None:
        """Train like `keras.Model.fit`, with all workers.

        Args:
            model: Network, created and compiled in `scope`.
            batches: This worker's `share` of each batch.
            validation: All validation images, float32 (N, 48, 48, 1), and their targets, float32 (N, 7); each worker
                evaluates its share.
            validation_batch: Number of images evaluated at once.
            epochs: Number of epochs to end after.
            initial_epoch: Epoch to begin with, from 0.
            callbacks: Callbacks as of `fit`. A step's logs are of this worker's images, an epoch's are of all.

        Raises:
            FerEdgeError: If another worker is lost.
        """
        step = _compiled(self._strategy, model.train_step)
        test_step = _compiled(self._strategy, model.test_step)
        images, targets = (part[self.share.index :: self.share.count] for part in validation)
        listeners = keras.callbacks.CallbackList(
            list(callbacks), model=model, epochs=epochs, steps=batches.num_batches, verbose=0
        )
        model.stop_training = False
        with self._losses_named():
            listeners.on_train_begin()
            _draw_other_dropout(model, self.share.index)
            batches.on_epoch_end()  # as `fit` does before its first epoch, so that the order of images is the same
            for epoch in range(initial_epoch, epochs):
                listeners.on_epoch_begin(epoch)
                model.reset_metrics()
                for index in range(batches.num_batches):
                    listeners.on_train_batch_begin(index)
                    listeners.on_train_batch_end(index, _floats(step(batches[index])))
                batches.on_epoch_end()
                logs = _floats(model.get_metrics_result())
                self._average_statistics(model)
                listeners.on_test_begin()
                self._average_statistics(model)  # again, as a callback may have changed them
                model.reset_metrics()
                for start in range(0, len(images), validation_batch):
                    part = slice(start, start + validation_batch)
                    test_step((images[part], targets[part]))
                tested = _floats(model.get_metrics_result())
                listeners.on_test_end(tested)
                listeners.on_epoch_end(epoch, logs | {f"val_{name}": value for name, value in tested.items()})
                if model.stop_training:
                    break
            listeners.on_train_end()

    def _average_statistics(self, model: keras.Model) -> None:
        """Average BatchNormalization's moving statistics over all workers.

        No training step reads them, and they are linear in what each step adds: once per epoch is enough.
        """
        averages = [v for v in model.non_trainable_variables if v.dtype == "float32"]
        for variable in averages:
            mean = self._strategy.reduce("MEAN", tf.constant(np.asarray(variable)), axis=None)
            variable.assign(mean)

    def _exchange(self, value: Any) -> list[Any]:
        """Return every worker's `value`, encoded as JSON on the way, in the workers' order."""
        encoded = np.frombuffer(json.dumps(value).encode(), np.uint8)
        lengths = np.zeros(len(self._cluster.workers), np.int32)
        lengths[self._cluster.index] = len(encoded)
        lengths = self._sum(lengths)
        rows = np.zeros((len(lengths), lengths.max()), np.int32)
        rows[self._cluster.index, : len(encoded)] = encoded
        rows = self._sum(rows)
        return [json.loads(row[:length].astype(np.uint8).tobytes()) for row, length in zip(rows, lengths, strict=True)]

    def _sum(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Return the sum of all workers' arrays, which have the same shape."""
        with self._losses_named():
            return np.asarray(self._strategy.reduce("SUM", tf.constant(values), axis=None))

    @contextmanager
    def _losses_named(self) -> Iterator[None]:
        """Raise a `FerEdgeError` that names the lost worker for TensorFlow's errors."""
        try:
            yield
        except _LOST as error:
            tasks = {int(task) for task in re.findall(r"/job:worker/replica:0/task:(\d+)", str(error))}
            lost = sorted(tasks.intersection(self._cluster.others)) or self._cluster.others
            raise FerEdgeError(
                f"lost the connection to {' or '.join(map(self._cluster.name, lost))}; "
                "start all workers again, to resume if an epoch was complete"
            ) from error


def join(cluster: Cluster, patience_s: float) -> Team:
    """Wait up to `patience_s` seconds for the other workers, and connect to them.

    Raises:
        InputError: If this worker's port is taken, or another worker was given other addresses.
        FerEdgeError: If a worker does not connect in time.
    """
    wait_for_all(cluster, patience_s)
    return Team(cluster)


def _compiled(strategy: tf.distribute.Strategy, step: Any) -> Any:
    return tf.function(lambda batch: strategy.run(step, args=(batch,)), reduce_retracing=True)


def _draw_other_dropout(model: keras.Model, index: int) -> None:
    """Give worker `index` dropout seeds of its own; a saved state holds the chief's."""
    for variable in model.variables:
        if variable.dtype == "uint32":
            seed, counter = np.asarray(variable)
            variable.assign(np.array([(int(seed) + index * _SEED_STRIDE) % 2**32, counter], np.uint32))


def _floats(logs: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}
