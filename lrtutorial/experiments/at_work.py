"""A student's own optimizers at work: on a function of two variables, and training a small network.

Where a class or function is still to be written, or doesn't run, one sentence stands in the picture's place,
so that the notebook runs through.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lrtutorial.advice import name_of
from lrtutorial.answers.running import does_nothing, quiet
from lrtutorial.experiments.network import Network
from lrtutorial.problems import Problem, get_problem

Array = NDArray[np.float64]

NETWORK = Network((2, 16, 16, 2), "tanh", "cross_entropy")
POINTS, BATCH, EPOCHS = 300, 50, 120
Handed = Any  #: what a student gives: a class, a function, or something else that the experiment says no to


@dataclass(frozen=True, repr=False)
class Note:
    """One sentence where a picture would stand."""

    text: str

    def __repr__(self) -> str:
        return self.text

    def _repr_html_(self) -> str:
        return f'<p role="note"><em>{escape(self.text)}</em></p>'


def unfinished(**answers: object) -> Note | None:
    """Return a note that names the answers still to be written, by keyword; None when all are there."""

    def is_open(answer: object) -> bool:
        if answer is ... or answer is None:
            return True
        if isinstance(answer, type):
            return does_nothing(vars(answer).get("__init__")) or does_nothing(getattr(answer, "step", None))
        return does_nothing(answer)

    names = [name for name, answer in answers.items() if is_open(answer)]
    if not names:
        return None
    return Note(f"Write {' and '.join(names)} first, in the cell above; then run this cell again to see it at work.")


def attempt(make: Callable[[], object]) -> Any:
    """Return ``make()``, or a note when the student's code inside it fails."""
    try:
        with quiet():
            return make()
    except Exception as error:
        said = str(error).splitlines()[0][:160] if str(error) else ""
        return Note(f"Your code stopped here with {name_of(error)}: {said}. Its check says more.")


def descend(
    optimizer_class: Handed,
    start: Sequence[float],
    steps: int,
    problem: str | Problem = "bowl",
    rates: Callable[[int], float] | None = None,
    **hyperparameters: float,
) -> Array:
    """Return the positions (steps + 1, 2) of an optimizer on a problem.

    The optimizer moves one parameter of shape (2,) in place. ``rates(t)``, when given, is put into
    ``optimizer.lr`` before step t = 1, 2, ….
    """
    gradient = get_problem(problem).gradient
    position = np.array(start, dtype=np.float64)
    optimizer = optimizer_class([position], **hyperparameters)
    rows = [position.copy()]
    for t in range(1, steps + 1):
        if rates is not None:
            optimizer.lr = rates(t)
        optimizer.step([gradient(position)])
        rows.append(position.copy())
    return np.array(rows)


# ------------------------------------------------------------------------------------- a small network


def spirals(points: int = POINTS, seed: int = 11) -> tuple[Array, Array]:
    """Return two noisy spirals, wound round each other: inputs (points, 2), labels 0 or 1 (points,)."""
    rng = np.random.default_rng(seed)
    labels: Array = np.arange(points, dtype=np.float64) % 2
    along = np.sqrt(rng.uniform(0.02, 1, points))
    angle = 1.25 * 2 * np.pi * along + np.pi * labels
    inputs = along[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return inputs + rng.normal(0, 0.02, inputs.shape), labels


@dataclass(frozen=True)
class Training:
    """One training run: the loss over all points after every epoch, (epochs + 1,), and the accuracy at the end.

    ``ratio`` is the update-to-weight ratio: the median over the steps of |Δw| / |w|, all weights together.
    """

    losses: Array
    accuracy: float
    ratio: float


def train(
    optimizer_class: Handed,
    epochs: int = EPOCHS,
    seed: int = 0,
    rates: Callable[[int], float] | None = None,
    **hyperparameters: float,
) -> Training:
    """Train a network of 354 weights to tell two spirals apart, by batches of 50, with a student's optimizer.

    The optimizer is given the layers as three arrays that share memory with the network, and moves them in
    place. ``rates`` as in :func:`descend`. A run stops where its loss is no longer finite.
    """
    inputs, labels = spirals()
    rng = np.random.default_rng(seed)
    weights = NETWORK.initial(rng)
    optimizer = optimizer_class(NETWORK.layers(weights), **hyperparameters)
    losses = [float(NETWORK.losses(weights, inputs, labels)[0])]
    t, ratios = 0, []
    for _ in range(epochs):
        for batch in rng.permutation(len(inputs)).reshape(-1, BATCH):
            t += 1
            if rates is not None:
                optimizer.lr = rates(t)
            _, gradient = NETWORK.losses_and_gradients(weights, inputs[batch], labels[batch])
            before = weights.copy()
            optimizer.step(NETWORK.layers(gradient))
            ratios.append(float(np.linalg.norm(weights - before) / np.linalg.norm(before)))
        losses.append(float(NETWORK.losses(weights, inputs, labels)[0]))
        if not np.isfinite(losses[-1]):
            break
    guesses = NETWORK.predict(weights, inputs)[0].argmax(axis=1)
    return Training(np.array(losses), float(np.mean(guesses == labels)), float(np.median(ratios)))
