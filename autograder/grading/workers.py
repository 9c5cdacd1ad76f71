"""Who grades: threads here, each with a jailed kernel, or a Dask cluster."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor

from traitlets.config import Config

from autograder.grading.assignment import Assignment
from autograder.grading.one import TRIES
from autograder.jail import JailedProvisioner, JailError


@contextlib.contextmanager
def local_workers(count: int, warm_for: Assignment | None = None) -> Iterator[Executor]:
    """An executor of threads: each drives one jailed kernel, all forked from a warm process.

    Those for ``warm_for`` start at once, beside each other. Left by an exception (Ctrl-C), it ends the kernels at once.
    """
    executor = ThreadPoolExecutor(count, thread_name_prefix="grading")
    gc.freeze()  # or the collector looks at all that was imported again and again
    try:
        if warm_for is not None:
            for profile in warm_for.profiles:
                threading.Thread(target=_warm_up, args=(warm_for.config, profile), daemon=True).start()
        yield executor
    except BaseException:
        from autograder.jail import nursery

        executor.shutdown(wait=False, cancel_futures=True)
        nursery.close_all()
        raise
    finally:
        executor.shutdown(wait=True)
        gc.unfreeze()


def _warm_up(config: Config, profile: str) -> None:
    with contextlib.suppress(JailError):  # the kernel that needs it says why
        JailedProvisioner(config=config, profile=profile).zygote()


@contextlib.contextmanager
def cluster_workers(address: str) -> Iterator[tuple[Executor, int]]:
    """A Dask cluster's executor, and how many notebooks to keep there. Raises OSError when there is no scheduler."""
    from distributed import Client

    with Client(address, timeout=20) as client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise RuntimeError(f"the scheduler at {address} has no workers: start some with `dask worker {address}`")
        yield client.get_executor(pure=False, retries=TRIES), 2 * threads
