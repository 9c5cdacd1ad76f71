"""What all tests share: tools that may be missing, groups that stay on one worker, libraries' settings."""

from __future__ import annotations

import gc
import importlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

IN_CI = bool(os.environ.get("CI"))
HERE = Path(__file__).parent

# Folders whose tests share something heavy (a JupyterLab, a book, what kernels are forked from), made once in each
# worker.
GROUPED_FOLDERS = {"book", "browser", "jail"}
# Fixtures for which the same holds, of a session: who asks for one of them stays together, whatever the module.
DEAR = {"planted", "sample_class"}
# An experiment of Part C, and the kernel of an exercise's notebook, run once for all tests that ask it: those of an
# exercise stay together.
EXERCISE = re.compile(r"(?:test_|\[|-)([abc][1-6])(?=[-_\]])")
# Folders whose tests need a browser, a server, a kernel or a graded class; single modules say `pytest.mark.whole`.
WHOLE_FOLDERS = {"attack", "book", "browser", "desk", "fuzz", "grading", "jail", "notebooks"}

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so in a background job, and in all it starts
    signal.signal(signal.SIGINT, signal.default_int_handler)

sys.modules.setdefault("rfc3987_syntax", None)  # as autograder does it, whoever imports nbformat first: 1.5 s
os.environ.setdefault("MPLBACKEND", "agg")
os.environ["LRTUTORIAL_PROGRESS"] = "off"  # a test that is about progress names a file of its own
os.environ.setdefault("OMP_NUM_THREADS", "1")  # two workers of two threads each are slower

# No time limits on examples: the machine may be busy.
# In CI the same examples each time, so that a failure is the commit's.
settings.register_profile("course", deadline=None, derandomize=IN_CI, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("course")


@pytest.fixture(autouse=True)
def no_figure_is_left_to_the_next_test() -> Iterator[None]:
    """pyplot belongs to the whole process: what one test leaves open another would find."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test marked `requires_tool("chromium", ...)` when one of the programs is not on the PATH."""
    _ask_alembics_library()
    for mark in item.iter_markers("requires_tool"):
        missing = [name for name in mark.args if shutil.which(name) is None]
        if missing:
            pytest.skip(f"needs {' and '.join(missing)} on the PATH")


def _ask_alembics_library() -> None:
    """As tests/forked.py does it for commands, once nbgrader is imported."""
    api = sys.modules.get("nbgrader.api")
    if api is not None and api.get_alembic_version.__module__ == api.__name__:
        from tests.forked import ask_alembics_library  # not above: this file is tried out alone, too

        ask_alembics_library()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make quick` leaves whole folders out: it need not import what they need either."""
    return True if config.option.markexpr == "not whole" and collection_path.name in WHOLE_FOLDERS else None


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares something heavy on one worker of `-n 3 --dist loadgroup`; mark what `make quick` leaves out."""
    for item in items:
        folder = item.path.relative_to(HERE).parts[0]
        if folder in WHOLE_FOLDERS:
            item.add_marker("whole")
        shared = folder == "part_c" or item.path.name == "test_notebooks.py"
        if shared and (exercise := EXERCISE.search(item.name)):
            item.add_marker(pytest.mark.xdist_group(exercise[1]))
        elif folder == "part_c" and item.get_closest_marker("whole"):  # the experiments of no one exercise
            item.add_marker(pytest.mark.xdist_group(folder))
        dear = DEAR & set(getattr(item, "fixturenames", ()))
        if dear and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("-".join(sorted(dear))))
        if folder in GROUPED_FOLDERS and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(folder))
        if item.get_closest_marker("whole") and item.get_closest_marker("xdist_group") is None and _shares(item):
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(HERE).as_posix()))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays: the collector of garbage need not look at it, now or again and again.

    It comes seldom to what tests leave: their garbage is small beside what a worker holds.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.set_threshold(20_000, 20, 20)
        gc.enable()


def pytest_collection_finish() -> None:
    """torch's first optimizer loads the compiler and uses nothing of it: a second in every worker. So graders do it."""
    if "torch" in sys.modules:
        importlib.import_module("autograder.jail.uncompiled")  # not above: this file is tried out alone, too


def _shares(item: pytest.Item) -> bool:
    """Whether a test asks for what is made once for its module: on two workers it would be made twice."""
    known = item._fixtureinfo.name2fixturedefs  # type: ignore[attr-defined]  # pytest tells it nowhere else
    return any(found[-1].scope == "module" for found in known.values())


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With CI set, a skipped test is a failure: a missing tool must not look like a pass."""
    return _fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    return _fail_if_skipped((yield))


def _fail_if_skipped(report):
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"With CI set no test may be skipped, and this one was. {reason}"
    return report
