"""Who grades: threads here, each with a jailed kernel, or a Dask cluster."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from traitlets.config import Config

from autograder.grading.executor import TrustedExecute
from autograder.grading.one import TRIES
from autograder.jail import JailedProvisioner, JailError, nursery
from autograder.jail.shell import ready
from lrtutorial.advice import Advice

OFTEN = 200  #: notebooks from which on a zygote's getting ready to be forked often is worth its time
LOOK = "import autograder.grading.one"  #: what scheduler and workers have to find
AHEAD = 1  #: shells of each kind that are ready before somebody needs one: one is made while the last one works


class NoWorkers(Advice, RuntimeError):
    """The cluster has nobody to grade."""


@dataclass(frozen=True)
class Workers:
    """Whom work is given to, and how much of it at once, so that memory doesn't grow with the class."""

    executor: Executor
    at_once: int
    travels: bool = False  #: to machines without the course folder
    #: Before the first work, if there is any: what profiles it runs in, and how many notebooks there are.
    warm_up: Callable[[Config, Iterable[str], int], None] = lambda config, profiles, notebooks: None


class _Here(Executor):
    """Does what it is given at once, in the thread that gives it."""

    def submit(self, fn: Callable[..., object], /, *args: object, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


HERE = Workers(_Here(), 1)  #: one notebook after the other, as nbgrader's own command does


@contextlib.contextmanager
def local_workers(count: int) -> Iterator[Workers]:
    """Threads: each drives one jailed kernel, all forked from a warm process.

    Left by an exception (Ctrl-C), it ends the kernels at once.
    """
    executor = ThreadPoolExecutor(count, thread_name_prefix="grading")
    gc.freeze()  # or the collector looks at all that was imported again and again
    try:
        with ready.keep(AHEAD):
            yield Workers(executor, count + 1, warm_up=_warm_up_aside)
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)
        nursery.close_all()
        raise
    finally:
        executor.shutdown(wait=True)
        gc.unfreeze()


def _warm_up_aside(config: Config, profiles: Iterable[str], notebooks: int) -> None:
    threading.Thread(target=_warm_up, args=(config, profiles, notebooks), daemon=True).start()


def _warm_up(config: Config, profiles: Iterable[str], notebooks: int) -> None:
    """Start a zygote for each profile, that with the fewest modules first: the others are forked from it."""
    shell = not config.TrustedExecute.get("stock_kernel", TrustedExecute.stock_kernel.default_value)
    with contextlib.suppress(JailError):  # the kernel that needs it says why
        settings = [JailedProvisioner(config=config, profile=profile) for profile in profiles]
        for one in sorted(settings, key=lambda one: len(one.chosen_profile().preload)):
            one.zygote(shell=shell, often=notebooks >= OFTEN)


@contextlib.contextmanager
def cluster_workers(address: str) -> Iterator[Workers]:
    """A Dask cluster's workers. Raises NoWorkers when there is no scheduler, or none of them, or no grader there."""
    from distributed import Client

    with contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(Client(address, timeout=20))
        except (OSError, ValueError) as error:  # nobody there, or no address
            raise NoWorkers(
                f"no scheduler can be reached at {address!r} ({str(error)[:200]}): expected an address such as "
                "tcp://127.0.0.1:8786; start one in this folder with `python -m dask scheduler`"
            ) from error
        try:  # else each notebook would fail on it by itself
            client.run_on_scheduler(exec, LOOK)
        except ImportError as error:
            raise NoWorkers(
                f"the scheduler at {address} doesn't find the grader ({error}): start it in this folder with "
                "`python -m dask scheduler`"
            ) from error
        threads = sum(client.nthreads().values())
        if not threads:
            raise NoWorkers(
                f"the scheduler at {address} has no workers: start some in this folder with `python -m dask worker "
                f"{address}`"
            )
        for worker, came in client.run(exec, LOOK, on_error="return").items():
            if isinstance(came, ImportError):
                raise NoWorkers(
                    f"the worker at {worker} doesn't find the grader ({came}): start it in a copy of this folder with "
                    f"`python -m dask worker {address}`"
                )
        yield Workers(client.get_executor(pure=False, retries=TRIES), 2 * threads, travels=True)
