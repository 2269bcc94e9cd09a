"""Data-parallel training in several processes with TensorFlow's MultiWorkerMirroredStrategy.

Keras 3's `fit` fails under that strategy as soon as it looks at the first batch, which is a PerReplica that it takes
for a tensor. The loop here runs Keras' own train and test steps in the strategy and calls the same callbacks.
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
"""What a collective operation raises once a worker's connection breaks, or its heartbeats stop for 20 seconds."""
_OWN_TO_EACH = {"teachers", "bfloat16"}
"""Settings that may differ between workers: where the teachers' files lie, and what `auto` came to on a machine."""
_SEED_STRIDE = 0x9E3779B9


class Team:
    """The processes of a cluster, training one network together."""

    def __init__(self, cluster: Cluster) -> None:
        """Connect to the others, which must be there; before anything else uses TensorFlow in this process."""
        self._cluster = cluster
        resolver = tf.distribute.cluster_resolver.SimpleClusterResolver(
            tf.train.ClusterSpec({"worker": list(cluster.workers)}),
            task_type="worker",
            task_id=cluster.index,
            # One replica a process: what each takes of a batch then depends on nothing but its index.
            num_accelerators={"GPU": min(len(tf.config.list_physical_devices("GPU")), 1)},
            rpc_layer="grpc",
        )
        on_sigterm = signal.getsignal(signal.SIGTERM)
        with self._losses_named():
            self._strategy = tf.distribute.MultiWorkerMirroredStrategy(resolver)
        # TensorFlow has taken SIGTERM for a notice of preemption, which nothing here reads.
        signal.signal(signal.SIGTERM, on_sigterm)

    @property
    def share(self) -> Share:
        """This process's part of each batch."""
        return Share(self._cluster.index, len(self._cluster.workers))

    def scope(self) -> AbstractContextManager[Any]:
        """Where a network and its optimizer must be made to be trained together."""
        scope: AbstractContextManager[Any] = self._strategy.scope()
        return scope

    def agree(self, recipe: Recipe, data_digest: str, *, resume: bool) -> Recipe:
        """Compare what each worker was asked to do.

        Args:
            recipe: What this worker was asked for.
            data_digest: Digest of the images, and of the votes on them, that it has read.
            resume: Whether it is to resume; the recipe is then that of the chief's run, whatever the others ask for.

        Returns:
            The chief's recipe, with this worker's own paths to the teachers if it has any.

        Raises:
            InputError: On every worker, if they were not asked for the same.
        """
        asked = self._exchange({"recipe": asdict(recipe), "data": data_digest, "resume": resume})
        chief = asked[0]
        for index, other in enumerate(asked):
            if other["resume"] != chief["resume"]:
                raise InputError("--resume must be given to all workers or to none")
            if other["data"] != chief["data"]:
                raise DataError(
                    f"worker {index} has read other images than worker 0; give them the same --data and --votes"
                )
            differing = {name for name, value in chief["recipe"].items() if other["recipe"][name] != value}
            if not resume and differing - _OWN_TO_EACH:
                names = ", ".join(sorted(differing - _OWN_TO_EACH))
                raise InputError(
                    f"worker {index} was asked for another {names} than worker 0; give them the same options"
                )
        if chief["recipe"]["batch_size"] < len(self._cluster.workers):
            raise InputError(
                f"batch-size must be at least the number of workers, {len(self._cluster.workers)}, "
                f"got {chief['recipe']['batch_size']}"
            )
        agreed = Recipe(**chief["recipe"])
        return replace(agreed, teachers=recipe.teachers or agreed.teachers)

    def send(self, path: Path) -> None:
        """Give all workers the chief's file `path`, under the name that each calls it by; nothing if there is none."""
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
        """Do what `keras.Model.fit` does, with all workers.

        Args:
            model: Made and compiled in `scope`.
            batches: This worker's `share` of each batch.
            validation: All images to validate on, float32 (N, 48, 48, 1), and their targets, float32 (N, 7); each
                worker takes its share.
            validation_batch: How many of them go through the network at once.
            epochs: After which one to end.
            initial_epoch: From which one, counted from 0, to begin.
            callbacks: Called as by `fit`. A step's logs are of this worker's images, an epoch's are of all.

        Raises:
            FerEdgeError: If another worker is lost.
        """
        step = _compiled(self._strategy, model.train_step)
        test_step = _compiled(self._strategy, model.test_step)
        images, targets = (part[self.share.index :: self.share.count] for part in validation)
        told = keras.callbacks.CallbackList(
            list(callbacks), model=model, epochs=epochs, steps=batches.num_batches, verbose=0
        )
        model.stop_training = False
        with self._losses_named():
            told.on_train_begin()
            _draw_other_dropout(model, self.share.index)
            batches.on_epoch_end()  # as `fit` does before its first epoch, so that the order of images is the same
            for epoch in range(initial_epoch, epochs):
                told.on_epoch_begin(epoch)
                model.reset_metrics()
                for index in range(batches.num_batches):
                    told.on_train_batch_begin(index)
                    told.on_train_batch_end(index, _floats(step(batches[index])))
                batches.on_epoch_end()
                logs = _floats(model.get_metrics_result())
                self._average_statistics(model)
                told.on_test_begin()
                self._average_statistics(model)  # again, as a callback may have measured others
                model.reset_metrics()
                for start in range(0, len(images), validation_batch):
                    part = slice(start, start + validation_batch)
                    test_step((images[part], targets[part]))
                tested = _floats(model.get_metrics_result())
                told.on_test_end(tested)
                told.on_epoch_end(epoch, logs | {f"val_{name}": value for name, value in tested.items()})
                if model.stop_training:
                    break
            told.on_train_end()

    def _average_statistics(self, model: keras.Model) -> None:
        """Give all workers the mean of their BatchNormalization averages.

        No training step reads them, and they are linear in what each step adds: once an epoch is as good as every step.
        """
        averages = [v for v in model.non_trainable_variables if v.dtype == "float32"]
        for variable in averages:
            mean = self._strategy.reduce("MEAN", tf.constant(np.asarray(variable)), axis=None)
            variable.assign(mean)

    def _exchange(self, value: Any) -> list[Any]:
        """Every worker's `value`, which JSON can hold, in the workers' order."""
        encoded = np.frombuffer(json.dumps(value).encode(), np.uint8)
        lengths = np.zeros(len(self._cluster.workers), np.int32)
        lengths[self._cluster.index] = len(encoded)
        lengths = self._sum(lengths)
        rows = np.zeros((len(lengths), lengths.max()), np.int32)
        rows[self._cluster.index, : len(encoded)] = encoded
        rows = self._sum(rows)
        return [json.loads(row[:length].astype(np.uint8).tobytes()) for row, length in zip(rows, lengths, strict=True)]

    def _sum(self, values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """The sum of all workers' arrays, of one shape."""
        with self._losses_named():
            return np.asarray(self._strategy.reduce("SUM", tf.constant(values), axis=None))

    @contextmanager
    def _losses_named(self) -> Iterator[None]:
        """Turn what TensorFlow raises when a worker is gone into one line."""
        try:
            yield
        except _LOST as error:
            tasks = {int(task) for task in re.findall(r"/job:worker/replica:0/task:(\d+)", str(error))}
            lost = sorted(tasks.intersection(self._cluster.others)) or self._cluster.others
            raise FerEdgeError(
                f"lost the connection to {' or '.join(map(self._cluster.name, lost))}; "
                "start all workers again, with --resume if an epoch was done"
            ) from error


def join(cluster: Cluster, patience_s: float) -> Team:
    """Wait for the other workers, at most `patience_s` seconds, and connect to them.

    Raises:
        InputError: If this worker's port is taken, or another worker was given other addresses.
        FerEdgeError: If a worker does not come.
    """
    wait_for_all(cluster, patience_s)
    return Team(cluster)


def _compiled(strategy: tf.distribute.Strategy, step: Any) -> Any:
    return tf.function(lambda batch: strategy.run(step, args=(batch,)), reduce_retracing=True)


def _draw_other_dropout(model: keras.Model, index: int) -> None:
    """Seed the dropout of worker `index` apart from the chief's, whose seeds a saved state holds."""
    for variable in model.variables:
        if variable.dtype == "uint32":
            seed, counter = np.asarray(variable)
            variable.assign(np.array([(int(seed) + index * _SEED_STRIDE) % 2**32, counter], np.uint32))


def _floats(logs: dict[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in logs.items()}
