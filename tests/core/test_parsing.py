"""Parsing in many threads at once, as grading does."""

from __future__ import annotations

import ast
import contextlib
import gc
import re
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest

import lrtutorial.problems
from lrtutorial.answers.parsing import parsed


@pytest.mark.parametrize("others", [parsed, ast.parse], ids=["all of them by ours", "some by a library's"])
def test_threads_that_parse_at_the_same_time_do_not_disturb_each_other(others: Callable[[str], object]) -> None:
    """Threads change places while a tree is built, which fails without the lock on the Pythons that have the fault."""
    source, failures = Path(lrtutorial.problems.__file__).read_text(), []

    def work() -> None:
        try:
            for _ in range(10):
                parsed(source)
        except Exception as error:
            failures.append(error)

    def beside() -> None:
        for _ in range(10):
            with contextlib.suppress(SystemError):
                others(source)

    def pause(phase: str, info: dict[str, int]) -> None:
        time.sleep(0.0002)

    before = gc.get_threshold()
    gc.callbacks.append(pause)
    gc.set_threshold(200)
    try:
        threads = [threading.Thread(target=target) for target in (work, work, beside, beside)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(pause)
    assert not failures


def test_nobody_parses_beside_it() -> None:
    """A thread that calls ``ast.parse`` itself makes others fail; once a run for a whole class ended so."""
    root = Path(lrtutorial.problems.__file__).parents[1]
    files = [path for package in ("autograder", "lrtutorial") for path in (root / package).rglob("*.py")]
    files = [path for path in files if root / "autograder" / "course" not in path.parents]  # what was handed in
    own = {path.name for path in files if re.search(r"\bast\.(parse|literal_eval)\(", path.read_text("utf-8"))}
    assert len(files) > 100 and own == {"parsing.py"}


def test_it_is_ast_parse_without_its_warnings() -> None:
    odd = "x = '\\d'"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ast.dump(parsed(odd)) == ast.dump(ast.parse("x = '\\\\d'"))
        assert isinstance(parsed("a + b", mode="eval").body, ast.BinOp)
    with pytest.raises(SyntaxError):
        parsed("x = = 2")
