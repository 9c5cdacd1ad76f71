"""Colours, dashes and markers of every optimizer, for the explorer and for the plots alike.

Okabe & Ito, "Color Universal Design" (2008): told apart with any common colour vision; dashes and markers
tell them apart in grey too.
"""

from __future__ import annotations

from dataclasses import dataclass

OKABE_ITO = {
    "black": "#000000",
    "orange": "#E69F00",
    "sky blue": "#56B4E9",
    "bluish green": "#009E73",
    "yellow": "#F0E442",
    "blue": "#0072B2",
    "vermillion": "#D55E00",
    "reddish purple": "#CC79A7",
}


@dataclass(frozen=True)
class Style:
    """A line: its colour on a light and on a dark ground, its dashes (lengths in points, on and off), its
    end marker."""

    color: str
    dark: str
    dash: tuple[float, ...]
    marker: str  # circle, square, triangle, diamond, plus or cross


STYLES = {
    "sgd": Style(OKABE_ITO["vermillion"], OKABE_ITO["vermillion"], (), "circle"),
    "momentum": Style(OKABE_ITO["blue"], OKABE_ITO["sky blue"], (8, 3), "square"),
    "rmsprop": Style(OKABE_ITO["bluish green"], OKABE_ITO["bluish green"], (2, 3), "triangle"),
    "adam": Style(OKABE_ITO["reddish purple"], OKABE_ITO["reddish purple"], (8, 3, 2, 3), "diamond"),
    "yours": Style(OKABE_ITO["black"], OKABE_ITO["yellow"], (4, 4), "plus"),
    "yours 2": Style(OKABE_ITO["orange"], OKABE_ITO["orange"], (1, 4), "cross"),
    "yours 3": Style(OKABE_ITO["black"], OKABE_ITO["yellow"], (12, 4), "circle"),
    "yours 4": Style(OKABE_ITO["orange"], OKABE_ITO["orange"], (12, 4, 2, 4), "square"),
    "yours 5": Style(OKABE_ITO["black"], OKABE_ITO["yellow"], (2, 2), "triangle"),
    "yours 6": Style(OKABE_ITO["orange"], OKABE_ITO["orange"], (6, 2), "diamond"),
}
