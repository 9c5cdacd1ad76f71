"""Words for pictures: every Matplotlib figure a notebook shows carries alt text, one's own figures too.

Jupyter shows a figure as a bare image, which a screen reader can only call "Image". After :func:`describe_figures`
it is an image with alt text made from the figure itself: titles, axis labels, and where each line begins and ends.
"""

from __future__ import annotations

import base64
import sys
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MAX_LINES, MAX_WORDS = 8, 1200  #: lines told of each chart; characters in all


def describe_figures() -> None:
    """Give Matplotlib figures alt text in this kernel. Does nothing outside Jupyter; Matplotlib need not be loaded."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    if shell is not None and hasattr(shell, "kernel"):
        # Not the formatter of text/html: Matplotlib's inline backend clears those when it is loaded.
        shell.display_formatter.mimebundle_formatter.for_type_by_name("matplotlib.figure", "Figure", _with_words)


def _with_words(figure: Figure, **_: object) -> tuple[dict[str, str], dict[str, Any]] | None:
    """The image as this notebook would draw it, and as HTML with its words; None where it draws none, or not as PNG."""
    shell: Any = sys.modules["IPython"].get_ipython()
    image = shell.display_formatter.formatters["image/png"](figure)
    data, about = image if isinstance(image, tuple) else (image, {})  # with its size, on a screen of many pixels
    if not data:
        return None
    text = base64.b64encode(data).decode() if isinstance(data, bytes) else data.strip()
    try:
        words = figure_words(figure)
    except Exception:  # a figure we can't read is still a picture
        words = "A figure"
    width = f"width:{about['width']}px;" if "width" in about else ""
    style = f"{width}max-width:100%;background:white"
    html = f'<img style="{style}" src="data:image/png;base64,{text}" alt="{escape(words, quote=True)}">'
    return {"text/html": html, "image/png": text}, {"image/png": about} if about else {}


def figure_words(figure: Figure) -> str:
    """Return what a figure shows in words: its title, then each chart's title, axes and lines."""
    charts = [ax for ax in figure.axes if ax.get_visible()]
    told = [_chart_words(ax) for ax in charts]
    suptitle = figure.get_suptitle() if hasattr(figure, "get_suptitle") else ""
    if len(charts) > 1:
        told = [f"{number}: {words}" for number, words in enumerate(told, start=1)]
        told.insert(0, f"{len(charts)} charts.")
    text = " ".join([suptitle + "." if suptitle else "", *told]).strip() or "An empty figure."
    return text if len(text) <= MAX_WORDS else text[: MAX_WORDS - 2].rstrip() + " …"


def _chart_words(ax: Axes) -> str:
    parts = [ax.get_title() or "A chart without a title"]
    for name, label, scale in (("x", ax.get_xlabel(), ax.get_xscale()), ("y", ax.get_ylabel(), ax.get_yscale())):
        if label:
            parts.append(f"{name}: {label}" + (", log scale" if scale == "log" and "log" not in label else ""))
    lines = [words for line in ax.lines if (words := _line_words(line))]
    parts += lines[:MAX_LINES]
    if len(lines) > MAX_LINES:
        parts.append(f"and {len(lines) - MAX_LINES} lines more")
    if ax.images:
        parts.append("an image" if len(ax.images) == 1 else f"{len(ax.images)} images")
    return "; ".join(parts) + "."


def _line_words(line: Line2D) -> str:
    """Where a line with a name, or of some length, begins and ends; nothing for a helper line without a name."""
    import numpy as np

    label = str(line.get_label())
    x, y = (np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan) for values in line.get_data(orig=False))
    finite = np.isfinite(x) & np.isfinite(y)
    named = not label.startswith("_")
    if not finite.any() or not named and (label == "_nolegend_" or finite.sum() < 3):
        return ""
    x, y = x[finite], y[finite]
    name = f"line “{label}”" if named else "a line"
    if np.all(x == x[0]) and len(x) <= 2:
        return f"{name} at x = {x[0]:.3g}"
    if len(x) == 1:
        return f"{name}: a point at ({x[0]:.3g}, {y[0]:.3g})"
    low = int(np.argmin(y))
    return (
        f"{name} from ({x[0]:.3g}, {y[0]:.3g}) to ({x[-1]:.3g}, {y[-1]:.3g}), lowest {y[low]:.3g} at x = {x[low]:.3g}"
    )
