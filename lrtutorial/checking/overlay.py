"""A sketch and what came, on the same axes: an SVG drawing that carries its description."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from lrtutorial.figures.palette import OKABE_ITO
from lrtutorial.kinds.sketches import Curves, Sketch

WIDTH, HEIGHT = 560, 300
LEFT, RIGHT, TOP, BOTTOM = 62, 14, 12, 46
COLOURS = (OKABE_ITO["blue"], OKABE_ITO["vermillion"], OKABE_ITO["bluish green"], OKABE_ITO["reddish purple"])


def place(sketch: Sketch, number: int) -> float:
    """Return how far to the right a point stands, as a share of the axis."""
    at = [math.log(x) for x in sketch.at] if sketch.log_across else list(sketch.at)
    return (at[number] - at[0]) / (at[-1] - at[0])


def heights(sketch: Sketch) -> list[float]:
    """Return the numbers beside the axis: powers of ten on a logarithmic one, else five of equal distance."""
    if not sketch.log_up:
        return [sketch.low + (sketch.high - sketch.low) * i / 4 for i in range(5)]
    powers = range(math.ceil(math.log10(sketch.low)), math.floor(math.log10(sketch.high)) + 1)
    return [10.0**power for power in powers]


def both(sketch: Sketch, drawn: Curves, found: Curves) -> str:
    """Return the drawing as dashed lines with open points and the experiment's as full lines, with a legend."""

    def x(number: int) -> float:
        return LEFT + place(sketch, number) * (WIDTH - LEFT - RIGHT)

    def y(height: float) -> float:
        return TOP + (1 - sketch.share(height)) * (HEIGHT - TOP - BOTTOM)

    parts = [
        f'<path d="M{LEFT} {TOP}V{HEIGHT - BOTTOM}H{WIDTH - RIGHT}" fill="none" stroke="currentColor"/>',
        *(f'<text x="{LEFT - 8}" y="{y(h) + 4:.0f}" text-anchor="end">{h:g}</text>' for h in heights(sketch)),
        *(
            f'<text x="{x(i):.0f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{at:g}</text>'
            for i, at in enumerate(sketch.at)
        ),
        f'<text x="{(LEFT + WIDTH) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(sketch.across)}</text>',
        f'<text transform="translate(14 {HEIGHT / 2 - 10:.0f}) rotate(-90)" text-anchor="middle">'
        f"{escape(sketch.up)}</text>",
    ]
    legend = []
    for (key, name), colour in zip(sketch.curves.items(), COLOURS, strict=False):
        for curves, mine in ((found, False), (drawn, True)):
            line = " ".join(f"{x(i):.1f},{y(h):.1f}" for i, h in enumerate(curves[key]))
            dash = ' stroke-dasharray="6 5"' if mine else ""
            parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2.5"{dash}/>')
            if mine:
                parts += [
                    f'<circle cx="{x(i):.1f}" cy="{y(h):.1f}" r="4" fill="none" stroke="{colour}" stroke-width="2"/>'
                    for i, h in enumerate(curves[key])
                ]
        legend.append(
            f'<span style="white-space:nowrap"><svg width="24" height="8" aria-hidden="true">'
            f'<path d="M0 4H24" stroke="{colour}" stroke-width="3"/></svg> {escape(name)}</span>'
        )
    words = "; ".join(
        f"{name}: drawn {_said(drawn[key])}, experiment {_said(found[key])}" for key, name in sketch.curves.items()
    )
    label = escape(f"Your sketch and the experiment, {sketch.up} against {sketch.across}. {words}.", quote=True)
    return (
        f'<figure style="margin:.4em 0"><svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width:100%" '
        f'role="img" aria-label="{label}" font-family="system-ui,sans-serif" font-size="12" fill="currentColor">'
        f'{"".join(parts)}</svg><figcaption style="font-size:.9em">{" · ".join(legend)} · '
        "dashed: your sketch, full: the experiment</figcaption></figure>"
    )


def _said(curve: Sequence[float]) -> str:
    return ", ".join(f"{height:.3g}" for height in curve)
