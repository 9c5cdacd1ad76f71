"""Figures as evidence: watch a student's plotting, and read the figure object as plain data (B3, B4, B5)."""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from lrtutorial.arrays import Malformed, pack, unpack

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAX_AXES, MAX_LINES, MAX_POINTS, MAX_TEXT = 8, 40, 5000, 200


@contextlib.contextmanager
def watched() -> Iterator[list[Figure]]:
    """Collect every figure made inside the block, shown, closed or not. Nothing is displayed, none is left open.

    Figures that were open before are out of sight inside and back afterwards, so that ``plt.plot`` without
    ``plt.figure`` can't draw on one of them.
    """
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


def read_figure(figure: Figure) -> dict[str, Any]:
    """Return what a figure shows, as JSON-able data: for each of its axes the labels, the scales, and every line.

    ``{"axes": [{"xlabel", "ylabel", "title", "xscale", "yscale", "lines": [{"label", "x": array, "y": array}]}]}``
    """
    return {"axes": [_read_axes(ax) for ax in figure.axes[:MAX_AXES]]}


def _read_axes(ax: Any) -> dict[str, Any]:
    texts = {"xlabel": ax.get_xlabel(), "ylabel": ax.get_ylabel(), "title": ax.get_title()}
    scales = {"xscale": ax.get_xscale(), "yscale": ax.get_yscale()}
    lines = []
    for line in ax.lines[:MAX_LINES]:
        x, y = (np.asarray(values, dtype=np.float64)[:MAX_POINTS] for values in line.get_data(orig=False))
        lines.append({"label": str(line.get_label())[:MAX_TEXT], "x": pack(x), "y": pack(y)})
    return {**{key: str(text)[:MAX_TEXT] for key, text in (texts | scales).items()}, "lines": lines}


def figure_from(data: object) -> list[dict[str, Any]]:
    """Return the axes of a figure that :func:`read_figure` read, lines as arrays. Raises Malformed for anything else."""
    axes = data.get("axes") if isinstance(data, Mapping) else None
    if not isinstance(axes, list) or len(axes) > MAX_AXES:
        raise Malformed("a figure was expected")
    return [_axes_from(one) for one in axes]


def _axes_from(data: object) -> dict[str, Any]:
    texts = ("xlabel", "ylabel", "title", "xscale", "yscale")
    if not isinstance(data, Mapping) or set(data) != {*texts, "lines"} or not isinstance(data["lines"], list):
        raise Malformed("a figure did not arrive whole")
    if not all(isinstance(data[key], str) and len(data[key]) <= MAX_TEXT for key in texts) or len(data["lines"]) > MAX_LINES:
        raise Malformed("a figure did not arrive whole")
    lines = []
    for line in data["lines"]:
        if not isinstance(line, Mapping) or set(line) != {"label", "x", "y"} or not isinstance(line["label"], str):
            raise Malformed("a line of a figure did not arrive whole")
        x, y = unpack(line["x"]), unpack(line["y"])
        if x.ndim != 1 or x.shape != y.shape or len(x) > MAX_POINTS:
            raise Malformed("a line of a figure has the wrong shape")
        lines.append({"label": line["label"], "x": x, "y": y})
    return {**{key: data[key] for key in texts}, "lines": lines}
