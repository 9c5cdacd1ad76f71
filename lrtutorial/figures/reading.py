"""A figure as evidence: read as plain data, and read back with bounds."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from lrtutorial.answers.arrays import Malformed, pack, unpack

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes as Drawn
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

Plain = dict[str, Any]  #: evidence of a figure, as JSON


class Curve(TypedDict):
    """A line of a figure, or points that are drawn as one."""

    label: str
    x: np.ndarray
    y: np.ndarray


class Axes(TypedDict):
    """What one axes of a figure shows."""

    xlabel: str
    ylabel: str
    title: str
    xscale: str
    yscale: str
    lines: list[Curve]


MAX_AXES, MAX_LINES, MAX_POINTS, MAX_TEXT = 8, 40, 5000, 200


def read_figure(figure: Figure) -> Plain:
    """Return what a figure shows, as JSON-able data: for each of its axes the labels, the scales, and every line.

    ``{"axes": [{"xlabel", "ylabel", "title", "xscale", "yscale", "lines": [{"label", "x": array, "y": array}]}]}``
    """
    return {"axes": [_read_axes(ax) for ax in figure.axes[:MAX_AXES]]}


def _read_axes(ax: Drawn) -> Plain:
    texts = {"xlabel": ax.get_xlabel(), "ylabel": ax.get_ylabel(), "title": ax.get_title()}
    scales = {"xscale": ax.get_xscale(), "yscale": ax.get_yscale()}
    named, lines = _named_by_legend(ax), []
    for line in ax.lines[:MAX_LINES]:
        x, y = (np.asarray(values, dtype=np.float64)[:MAX_POINTS] for values in line.get_data(orig=False))
        lines.append({"label": _label_of(line, named), "x": pack(x), "y": pack(y)})
    for cloud in _clouds(ax)[: MAX_LINES - len(lines)]:  # a curve may be drawn as points
        points = _points(cloud.get_offsets())[:MAX_POINTS]
        if len(points) > MARKS_AT_ONCE:
            lines.append({"label": _label_of(cloud, named), "x": pack(points[:, 0]), "y": pack(points[:, 1])})
    return {**{key: str(text)[:MAX_TEXT] for key, text in (texts | scales).items()}, "lines": lines}


def _legends(ax: Drawn) -> list[Legend]:
    return [legend for legend in (ax.get_legend(), *ax.figure.legends) if legend is not None]


def _named_by_legend(ax: Drawn) -> dict[str, str]:
    """Return {colour: text} of legend entries: a legend may name lines that have no labels of their own."""
    from matplotlib.colors import to_hex

    found: dict[str, str] = {}
    for legend in _legends(ax):
        for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=False):
            if handle is not None and hasattr(handle, "get_color"):
                with contextlib.suppress(ValueError, TypeError):
                    found.setdefault(to_hex(handle.get_color()), str(text.get_text()))
    return found


def _label_of(artist: Artist, named: Mapping[str, str]) -> str:
    from matplotlib.colors import to_hex

    label = str(artist.get_label())
    if label.startswith("_") and hasattr(artist, "get_color"):
        with contextlib.suppress(ValueError, TypeError):
            label = named.get(to_hex(artist.get_color()), label)
    return label[:MAX_TEXT]


def _clouds(ax: Drawn) -> list[PathCollection]:
    from matplotlib.collections import PathCollection

    return [item for item in ax.collections if isinstance(item, PathCollection)]


def _points(values: object) -> np.ndarray:
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan).reshape(-1, 2)


def figure_from(data: object) -> list[Axes]:
    """Return the axes of a figure that :func:`read_figure` read, lines as arrays.

    Raises Malformed for anything else.
    """
    axes = data.get("axes") if isinstance(data, Mapping) else None
    if not isinstance(axes, list) or len(axes) > MAX_AXES:
        raise Malformed("a figure was expected")
    return [_axes_from(one) for one in axes]


def _axes_from(data: object) -> Axes:
    texts = ("xlabel", "ylabel", "title", "xscale", "yscale")
    if not isinstance(data, Mapping) or set(data) != {*texts, "lines"} or not isinstance(data["lines"], list):
        raise Malformed("a figure did not arrive whole")
    if (
        not all(isinstance(data[key], str) and len(data[key]) <= MAX_TEXT for key in texts)
        or len(data["lines"]) > MAX_LINES
    ):
        raise Malformed("a figure did not arrive whole")
    lines: list[Curve] = []
    for line in data["lines"]:
        if not isinstance(line, Mapping) or set(line) != {"label", "x", "y"} or not isinstance(line["label"], str):
            raise Malformed("a line of a figure did not arrive whole")
        x, y = unpack(line["x"]), unpack(line["y"])
        if x.ndim != 1 or x.shape != y.shape or len(x) > MAX_POINTS:
            raise Malformed("a line of a figure has the wrong shape")
        lines.append({"label": line["label"], "x": x, "y": y})
    xlabel, ylabel, title, xscale, yscale = (data[key] for key in texts)
    return Axes(xlabel=xlabel, ylabel=ylabel, title=title, xscale=xscale, yscale=yscale, lines=lines)


# ----------------------------------------------------------------------------------------- contour maps

MAX_CONTOURS, MAX_MARKS, MARKS_AT_ONCE = 30, 100, 4


def read_map(figure: Figure) -> list[Plain]:
    """Return what makes each axes of a figure a contour map, as JSON-able data.

    ``[{"aspect": "1.0" or "auto", "legend": [text], "marks": array (n, 2) of points drawn with a marker, few at once,
    "begins": array (n, 2) of the first points of paths with markers,
    "contours": [array (n, 2) of points along one contour line],
    "bands": [array (n, 2) of points round one filled band, from the lowest up],
    "filled": number of filled contour sets}]``
    """
    return [_read_map(ax) for ax in figure.axes[:MAX_AXES]]


def _read_map(ax: Drawn) -> Plain:
    from matplotlib.contour import ContourSet
    from matplotlib.text import Annotation

    texts = [text for legend in _legends(ax) for text in legend.get_texts()]
    sets = [item for item in ax.collections if isinstance(item, ContourSet)]
    paths = [np.asarray(path.vertices) for item in sets if not item.filled for path in item.get_paths()]
    contours = [path[:: max(1, len(path) // 40)] for path in paths if len(path)]
    bands = [np.asarray(path.vertices) for item in sets if item.filled for path in item.get_paths()]
    drawn = [item.get_offsets() for item in _clouds(ax)]
    drawn += [line.get_xydata() for line in ax.lines if str(line.get_marker()) not in ("None", "", " ")]
    drawn += [[item.xy] for item in ax.texts if isinstance(item, Annotation)]
    points = [_points(item) for item in drawn]
    marks = [item for item in points if len(item) <= MARKS_AT_ONCE]
    begins = [item[:1] for item in points if len(item) > MARKS_AT_ONCE]
    return {
        "aspect": str(ax.get_aspect()),
        "legend": [str(text.get_text())[:MAX_TEXT] for text in texts[:MAX_LINES]],
        "marks": pack(np.concatenate([np.zeros((0, 2)), *marks])[:MAX_MARKS]),
        "begins": pack(np.concatenate([np.zeros((0, 2)), *begins])[:MAX_MARKS]),
        "contours": [pack(np.asarray(path, dtype=np.float64)[:80]) for path in contours[:MAX_CONTOURS]],
        "bands": [
            pack(np.asarray(path, dtype=np.float64)[:: max(1, len(path) // 60)][:80]) for path in bands[:MAX_CONTOURS]
        ],
        "filled": sum(bool(item.filled) for item in sets),
    }


def map_from(data: object) -> list[Plain]:
    """Return what :func:`read_map` read, with arrays. Raises Malformed for anything else."""
    if not isinstance(data, list) or len(data) > MAX_AXES:
        raise Malformed("a contour map was expected")
    return [_map_from(one) for one in data]


def _map_from(data: object) -> Plain:
    keys = {"aspect", "legend", "marks", "begins", "contours", "bands", "filled"}
    if not isinstance(data, Mapping) or set(data) != keys:
        raise Malformed("a contour map did not arrive whole")
    legend, contours = data["legend"], data["contours"]
    bands = data["bands"]
    if not all(isinstance(one, list) and len(one) <= MAX_CONTOURS for one in (contours, bands)):
        raise Malformed("a contour map did not arrive whole")
    if not isinstance(legend, list):
        raise Malformed("a contour map did not arrive whole")
    if len(legend) > MAX_LINES or not all(isinstance(text, str) for text in [data["aspect"], *legend]):
        raise Malformed("a contour map did not arrive whole")
    filled = data["filled"]
    if not isinstance(filled, int) or isinstance(filled, bool):
        raise Malformed("a contour map did not arrive whole")
    arrays = [unpack(array) for array in (data["marks"], data["begins"], *contours, *bands)]
    if any(array.ndim != 2 or array.shape[1] != 2 or array.dtype != np.float64 for array in arrays):
        raise Malformed("points of a contour map have the wrong shape")
    paths = arrays[2:]
    shapes = {"contours": paths[: len(contours)], "bands": paths[len(contours) :]}
    return {**data, "marks": arrays[0], "begins": arrays[1], **shapes}
