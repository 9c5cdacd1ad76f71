"""One run of a range test, as evidence brings it: read with bounds, or refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lrtutorial.answers.arrays import Malformed, unpack
from lrtutorial.figures.reading import Axes, figure_from
from lrtutorial.kinds.driven import Error, read_error
from lrtutorial.kinds.lr_finder.asking import Probe
from lrtutorial.kinds.lr_finder.driving import MAX_LOSSES
from lrtutorial.kinds.lr_finder.simulate import BUFFERS, weights_of

_FLAGS = ("nothing", "rng", "mode", "moved", "loaded", "frozen")
_KEYS = {
    *_FLAGS, "error", "interrupted", "returned", "figure", "lrs", "losses", "suggested", "weights", "buffers", "modes",
    "second",
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What a range test did with one probe, and what it left behind."""

    error: Error | None
    interrupted: str | None  #: "raised" or "swallowed", when the loader broke
    returned: str  #: what came back, where that can't be read
    lrs: np.ndarray
    losses: np.ndarray
    suggested: float | None
    figure: list[Axes]
    weights: np.ndarray  #: flat, as they were left
    buffers: np.ndarray
    second: np.ndarray | None  #: the weights after the first step
    modes: str  #: of each forward pass: T while it trained, E while it evaluated
    mode: bool  #: whether every module is in the mode it came in
    rng: bool  #: whether torch's random state is as it was
    moved: bool  #: whether the weights ever changed
    frozen: bool  #: whether some weights came back with requires_grad = False
    loaded: bool  #: whether a state was loaded into the model


def read_run(data: object, probe: Probe) -> Run:
    """Return a run with its arrays. Raises Malformed unless it is whole and of the size that the probe calls for."""
    if not isinstance(data, Mapping) or set(data) != _KEYS or not all(isinstance(data[flag], bool) for flag in _FLAGS):
        raise Malformed("a run of the range test was expected")
    lrs, losses = unpack(data["lrs"]), unpack(data["losses"])
    weights, buffers = unpack(data["weights"]), unpack(data["buffers"])
    size = len(weights_of(probe))
    if any(array.ndim != 1 or array.dtype != np.float64 or len(array) > MAX_LOSSES for array in (lrs, losses)):
        raise Malformed("rates or losses have the wrong form")
    if weights.shape != (size,) or buffers.shape != ((len(BUFFERS),) if probe["network"] == "norm" else (0,)):
        raise Malformed("a model came back in another size")
    second = None if data["second"] is None else unpack(data["second"])
    if second is not None and second.shape != (size,):
        raise Malformed("a model came back in another size")
    suggested, interrupted, returned, modes = (data[key] for key in ("suggested", "interrupted", "returned", "modes"))
    real = isinstance(suggested, float | int) and not isinstance(suggested, bool) and math.isfinite(suggested)
    if not (suggested is None or real) or interrupted not in (None, "raised", "swallowed"):
        raise Malformed("a run did not arrive whole")
    if not isinstance(returned, str) or not isinstance(modes, str) or len(modes) > MAX_LOSSES:
        raise Malformed("a run did not arrive whole")
    return Run(
        error=read_error(data["error"]), interrupted=interrupted, returned=returned, lrs=lrs, losses=losses,
        suggested=suggested, figure=[] if data["figure"] is None else figure_from(data["figure"]), weights=weights,
        buffers=buffers, second=second, modes=modes, mode=data["mode"], rng=data["rng"], moved=data["moved"],
        frozen=data["frozen"], loaded=data["loaded"],
    )  # fmt: skip
