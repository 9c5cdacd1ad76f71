"""The same work on a Dask cluster: two worker processes that hold no gradebook, one of them killed midway."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.grading.workers import NoWorkers, cluster_workers
from tests import commands
from tests.grading.a1 import PART, ROOT, environment, grade, hand_in, ledger, scores, times

PATIENCE = 600  #: s after which a run is given up that does nothing more: even a very busy machine needs a fraction


@dataclass(frozen=True)
class Cluster:
    """A scheduler and two workers on the loopback, begun in this folder as the guide says, with no course of theirs."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {**os.environ, "LRTUTORIAL_COURSE": str(elsewhere / "no-course")}

    def dask(*words: str) -> subprocess.Popen[bytes]:
        with (elsewhere / f"{words[0]}.log").open("ab") as log:
            command = [sys.executable, "-m", "dask", *words]
            return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)

    scheduler = dask("scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard")
    workers = [
        dask("worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--no-dashboard",
             "--local-directory", str(elsewhere)) for _ in range(2)
    ]  # fmt: skip
    try:
        yield Cluster(address, scheduler, workers)
    finally:
        for process in (*workers, scheduler):  # a worker says goodbye to its scheduler, which must still be there
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:  # on a busy machine; it holds nothing that could be lost
                process.kill()
                process.wait()


def test_a_lost_worker_costs_nothing(course: Path, cluster: Cluster) -> None:
    names = [f"s{index}" for index in range(6)]
    for name in names:
        hand_in(course, name, "sample_bo" if name == "s3" else "sample_ada")
    wait_for_workers(cluster.address, 2, time.monotonic() + 60)
    command = [sys.executable, "-m", "autograder", "grade", PART, "--scheduler", cluster.address]
    lost, left = cluster.workers
    with commands.start(command, cwd=ROOT, env=environment(course)) as run:
        wait(run, course, 2, [cluster.scheduler, lost, left])
        lost.send_signal(signal.SIGKILL)
        wait(run, course, None, [cluster.scheduler, left])
        done = run.wait()
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    assert f"{len(names)} graded" in printed, printed
    assert set(times(course)) == set(names)
    with ledger(course) as book:
        points = {name: sum(row["points"] for row in book.verdicts(PART) if row["student"] == name) for name in names}
    assert points.pop("s3") < 20 and set(points.values()) == {20}
    before = scores(course)
    assert f"{len(names)} graded" in grade(course, PART, "--force").stdout
    assert scores(course) == before


def wait(run: commands.Running, course: Path, graded: int | None, needed: list[subprocess.Popen[bytes]]) -> None:
    """Until a run has ended, or so many are graded; not for ever, should it wait for what never comes."""
    seen, since = -1, time.monotonic()
    while run.goes_on() and (graded is None or seen < graded):
        before, seen = seen, len(times(course))
        since = since if seen == before else time.monotonic()
        assert all(process.poll() is None for process in needed), "the scheduler or a worker that is needed has ended"
        assert time.monotonic() - since < PATIENCE, f"{seen} graded, and nothing for {PATIENCE} s: the run goes on idly"
        time.sleep(0.02 if graded else 0.5)


def wait_for_workers(address: str, count: int, deadline: float) -> None:
    """Until that many workers are with the scheduler."""
    look = (
        f"from distributed import Client\nc = Client({address!r}, timeout=20)\nc.wait_for_workers({count}, timeout=60)"
    )
    while subprocess.run([sys.executable, "-c", look], capture_output=True, check=False).returncode:
        assert time.monotonic() < deadline, "the cluster did not start"


def test_a_scheduler_that_is_not_there_is_said_plainly(course: Path) -> None:
    hand_in(course, "ada")
    done = grade(course, PART, "--scheduler", "tcp://127.0.0.1:9")
    assert done.returncode == 1 and "127.0.0.1:9" in done.stderr and "Traceback" not in done.stderr


def test_a_worker_that_does_not_find_the_grader_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Client(contextlib.AbstractContextManager[object]):
        def __init__(self, address: str, timeout: float) -> None: ...

        def __exit__(self, *_: object) -> None: ...

        def run_on_scheduler(self, look: object, words: str) -> None: ...

        def nthreads(self) -> dict[str, int]:
            return {"tcp://10.0.0.2:4": 1, "tcp://10.0.0.3:5": 1}

        def run(self, look: object, words: str, on_error: str) -> dict[str, object]:
            return {"tcp://10.0.0.2:4": None, "tcp://10.0.0.3:5": ModuleNotFoundError("No module named 'autograder'")}

    monkeypatch.setattr("distributed.Client", Client)
    with pytest.raises(NoWorkers, match="worker at tcp://10.0.0.3:5 doesn't find the grader"):
        with cluster_workers("tcp://10.0.0.1:8786"):
            pass


def test_a_scheduler_begun_where_no_grader_is_to_be_found_is_told_where_to_begin(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (tmp_path / "log").open("ab") as log:
        scheduler = subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=log, stderr=log)
    try:
        with pytest.raises(NoWorkers, match="start it in this folder with `python -m dask scheduler`"):
            with cluster_workers(f"tcp://127.0.0.1:{port}"):
                pass
    finally:
        scheduler.kill()
        scheduler.wait()
