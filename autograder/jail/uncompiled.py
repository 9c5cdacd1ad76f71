"""torch without its compiler, until somebody asks for that: the first optimizer imports it, and uses nothing of it.

``torch.optim`` calls ``torch._dynamo.disable`` and ``graph_break`` at each step. Neither does anything while nothing
is compiled, and the import takes as long, and a third as much memory, as torch itself. What is asked for beyond them is
the compiler's own.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from types import ModuleType

NAME = "torch._dynamo"
Function = Callable[..., object]


class Uncompiled(ModuleType):
    """Stands for the compiler's module, and gives way to it."""

    @staticmethod
    def graph_break(msg: str = "") -> None:
        """Do nothing, as the compiler's own does outside of what is compiled."""

    @staticmethod
    def disable(
        fn: Function | None = None, recursive: bool = True, *, reason: str | None = None, wrapping: bool = True
    ) -> Function:
        """Return the function: it isn't compiled."""
        return fn if fn is not None else lambda function: function

    def __getattr__(self, name: str) -> object:
        """Load the compiler for whatever else it is asked."""
        return getattr(_compiler(self), name)


def _compiler(stand_in: ModuleType) -> ModuleType:
    if sys.modules.get(NAME) is stand_in:
        del sys.modules[NAME]
        vars(sys.modules["torch"]).pop("_dynamo", None)
    return importlib.import_module(NAME)


def install() -> bool:
    """Put the stand-in in the compiler's place; say whether it is there. Not where the compiler is loaded already."""
    if importlib.util.find_spec("torch") is None or NAME in sys.modules:
        return False
    spec = importlib.util.find_spec(NAME)
    sys.modules[NAME] = stand_in = Uncompiled(NAME)
    stand_in.__spec__ = spec
    vars(sys.modules["torch"])["_dynamo"] = stand_in
    return True


install()
