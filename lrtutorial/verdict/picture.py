"""A small SVG drawing for verdicts: your numbers and the expected ones, step by step. Self-contained, with alt text."""

from __future__ import annotations

import math
from html import escape

import numpy as np

WIDTH, HEIGHT, PAD = 440, 150, 26
YOURS, EXPECTED = "#D55E00", "#0072B2"  # Okabe–Ito vermillion and blue; dashes tell them apart without colour


def two_curves(yours: np.ndarray, expected: np.ndarray, title: str) -> str:
    """Return an SVG of two sequences, each of shape (steps + 1,): yours dashed, the expected one solid.

    Values that are not finite, or far outside the expected range, are cut off at the frame.
    """
    low, high = float(np.min(expected)), float(np.max(expected))
    reach = max(high - low, abs(high) * 1e-6, 1e-12)
    finite = yours[np.isfinite(yours)]
    low, high = (max(float(finite.min(initial=low)), low - reach), min(float(finite.max(initial=high)), high + reach))
    steps = max(len(expected) - 1, 1)
    span = (high - low) or reach

    def line(values: np.ndarray) -> str:
        points = []
        for i, value in enumerate(values):
            if math.isnan(value):
                break
            level = min(max((min(max(float(value), low - span), high + span) - low) / span, -0.04), 1.04)
            points.append(f"{PAD + i * (WIDTH - 2 * PAD) / steps:.1f},{HEIGHT - PAD - level * (HEIGHT - 2 * PAD):.1f}")
        return " ".join(points)

    alt = (
        f"{title}. Expected ends at {float(expected[-1]):.4g}, yours at {float(yours[-1]):.4g} "
        f"after {len(yours) - 1} steps."
    )
    text = 'font-size="11" fill="currentColor" font-family="system-ui,sans-serif"'
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" style="max-width:100%;height:auto" role="img" '
        f'aria-label="{escape(alt)}"><title>{escape(alt)}</title>'
        f'<rect x="{PAD}" y="{PAD - 6}" width="{WIDTH - 2 * PAD}" height="{HEIGHT - 2 * PAD + 12}" fill="none" '
        'stroke="#9ca3af" stroke-width="0.7"/>'
        f'<polyline points="{line(expected)}" fill="none" stroke="{EXPECTED}" stroke-width="2.2"/>'
        f'<polyline points="{line(yours)}" fill="none" stroke="{YOURS}" stroke-width="2.2" stroke-dasharray="6 4"/>'
        f'<text x="{PAD}" y="12" {text}>{escape(title)}</text>'
        f'<text x="{WIDTH - PAD}" y="12" text-anchor="end" {text}><tspan fill="{EXPECTED}">— expected</tspan>'
        f'<tspan fill="{YOURS}" dx="8">- - yours</tspan></text>'
        f'<text x="{PAD}" y="{HEIGHT - 6}" {text}>step 0</text>'
        f'<text x="{WIDTH - PAD}" y="{HEIGHT - 6}" text-anchor="end" {text}>{steps}</text></svg>'
    )
