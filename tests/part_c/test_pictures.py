"""A result's picture is drawn once, and is what Matplotlib's own savefig, which draws it twice, would have written."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from lrtutorial.experiments.results import Result


@dataclass(frozen=True, repr=False)
class Losses(Result):
    scale: float

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        left.semilogy(np.geomspace(1, 1e-4 * self.scale, 30), label="a loss of $10^{-4}$")
        left.legend()
        right.loglog(np.arange(1, 30), np.arange(1, 30.0) ** self.scale)
        right.set(title="a title\nof two lines", xlabel="step", ylabel="loss")

    @property
    def alt_text(self) -> str:
        return "two falling lines"


def test_a_picture_is_the_file_that_savefig_writes() -> None:
    for scale, dpi in ((1.0, 110), (3.7, 90)):
        expected = io.BytesIO()
        Losses(scale).figure().savefig(expected, format="png", dpi=dpi)
        assert Losses(scale).png(dpi) == expected.getvalue()
