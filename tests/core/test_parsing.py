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
from lrtutorial.answers.parsing import children, nodes, parsed, shared


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


def test_all_nodes_of_a_tree_are_found_in_the_order_of_a_walk() -> None:
    """All but the contexts of names; ``ast.walk`` and ``ast.iter_child_nodes`` are the oracle."""
    kinds = set()
    for path in sorted((Path(lrtutorial.problems.__file__).parent / "kinds").rglob("*.py")):
        tree = parsed(path.read_text(encoding="utf-8"))
        walked = [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
        assert nodes(tree) == walked, path
        for node in walked:
            below = [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.expr_context)]
            assert list(children(node)) == below, path
        kinds |= {type(node) for node in walked}
    assert len(kinds) > 60


def test_every_kind_of_node_that_may_hold_nodes_is_looked_into() -> None:
    source = """
async def f(a, /, b: int = 1, *c, d=2, **e) -> int:
    global g
    async with a as (x, *y): await b
    async for z in c: yield z
    match a:
        case {"k": [1, *rest], **more} | C(1, at=None) as whole if b: return lambda q=1: (q := q)
    try: raise E from c
    except* (E, F) as error: del a[1:2, ...]
    else: assert a, b
    finally: a.b += f"{a!r:>{b}}" if not a else {**c, 1: 2}
    return [i async for i in a if i], {j for j in b}, {k: v for k, v in c}, (1 < 2 <= 3), -a @ b
class C(B, metaclass=M):
    x: int = 1
    nonlocal_ = [*a]
"""
    tree = ast.parse(source)
    assert nodes(tree) == [node for node in ast.walk(tree) if not isinstance(node, ast.expr_context)]
    assert shared(source) is shared(source)
