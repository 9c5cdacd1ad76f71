"""What outlives a call or an object of an answer: kept on a class, in a default argument, in a name of the notebook.

It is a mistake of its own, told and priced as one. Before each probe what lasts is put back to what it was when the
check began, so that this mistake doesn't spoil every other run as well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FunctionType

import numpy as np

CONTAINERS = (list, dict, set, np.ndarray)
Held = tuple[object, str, object]  #: an owner (or a dictionary of names), a name in it, and its value


def as_new(answer: object) -> Callable[[], None]:
    """Return a function that puts back what lasts beside ``answer``, a class or a function; objects stay themselves."""
    kept = []
    for owner, name, value in _lasting(answer):
        try:
            kept.append((owner, name, value, _copied(value)))
        except Exception:  # what can't be copied stays as it is
            continue

    def put_back() -> None:
        for owner, name, value, saved in kept:
            try:
                _restore(value, saved)
                owner.update({name: value}) if isinstance(owner, dict) else setattr(owner, name, value)
            except Exception:  # a read-only array, an owner that takes nothing: as good as it gets
                continue

    return put_back


@contextmanager
def afresh(answer: object) -> Iterator[Callable[[], None]]:
    """Put back at the end what a block changes beside ``answer``, whatever it raises; and before, when called."""
    put_back = as_new(answer)
    try:
        yield put_back
    finally:
        put_back()


def _lasting(answer: object) -> Iterator[Held]:
    functions = []
    if isinstance(answer, type):
        for owner in answer.__mro__[:-1]:
            for name, value in vars(owner).items():
                if isinstance(function := getattr(value, "__func__", value), FunctionType):
                    functions.append(function)
                elif not name.startswith("__") and isinstance(value, (int, float, *CONTAINERS)):
                    yield owner, name, value
    elif isinstance(answer, FunctionType):
        functions.append(answer)
    seen: set[tuple[int, str]] = set()
    for function in functions:  # grows by the functions of the same notebook that are called from there
        if any(isinstance(default, CONTAINERS) for default in function.__defaults__ or ()):
            yield function, "__defaults__", function.__defaults__
        if any(isinstance(default, CONTAINERS) for default in (function.__kwdefaults__ or {}).values()):
            yield function, "__kwdefaults__", function.__kwdefaults__
        space = function.__globals__
        for name in _names(function.__code__):
            if name not in space or (id(space), name) in seen:
                continue
            seen.add((id(space), name))
            value = space[name]
            if isinstance(value, FunctionType) and value.__globals__ is space:
                functions.append(value)
            elif isinstance(value, (int, float, *CONTAINERS)):
                yield space, name, value


def _names(code: CodeType) -> Iterator[str]:
    """Return the names that code, or a function within it, may look up outside itself."""
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _copied(value: object) -> object:
    if isinstance(value, tuple):
        return tuple(map(_copied, value))
    return copy.deepcopy(value) if isinstance(value, CONTAINERS) else value


def _restore(value: object, saved: object) -> None:
    """Give a container its contents of before; the copy stays untouched for the next time."""
    again = copy.deepcopy(saved)
    if isinstance(value, tuple) and isinstance(saved, tuple):
        for one, was in zip(value, saved, strict=True):
            _restore(one, was)
    elif isinstance(value, np.ndarray):
        value[...] = again
    elif isinstance(value, list) and isinstance(again, list):
        value[:] = again
    elif isinstance(value, dict) and isinstance(again, dict):
        value.clear()
        value.update(again)
    elif isinstance(value, set) and isinstance(again, set):
        value.clear()
        value.update(again)
