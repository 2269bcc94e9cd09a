"""Processes that train together, and their rendezvous. No TensorFlow."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import time
from dataclasses import dataclass, field, replace
from typing import Any

from fer_edge.bounded_json import parse_json
from fer_edge.errors import FerEdgeError, InputError

_CONNECT_S = 1.0
_LISTEN_S = 0.2
_LONGEST_GREETING = 65_536


@dataclass(frozen=True)
class Cluster:
    """Processes that train one network.

    Attributes:
        workers: HOST:PORT of each, in the same order everywhere. The first is the chief, which writes the files.
        index: Index of this process among them, from 0.
    """

    workers: tuple[str, ...]
    index: int

    def __post_init__(self) -> None:
        for worker in self.workers:
            port = worker.rpartition(":")[2]
            if not re.fullmatch(r"[^:\s]+:[0-9]{1,5}", worker) or not 0 < int(port) < 2**16:
                raise InputError(f"expected workers as HOST:PORT,HOST:PORT, got {worker!r} among them")
        if len(set(self.workers)) < len(self.workers):
            raise InputError(f"each worker needs an address of its own, got {','.join(self.workers)}")
        if not 0 <= self.index < len(self.workers):
            raise InputError(f"worker index must lie in 0..{len(self.workers) - 1}, got {self.index}")

    @property
    def is_chief(self) -> bool:
        """True if this process writes the files."""
        return self.index == 0

    @property
    def others(self) -> list[int]:
        """Indices of all other workers."""
        return [i for i in range(len(self.workers)) if i != self.index]

    def name(self, index: int) -> str:
        """Return the name of worker `index` in messages."""
        return f"worker {index} ({self.workers[index]})"


def read_cluster(workers: str | None, index: int | None, tf_config: str | None) -> Cluster | None:
    """Read the cluster from a list of workers or from TensorFlow's TF_CONFIG.

    Args:
        workers: `HOST:PORT,HOST:PORT`, or None.
        index: Index of this process among them; None for the one address of this machine.
        tf_config: JSON of TF_CONFIG; None or empty if it is not set.

    Returns:
        The cluster; None if one process trains alone.

    Raises:
        InputError: If either is malformed, or they contradict each other.
    """
    configured = _read_tf_config(tf_config) if tf_config else None
    if workers is None:
        if index is not None and (configured is None or index != configured.index):
            raise InputError("a worker index needs the list of workers: give both, or set TF_CONFIG and neither")
        cluster = configured
    else:
        cluster = Cluster(tuple(address.strip() for address in workers.split(",")), index or 0)
        if index is None:
            cluster = replace(cluster, index=configured.index if configured else _own_index(cluster.workers))
        if configured is not None and cluster != configured:
            raise InputError(
                f"TF_CONFIG makes this worker {configured.index} of {','.join(configured.workers)}, "
                f"and the list of workers makes it {cluster.index} of {','.join(cluster.workers)}: "
                "give one of them only"
            )
    return None if cluster is None or len(cluster.workers) == 1 else cluster


def _read_tf_config(text: str) -> Cluster | None:
    try:
        facts = parse_json(text)
        jobs = facts.get("cluster")
        if jobs is None:
            return None
        task = facts["task"]
        chiefs, workers = list(jobs.get("chief", [])), list(jobs.get("worker", []))
        others = set(jobs) - {"chief", "worker"}
        kind, index = task["type"], int(task["index"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise InputError(
            'TF_CONFIG must be JSON like {"cluster": {"worker": ["a:2222", "b:2222"]}, '
            f'"task": {{"type": "worker", "index": 0}}}}, got {text!r} ({error!r})'
        ) from error
    if others or kind not in ("chief", "worker"):
        raise InputError(
            f"TF_CONFIG: expected tasks of type chief and worker, got {', '.join(sorted({*jobs, str(kind)}))}"
        )
    own = chiefs if kind == "chief" else workers
    if not 0 <= index < len(own):
        raise InputError(f"TF_CONFIG: {kind} index must lie in 0..{len(own) - 1}, got {index}")
    return Cluster(tuple(map(str, chiefs + workers)), index + (len(chiefs) if kind == "worker" else 0))


def _own_index(addresses: tuple[str, ...]) -> int:
    own = [i for i, address in enumerate(addresses) if _is_this_machine(address.rpartition(":")[0])]
    if len(own) == 1:
        return own[0]
    found = "none" if not own else f"{len(own)}"
    raise InputError(f"{found} of the addresses {','.join(addresses)} is this machine's; give the worker index")


def _is_this_machine(host: str) -> bool:
    try:
        with socket.socket() as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True


def wait_for_all(cluster: Cluster, patience_s: float) -> None:
    """Wait until every worker has connected to every other.

    Raises:
        InputError: If this worker's port is taken, or another worker was given other addresses.
        FerEdgeError: If a worker has not connected after `patience_s` seconds.
    """
    port = int(cluster.workers[cluster.index].rpartition(":")[2])
    try:
        server = socket.create_server(("", port))
    except OSError as error:
        raise InputError(
            f"{cluster.name(cluster.index)} cannot listen on port {port} ({os.strerror(error.errno or 0)}): "
            "is another run using it?"
        ) from error
    with server:
        _Meeting(cluster, server).hold(patience_s)


@dataclass
class _Meeting:
    """Rendezvous: greets each worker once it listens, until each has greeted back."""

    cluster: Cluster
    server: socket.socket
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    greeted: set[int] = field(default_factory=set)
    heard: dict[int, str] = field(default_factory=dict)
    obstacles: dict[int, str] = field(default_factory=dict)

    def hold(self, patience_s: float) -> None:
        self.server.settimeout(_LISTEN_S)
        deadline = time.monotonic() + patience_s
        while missing := [i for i in self.cluster.others if i not in self.greeted or i not in self.heard]:
            if time.monotonic() > deadline:
                raise FerEdgeError(f"waited {patience_s:g} s for {self._describe(missing)}; start them all again")
            for index in missing:
                self._greet(index)
            self._listen()

    def _describe(self, missing: list[int]) -> str:
        return ", ".join(
            f"{self.cluster.name(i)}: {self.obstacles.get(i, 'it answers, but not as a worker')}" for i in missing
        )

    def _greet(self, index: int) -> None:
        if index in self.greeted:
            return
        host, _, port = self.cluster.workers[index].rpartition(":")
        greeting = {"index": self.cluster.index, "workers": self.cluster.workers, "token": self.token}
        try:
            with socket.create_connection((host, int(port)), timeout=_CONNECT_S) as connection:
                connection.sendall(json.dumps(greeting).encode())
        except OSError as error:
            self.obstacles[index] = str(error.strerror or error)
            return
        self.obstacles.pop(index, None)
        self.greeted.add(index)

    def _listen(self) -> None:
        try:
            connection, _ = self.server.accept()
            with connection:
                connection.settimeout(_CONNECT_S)
                greeting = _read_greeting(connection)
        except OSError:
            return
        if greeting is None:
            return
        index = greeting["index"]
        if tuple(greeting["workers"]) != self.cluster.workers:
            for other in self.cluster.others:
                self._greet(other)  # so that it reports the difference too
            raise InputError(
                f"worker {index} was given {','.join(greeting['workers'])} and this one "
                f"{','.join(self.cluster.workers)}: give all of them the same workers in the same order"
            )
        if self.heard.get(index, greeting["token"]) != greeting["token"]:
            self.greeted.discard(index)  # it was started again, without the first greeting
        self.heard[index] = greeting["token"]


def _read_greeting(connection: socket.socket) -> dict[str, Any] | None:
    """Return the greeting of another worker; None if something else has connected, or sends it too slowly."""
    content, deadline = b"", time.monotonic() + _CONNECT_S
    while (part := connection.recv(4096)) and len(content) < _LONGEST_GREETING:
        content += part
        if time.monotonic() > deadline:
            return None
    try:
        greeting = parse_json(content)
    except ValueError:
        return None
    return greeting if _is_greeting(greeting) else None


def _is_greeting(found: Any) -> bool:
    if not isinstance(found, dict):
        return False
    index, workers, token = (found.get(name) for name in ("index", "workers", "token"))
    are_texts = isinstance(workers, list) and all(isinstance(worker, str) for worker in workers)
    return type(index) is int and are_texts and isinstance(token, str)
