"""The learning-rate course: checks that answer like a tutor, hints, live pictures.

>>> from lrtutorial import check, hint, explore

Importing this package is quick: NumPy, SymPy, Matplotlib, torch and the widgets load when they are first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {  # public name: the module that defines it
    "check": "lrtutorial.checking",
    "hint": "lrtutorial.checking",
    "derivation": "lrtutorial.formulas.derivations",
    "compare": "lrtutorial.checking.predictions",
    "draw": "lrtutorial.checking.pad",
    "calibration": "lrtutorial.checking.calibration",
    "reveal": "lrtutorial.checking.written",
    "course_map": "lrtutorial.checking.overview",
    "keep_progress": "lrtutorial.checking.overview",
    "explore": "lrtutorial.explorer",
    "plot_trajectories": "lrtutorial.plots",
    "plot_schedule": "lrtutorial.plots",
    "plot_range_test": "lrtutorial.plots",
}
_MODULES = ("symbols", "problems", "plots")
__all__ = [*_HOMES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name in _MODULES:
        return import_module(f"lrtutorial.{name}")
    raise AttributeError(f"module 'lrtutorial' has no attribute {name!r}; it has {', '.join(sorted(__all__))}")


if "IPython" in sys.modules:  # a notebook's figures carry alt text, the student's own too
    import_module("lrtutorial.figures.alt_text").describe_figures()


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
