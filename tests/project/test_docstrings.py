"""Every public name says what it is: the reference in the book is made of these docstrings."""

from __future__ import annotations

import inspect
import pkgutil
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from lrtutorial.course import exercises

ROOT = Path(__file__).resolve().parents[2]
# Answers, half of them wrong on purpose and written as a student would.
ANSWERS = {f"autograder.catalogue.{name}" for name in exercises()}


def modules(package: str) -> list[str]:
    """The names of a package and of every module in it."""
    return [package, *(info.name for info in pkgutil.walk_packages([str(ROOT / package)], f"{package}."))]


def own_text(given: Any) -> str:
    """A class's or function's docstring; not a base class's, nor the signature that `dataclass` makes up."""
    text = given.__doc__ or ""
    return "" if inspect.isclass(given) and text.startswith(f"{given.__name__}(") else text


def undocumented(module: ModuleType) -> list[str]:
    """The public functions, classes, methods and properties that a module defines and that have no docstring.

    A method that overrides a documented one needs none of its own.
    """
    missing = [] if (module.__doc__ or "").strip() else [module.__name__]
    for name, thing in vars(module).items():
        defined = inspect.isfunction(thing) or inspect.isclass(thing)
        if name.startswith("_") or not defined or thing.__module__ != module.__name__:
            continue
        if not own_text(thing).strip():
            missing.append(f"{module.__name__}.{name}")
        for method, member in vars(thing).items() if inspect.isclass(thing) else ():
            called = isinstance(member, property | cached_property | classmethod | staticmethod)
            if method.startswith("_") or not (called or inspect.isfunction(member)):
                continue
            reached = getattr(thing, method)
            if getattr(reached, "__name__", "") == "<lambda>":
                continue  # a value that is a function
            if not (inspect.getdoc(reached) or "").strip():
                missing.append(f"{module.__name__}.{name}.{method}")
    return missing


@pytest.mark.parametrize("package", ["lrtutorial", "autograder"])
def test_every_public_name_has_a_docstring(package: str) -> None:
    names = [name for name in modules(package) if name not in ANSWERS]
    assert len(names) > 20
    assert [missing for name in names for missing in undocumented(import_module(name))] == []


def test_a_name_without_a_docstring_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("m", "A module.")
    monkeypatch.setitem(sys.modules, "m", module)  # where `dataclass` looks
    source = """
from dataclasses import dataclass
def said(): "What it does."
def silent(): pass
def _private(): pass
class Base:
    "A base."
    def over(self): "Documented here."
    def bare(self): pass
    @property
    def wide(self): return 1
class Derived(Base):
    def over(self): pass
@dataclass
class Made:
    x: int
"""
    exec(source, vars(module))
    assert undocumented(module) == ["m.silent", "m.Base.bare", "m.Base.wide", "m.Derived", "m.Made"]
    assert undocumented(ModuleType("empty")) == ["empty"]
