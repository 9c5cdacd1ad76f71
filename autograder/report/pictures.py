"""The report's pictures: SVG as data URIs, each with an alternative text that says what it shows.

Colours are Okabe–Ito's, and one blue from light to dark for the heat map; every number is in a table, too.
"""

from __future__ import annotations

import base64
import io
import textwrap
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

BLUE, VERMILLION, GREY = "#0072B2", "#D55E00", "#6b7280"
RANKS = 5  #: columns of the heat map
STYLE: Any = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False, "svg.hashsalt": "report"}
Data = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """A picture as it goes into an ``img``: data URI and alternative text."""

    source: str
    alt: str


def _picture(figure: Figure, alt: str) -> Picture:
    out = io.BytesIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    figure.savefig(out, format="svg", metadata=nothing)
    return Picture("data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode("ascii"), alt)


def percent(share: float | None) -> str:
    """Return a share in percent, a dash when there is none."""
    return "–" if share is None else f"{100 * share:.0f}\u00a0%"


def told(count: int | None) -> str:
    """Return a number of students, or the range in which one that is not told lies."""
    return "1–4" if count is None else str(count)


def score_histogram(part: Data) -> Picture:
    """How many students earned which share of the points of what they handed in."""
    bins = part["scores"]["bins"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 2.6), layout="constrained")
        axes = figure.subplots()
        for one in bins:
            middle, width = 50 * (one["from"] + one["to"]), 100 * (one["to"] - one["from"])
            axes.bar(middle, one["count"] or 0, width=0.92 * width, color=BLUE)
            axes.annotate(told(one["count"]), (middle, one["count"] or 0), (0, 2), textcoords="offset points",
                          ha="center", va="bottom", fontsize=8)  # fmt: skip
        if part["scores"]["median"] is not None:
            axes.axvline(100 * part["scores"]["median"], color=VERMILLION, linestyle="--", linewidth=1.5)
        axes.set(
            xlabel="percent of the points of what was handed in and graded (dashed: median)",
            ylabel="students",
            xlim=(-1, 101),
        )
        axes.set_xticks([0, 20, 40, 60, 80, 100])
        axes.margins(y=0.15)
    rows = ", ".join(f"{100 * b['from']:.0f} to {100 * b['to']:.0f} %: {told(b['count'])}" for b in bins)
    return _picture(figure, f"Histogram of scores in {part['title']}. Students by percent of points: {rows}.")


def item_dots(part: Data) -> Picture:
    """Difficulty and discrimination of every step, one row a step."""
    items = part["items"]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.9 + 0.24 * len(items)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        rows = np.arange(len(items))
        for axes, name, colour, mark in ((left, "difficulty", BLUE, "o"), (right, "discrimination", VERMILLION, "D")):
            for row, item in zip(rows, items, strict=True):
                if item[name] is not None:
                    axes.plot([0, item[name]], [row, row], color="0.85", linewidth=2, zorder=1)
                    axes.plot(item[name], row, mark, color=colour, markersize=6)
            axes.grid(axis="x", color="0.9")
            axes.set_axisbelow(True)
        left.set(xlim=(-0.02, 1.04), xlabel="mean share of the points (1: easy)")
        lowest = min([item["discrimination"] for item in items if item["discrimination"] is not None] or [0])
        right.set(xlim=(min(-0.05, lowest - 0.1), 1.0), xlabel="correlation with the rest of the part")
        right.axvline(0.2, color=GREY, linestyle=":", linewidth=1.2)
        left.set_yticks(rows, [item["id"] for item in items])
        left.invert_yaxis()
    known = [item for item in items if item["difficulty"] is not None]
    alt = f"Difficulty and discrimination of the {len(items)} steps of {part['title']}."
    if known:
        hard, easy = min(known, key=lambda i: i["difficulty"]), max(known, key=lambda i: i["difficulty"])
        alt += f" Hardest: {hard['id']} ({percent(hard['difficulty'])} of its points); easiest: {easy['id']} "
        alt += f"({percent(easy['difficulty'])}). The table below has every value."
    return _picture(figure, alt)


def _readable_on(colour: tuple[float, float, float, float]) -> str:
    """Return black or white, whichever has the larger contrast with a colour (WCAG 2.2, relative luminance)."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return "black" if (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) else "white"


def misconception_map(part: Data) -> Picture | None:
    """Exercise × its most frequent misconceptions, coloured by the share of those who tried; None without any."""
    names = list(dict.fromkeys(item["exercise"] for item in part["items"]))
    by_exercise = {name: [m for m in part["misconceptions"] if m["exercise"] == name][:RANKS] for name in names}
    if not any(by_exercise.values()):
        return None
    shares = np.full((len(names), RANKS), np.nan)
    for row, name in enumerate(names):
        for column, one in enumerate(by_exercise[name]):
            shares[row, column] = one["share"]
    top = max(0.1, float(np.nanmax(shares)))
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(9.2, 0.8 + 0.78 * len(names)), layout="constrained")
        axes = figure.subplots()
        colours = matplotlib.colormaps["Blues"]
        image = axes.imshow(shares, cmap=colours, vmin=0, vmax=top, aspect="auto")
        for row, name in enumerate(names):
            for column, one in enumerate(by_exercise[name]):
                label = one["id"].removeprefix(f"{name}-").replace("_", " ")
                text = "\n".join(
                    [*textwrap.wrap(label.replace("-", ": "), 22)[:2], f"{one['count']} · {percent(one['share'])}"]
                )
                axes.text(column, row, text, ha="center", va="center", fontsize=7.5,
                          color=_readable_on(colours(one["share"] / top)), linespacing=1.15)  # fmt: skip
        axes.set_yticks(range(len(names)), [name.upper() for name in names])
        axes.set_xticks(range(RANKS), ["most frequent", *[f"{n}." for n in range(2, RANKS + 1)]])
        axes.xaxis.tick_top()
        axes.tick_params(length=0)
        axes.set_xticks(np.arange(RANKS - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=2)
        axes.tick_params(which="minor", length=0)
        axes.spines[:].set_visible(False)
        figure.colorbar(image, ax=axes, label="share of those who tried", format=lambda v, _: percent(v), shrink=0.9)
    leaders = "; ".join(
        f"{name.upper()}: {rows[0]['title']} ({rows[0]['count']}, {percent(rows[0]['share'])})"
        for name, rows in by_exercise.items()
        if rows
    )
    return _picture(figure, f"Heat map of misconceptions by exercise in {part['title']}. Most frequent: {leaders}.")
