"""Parsing in many threads at once, as grading does."""

from __future__ import annotations

import ast
import gc
import threading
import time
import warnings
from pathlib import Path

import pytest

import lrtutorial.problems
from lrtutorial.answers.parsing import parsed


def test_threads_that_parse_at_the_same_time_do_not_disturb_each_other() -> None:
    """Threads change places while a tree is built, which fails without the lock on the Pythons that have the fault."""
    source, failures = Path(lrtutorial.problems.__file__).read_text(), []

    def work() -> None:
        try:
            for _ in range(10):
                parsed(source)
        except Exception as error:
            failures.append(error)

    def pause(phase: str, info: dict[str, int]) -> None:
        time.sleep(0.0002)

    before = gc.get_threshold()
    gc.callbacks.append(pause)
    gc.set_threshold(200)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(pause)
    assert not failures


def test_it_is_ast_parse_without_its_warnings() -> None:
    odd = "x = '\\d'"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ast.dump(parsed(odd)) == ast.dump(ast.parse("x = '\\\\d'"))
        assert isinstance(parsed("a + b", mode="eval").body, ast.BinOp)
    with pytest.raises(SyntaxError):
        parsed("x = = 2")
