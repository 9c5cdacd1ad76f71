"""Python source as a tree."""

from __future__ import annotations

import ast
import threading
import warnings
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, overload

TRIES = 20  #: at a tree that another thread spoils
_NO_TREES = {"ctx", "id", "attr", "lineno", "type_comment", "kind", "conversion", "level", "module", "simple"}
_one_at_a_time = threading.Lock()


@overload
def parsed(source: str) -> ast.Module: ...
@overload
def parsed(source: str, mode: Literal["eval"]) -> ast.Expression: ...
def parsed(source: str, mode: Literal["exec", "eval"] = "exec") -> ast.Module | ast.Expression:
    """Return ``ast.parse(source, mode=mode)``, without warnings of what is odd in it (an invalid escape in a string).

    One thread at a time: some releases of Python 3.11 and 3.12 count the depth of all trees being built in one number
    (CPython issue 106905), so that two threads make each other fail with SystemError. A library's thread may still
    build one meanwhile: then once more. Filters of warnings are shared by threads, too.

    Raises what ``ast.parse`` raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for left in reversed(range(TRIES)):
            try:
                return ast.parse(source, mode="eval") if mode == "eval" else ast.parse(source)
            except SystemError:
                if not left:
                    raise
        raise AssertionError("unreachable")


@lru_cache(maxsize=128)
def shared(source: str) -> ast.Module:
    """Return what :func:`parsed` does, the same tree each time: it must not be changed."""
    return parsed(source)


def nodes(tree: ast.AST) -> list[ast.AST]:
    """Return all nodes of a tree, outer ones first, as ``ast.walk`` does in three times the time.

    Left out are the contexts of names (``ast.Load`` and its like), which their names hold.
    """
    found = [tree]
    for node in found:  # it grows
        for name in _parts(type(node)):
            part = getattr(node, name, None)
            if isinstance(part, list):
                found += [one for one in part if isinstance(one, ast.AST)]
            elif isinstance(part, ast.AST):
                found.append(part)
    return found


def children(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes directly below one, as :func:`nodes` finds them."""
    for name in _parts(type(node)):
        part = getattr(node, name, None)
        if isinstance(part, list):
            yield from (one for one in part if isinstance(one, ast.AST))
        elif isinstance(part, ast.AST):
            yield part


def _parts(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a kind of node that may hold nodes."""
    if kind not in _known:
        _known[kind] = tuple(name for name in kind._fields if name not in _NO_TREES)
    return _known[kind]


_known: dict[type[ast.AST], tuple[str, ...]] = {}
