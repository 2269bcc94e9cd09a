from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from fer_edge.errors import FerEdgeError, InputError
from fer_edge.training.distributed.cluster import Cluster, read_cluster, wait_for_all

TWO = "a:2222,b:2223"


def tf_config(kind: str = "worker", index: Any = 1, **jobs: list[str]) -> str:
    return json.dumps({"cluster": jobs or {"worker": TWO.split(",")}, "task": {"type": kind, "index": index}})


def free_addresses(count: int) -> tuple[str, ...]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    addresses = tuple(f"127.0.0.1:{each.getsockname()[1]}" for each in sockets)
    for each in sockets:
        each.close()
    return addresses


@pytest.mark.parametrize(
    ("workers", "index", "environment", "expected"),
    [
        (None, None, None, None),
        (None, None, "", None),
        ("a:2222", 0, None, None),
        (None, None, tf_config(index=0, worker=["a:1"]), None),
        (None, None, json.dumps({"task": {"type": "worker", "index": 0}}), None),
        (TWO, 1, None, Cluster(("a:2222", "b:2223"), 1)),
        (" a:2222 , b:2223", 0, None, Cluster(("a:2222", "b:2223"), 0)),
        ("127.0.0.1:1,198.51.100.1:1", None, None, Cluster(("127.0.0.1:1", "198.51.100.1:1"), 0)),
        (None, None, tf_config(), Cluster(("a:2222", "b:2223"), 1)),
        (TWO, None, tf_config(), Cluster(("a:2222", "b:2223"), 1)),
        (None, 1, tf_config(), Cluster(("a:2222", "b:2223"), 1)),
        (None, None, tf_config("chief", 0, worker=["b:2"], chief=["a:1"]), Cluster(("a:1", "b:2"), 0)),
        (None, None, tf_config("worker", "0", worker=["b:2"], chief=["a:1"]), Cluster(("a:1", "b:2"), 1)),
    ],
)
def test_cluster_is_read_from_options_and_environment(
    workers: str | None, index: int | None, environment: str | None, expected: Cluster | None
) -> None:
    assert read_cluster(workers, index, environment) == expected


@pytest.mark.parametrize(
    ("workers", "index", "environment", "message"),
    [
        ("", 0, None, "HOST:PORT"),
        ("a:2222,b", 0, None, "got 'b' among them"),
        ("a:2222,b:99999", 0, None, "got 'b:99999' among them"),
        ("a:2222,a:2222", 0, None, "address of its own"),
        (TWO, 2, None, r"must lie in 0\.\.1, got 2"),
        (TWO, -1, None, r"must lie in 0\.\.1, got -1"),
        ("127.0.0.1:1,127.0.0.1:2", None, None, "2 of the addresses .* give the worker index"),
        ("198.51.100.1:1,198.51.100.2:1", None, None, "none of the addresses .* give the worker index"),
        (None, 0, None, "a worker index needs the list of workers"),
        (None, 0, tf_config(), "a worker index needs the list of workers"),
        ("a:2222,c:1", 1, tf_config(), "give one of them only"),
        (TWO, 0, tf_config(), "give one of them only"),
        (None, None, "{", "TF_CONFIG must be JSON like"),
        (None, None, "[]", "TF_CONFIG must be JSON like"),
        (None, None, json.dumps({"cluster": {"worker": ["a:1"]}}), "TF_CONFIG must be JSON like"),
        (None, None, tf_config(index="first"), "TF_CONFIG must be JSON like"),
        (None, None, tf_config(index=float("inf")), "TF_CONFIG must be JSON like"),
        (None, None, "[" * 100_000, "TF_CONFIG must be JSON like"),
        (f"a:{'9' * 5000},b:1", 0, None, "expected workers as HOST:PORT"),
        (None, None, tf_config(index=2), r"worker index must lie in 0\.\.1, got 2"),
        (None, None, tf_config("ps"), "tasks of type chief and worker, got ps, worker"),
        (None, None, tf_config(worker=["a:1", "b:1"], ps=["c:1"]), "tasks of type chief and worker"),
    ],
)
def test_invalid_cluster_is_rejected(
    workers: str | None, index: int | None, environment: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        read_cluster(workers, index, environment)


def test_rendezvous_ends_once_all_workers_are_ready() -> None:
    workers = free_addresses(3)

    def come(index: int) -> None:
        time.sleep(0.3 * index)
        wait_for_all(Cluster(workers, index), 20)

    with ThreadPoolExecutor() as pool:
        assert list(pool.map(come, range(3))) == [None] * 3


def test_missing_worker_is_named() -> None:
    workers = free_addresses(2)
    with pytest.raises(FerEdgeError, match=rf"waited 0.5 s for worker 1 \({workers[1]}\): Connection refused"):
        wait_for_all(Cluster(workers, 0), 0.5)


def test_restarted_worker_is_greeted_again() -> None:
    workers = free_addresses(3)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(wait_for_all, Cluster(workers, 0), 20)
        with pytest.raises(FerEdgeError, match="worker 2"):
            wait_for_all(Cluster(workers, 1), 1)
        others = [pool.submit(wait_for_all, Cluster(workers, index), 20) for index in (1, 2)]
        assert [each.result() for each in (first, *others)] == [None] * 3


def test_port_in_use_is_an_input_error() -> None:
    with socket.create_server(("", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(InputError, match=f"cannot listen on port {port}"):
            wait_for_all(Cluster((f"127.0.0.1:{port}", "127.0.0.1:1"), 0), 1)


def test_workers_with_different_lists_are_rejected() -> None:
    one, two, three = free_addresses(3)
    with ThreadPoolExecutor() as pool:
        both = [
            pool.submit(wait_for_all, Cluster((one, two), 0), 20),
            pool.submit(wait_for_all, Cluster((one, two, three), 1), 20),
        ]
    errors = [each.exception() for each in both]
    assert all(isinstance(error, InputError) and "same workers in the same order" in str(error) for error in errors)


def connected(worker: str) -> socket.socket:
    """Return a connection to a worker, as soon as it listens."""
    until = time.monotonic() + 60
    while True:
        with suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", int(worker.split(":")[1])))
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize(
    "content",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b'{"index": [], "workers": ["a"], "token": "b"}',
        b'{"index": 1, "workers": 5, "token": "b"}',
        b'{"index": 1, "workers": [1, 2], "token": "b"}',
        b'{"index": 1, "workers": ["a"], "token": {}}',
        b"[" * 60_000,
        b"\xff\xfe",
        b"a" * 200_000,
    ],
)
def test_other_connection_is_not_taken_for_a_worker(content: bytes) -> None:
    workers = free_addresses(2)
    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", int(workers[1].split(":")[1]))):
        waiting = pool.submit(wait_for_all, Cluster(workers, 0), 1.5)
        with connected(workers[0]) as stranger, suppress(ConnectionError):
            stranger.sendall(content)
        error = waiting.exception()
    assert "answers, but not as a worker" in str(error)


def test_connection_that_drips_does_not_hold_the_rendezvous_up() -> None:
    workers = free_addresses(2)
    with ThreadPoolExecutor() as pool, socket.create_server(("127.0.0.1", int(workers[1].split(":")[1]))):
        waiting = pool.submit(wait_for_all, Cluster(workers, 0), 1.5)
        with connected(workers[0]) as stranger, suppress(ConnectionError):
            began = time.monotonic()
            while not waiting.done() and time.monotonic() < began + 30:
                stranger.sendall(b"a")
                time.sleep(0.1)
        assert "answers, but not as a worker" in str(waiting.exception(60))
    assert time.monotonic() < began + 30
