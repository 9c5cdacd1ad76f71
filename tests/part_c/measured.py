"""Experiments on seeds: each runs once in a process, whichever tests look at what it gives."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from lrtutorial.exercises import c1, c3, c4, c5, c6
from lrtutorial.experiments.c1_why_rate_matters import seven_rates
from lrtutorial.experiments.c3_why_adam_works import conditioning
from lrtutorial.experiments.c4_rate_effects import edge_of_stability, warmup
from lrtutorial.experiments.c5_information_view import resolution
from lrtutorial.experiments.c6_sgd_vs_adam import search, separable

#: Those that an exercise keeps for its predictions: a prediction's outcome is then no second run.
KEPT = {
    seven_rates: c1._run, conditioning: c3._run, edge_of_stability: c4._edge, warmup: c4._warmup, resolution: c5._run,
    search: c6._run, separable: c6._separable,
}  # fmt: skip
#: The notebooks' seed and another one: each run has 2 to 36 starts or data sets of its own.
SEEDS = (0, 1)
#: A seed that neither a notebook nor an author has looked at.
FRESH = 20261124


@cache
def run(experiment: Callable[..., Any], seed: int) -> Any:
    return KEPT[experiment](seed) if experiment in KEPT else experiment(seed=seed)
