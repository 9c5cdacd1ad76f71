"""Draws one figure when it is imported: the first takes ten times as long as the next, and each kernel has a first."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


def draw() -> None:
    """Use what figures of a course use: text, powers of ten, a legend, an image file."""
    figure = Figure(figsize=(2, 2), layout="constrained")
    axes = figure.add_subplot()
    axes.loglog([0.1, 10], [0.1, 10], "o-", label="$10^1$")
    axes.set(title="title", xlabel="x", ylabel="y")
    axes.legend()
    axes.grid(True)
    figure.savefig(io.BytesIO(), format="png")


draw()
