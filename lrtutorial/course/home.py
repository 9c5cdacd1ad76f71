"""Which course this process is about, by the name of the module that holds it as ``COURSE``.

Everything else asks :func:`lrtutorial.course.current`; this is only the name, for what lies below the course.
"""

from __future__ import annotations

import os

#: Read when a process begins, so that workers and kernels are about the course of who started them.
VARIABLE = "LRTUTORIAL_EXERCISES"
_home = os.environ.get(VARIABLE) or "lrtutorial.exercises"


def home() -> str:
    """Return the name of the module whose ``COURSE`` is the current one."""
    return _home


def package() -> str:
    """Return the package of the current course: its folder ``recorded/`` holds what checks compare with.

    >>> package()
    'lrtutorial'
    """
    return _home.partition(".")[0]


def use(module: str) -> None:
    """Make the ``COURSE`` of a module the current one, in this process and in those it starts."""
    global _home
    _home = os.environ[VARIABLE] = module
