"""What the search for the place of a mistake asks of this kind (:mod:`lrtutorial.locating`): does an edit mend it?"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping

from lrtutorial.course.expected import Expected
from lrtutorial.figures import watched
from lrtutorial.kinds.lr_finder.driving import drive
from lrtutorial.kinds.lr_finder.faults import faults_of
from lrtutorial.kinds.lr_finder.runs import read_run
from lrtutorial.kinds.lr_finder.small import TESTS, Test, warm_up


def holds(answer: Callable[..., object], expected: Expected) -> bool:
    """Run an answer and say whether it has no fault on any probe; drawn is only where the figure is looked at."""
    for probe in expected.probes:
        run = drive(answer, probe, draws="figure" in probe["asks"])
        if run["nothing"] or faults_of(read_run(run, probe), probe):
            return False
    return True


def sieve(expected: Expected) -> None:
    """Return None: a probe's own run is long, and :func:`small_tests` are its quick tests."""


def small_tests() -> tuple[Test, ...]:
    """Return quick tests that every right answer passes."""
    return TESTS


@contextlib.contextmanager
def searching() -> Iterator[None]:
    """Load what a search uses before its time begins; inside, torch has one thread, which tiny networks need."""
    import matplotlib.pyplot as plt
    import torch
    import torch.utils.data

    threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(1)
    try:
        warm_up()
        with watched():
            plt.semilogx([1, 10], [1, 1])
            plt.xlabel("learning rate")  # the first figure looks for fonts
        yield
    finally:
        torch.set_num_threads(threads)
        torch.set_rng_state(state)


def missing(held: Mapping[str, object], text: str) -> list[str]:
    """Return statements that may be missing from a function, made of what it held by name; ``text`` is its source.

    Calls that a training loop has, of what stands nowhere in the function.
    """
    import torch

    def are(test: Callable[[object], bool]) -> list[str]:
        return [name for name, value in held.items() if test(value)]

    optimizers = are(lambda value: isinstance(value, torch.optim.Optimizer))
    models = are(lambda value: isinstance(value, torch.nn.Module) and any(True for _ in value.parameters()))
    losses = are(lambda value: isinstance(value, torch.Tensor) and value.requires_grad and value.ndim == 0)
    rates = are(lambda value: isinstance(value, float))
    states = are(lambda value: isinstance(value, dict) and bool(value) and all(map(torch.is_tensor, value.values())))
    generators = are(lambda value: isinstance(value, torch.Tensor) and value.dtype == torch.uint8)
    flags = are(lambda value: isinstance(value, bool))
    lists = are(lambda value: isinstance(value, list))
    made = [f"{one}.step()" for one in optimizers] + [f"{one}.train()" for one in models]
    made += [f"{one}.zero_grad()" for one in optimizers + models if "zero_grad" not in text]
    made += [f"{one}.backward()" for one in losses]
    made += [f"{one}.load_state_dict({state})" for one in models for state in states]
    made += [f"{one}.train({flag})" for one in models for flag in flags]
    made += [f"torch.set_rng_state({one})" for one in generators]
    if "param_groups" not in text:
        made += [f"{one}.param_groups[0]['lr'] = {rate}" for one in optimizers for rate in rates]
    for one in lists:
        if not held[one] and f"{one}.append(" not in text:
            made += [f"{one}.append({value})" for value in rates] + [f"{one}.append({loss}.item())" for loss in losses]
    if "plt." in text and not re.search("plot|semilogx|loglog|errorbar", text):
        made += [f"plt.semilogx({one}, {other})" for one in lists for other in lists if one != other]
    figure = [f"{name}.set_" for name, value in held.items() if type(value).__name__ == "_Anything"]
    for begin in [*figure, *(["plt."] if "plt." in text else [])]:
        made += [f"{begin}{call}" for call in ("xlabel('x')", "ylabel('y')") if call[:6] not in text]
        made += [f"{begin}xscale('log')"] if "log" not in text else []
    return [one for one in made if one not in text]
