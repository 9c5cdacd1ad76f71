"""Plotting that draws nothing: what pyplot is asked for is noted, and anything is accepted."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache

import numpy as np

Call = tuple[str, list[object], dict[str, object]]


class _Anything:
    """Stands for figures, axes and lines: has every attribute, and each is a method whose call is noted."""

    def __init__(self, calls: list[Call], name: str = "") -> None:
        self._calls, self._name = calls, name

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Anything(self._calls, f"{self._name}.{name}")

    def __call__(self, *args: object, **kwargs: object) -> object:
        named = {key: _plain(value) for key, value in kwargs.items()}
        self._calls.append((self._name, [_plain(value) for value in args], named))
        return _Anything(self._calls, self._name)

    def __getitem__(self, _: object) -> _Anything:
        return self

    def __iter__(self) -> Iterator[_Anything]:
        return iter((self,))  # ``line, = ax.plot(…)``

    def __enter__(self) -> _Anything:
        return self

    def __exit__(self, *_: object) -> None:
        return None


def _plain(value: object) -> object:
    """Return a value that two calls can be compared by: arrays as lists, figures and axes by their names."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, _Anything):
        return value._name
    return list(value) if isinstance(value, list | tuple) else value


@contextlib.contextmanager
def undrawn() -> Iterator[list[Call]]:
    """Replace pyplot's functions inside the block, and yield what is called there: names, arguments in order."""
    import matplotlib.pyplot as plt

    before, stand_ins, calls = _stand_ins()
    calls.clear()
    vars(plt).update(stand_ins)
    try:
        yield calls
    finally:
        vars(plt).update(before)


@lru_cache(maxsize=1)  # a block takes microseconds so
def _stand_ins() -> tuple[dict[str, object], dict[str, object], list[Call]]:
    """Return pyplot's functions by name, what stands for each, and where calls are noted."""
    import matplotlib.pyplot as plt

    calls: list[Call] = []
    before = {name: value for name, value in vars(plt).items() if _draws(name, value)}
    axes = _Anything(calls, "axes")

    def subplots(*args: object, **kwargs: object) -> tuple[object, object]:
        calls.append(("subplots", [_plain(value) for value in args], dict(kwargs)))
        return axes, axes

    return before, {name: _Anything(calls, name) for name in before} | {"subplots": subplots}, calls


def _draws(name: str, value: object) -> bool:
    """Whether a name of pyplot is one of its functions, which a cell may call."""
    return callable(value) and not isinstance(value, type) and not name.startswith("_")
