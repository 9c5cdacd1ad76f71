"""Figures: plotting is watched here; the modules read figures as evidence and in words, and hold the colours."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def watched() -> Iterator[list[Figure]]:
    """Collect every figure made inside the block, shown, closed or not. Nothing is displayed, none is left
    open.

    Figures that were open before are out of sight inside and back afterwards, so that ``plt.plot`` without
    ``plt.figure`` can't draw on one of them. pyplot belongs to the whole process: threads (a grader's, at work on
    references) take turns.
    """
    from unittest import mock  # the book's Python has none, and needs this package for its colours

    import matplotlib.pyplot as plt
    from matplotlib._pylab_helpers import Gcf
    from matplotlib.figure import Figure

    made: list[Figure] = []
    begin = Figure.__init__

    def noted(self: Figure, *args: Any, **kwargs: Any) -> None:
        begin(self, *args, **kwargs)
        made.append(self)

    plt.get_fignums()  # makes sure that a backend is loaded before it is watched
    with (
        _one_at_a_time,
        mock.patch.object(Figure, "__init__", noted),
        mock.patch.object(Figure, "show", lambda self, *args, **kwargs: None),
        mock.patch.object(plt, "show", lambda *args, **kwargs: None),
        mock.patch.object(plt._get_backend_mod(), "show", lambda *args, **kwargs: None),
        mock.patch.object(Gcf, "figs", OrderedDict()),
    ):
        try:
            yield made
        finally:
            plt.close("all")
