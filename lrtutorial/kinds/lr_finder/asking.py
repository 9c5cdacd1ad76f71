"""What a range test is asked. A probe says so itself: nothing is read into its id, which only names it."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

DEFAULTS = {"min_lr": 1e-7, "max_lr": 10.0, "num_steps": 100}
#: What of a run is looked at, beyond its rates and where it ends.
Asked = Literal[
    "losses",  # whether they are those of plain SGD with its rates
    "suggestion",  # whether it lies where the loss falls steeply
    "figure",
    "left",  # what became of weights, buffers, mode and random state
    "restart",  # the loader is shorter than the sweep
    "few",  # a sweep of a few steps
    "first_loss",  # the first loss is infinite: to end at once, with one loss or none, is right
]


class Poison(TypedDict):
    """What the batch fetched ``at`` this place does to the sweep."""

    at: int
    what: Literal["nan", "inf", "error", "stop"]


class Training(TypedDict):
    """What the losses of a sweep follow from, beside its rates."""

    seed: int  #: of data and first weights
    batches: int
    noise: float  #: of the data about the middle of their class
    gain: float  #: inputs and outputs of the network are multiplied by it
    spread: NotRequired[float]  #: its first weights are so many times as far apart as usual: a first loss that is large


class Probe(Training):
    """One call of the range test on a small network."""

    id: str
    asks: list[Asked]
    network: Literal["tanh", "norm"]
    training: bool  #: the mode in which the network comes
    how: Literal["keywords", "positional", "defaults"]  #: how the bounds are given
    min_lr: float
    max_lr: float
    num_steps: int
    poison: NotRequired[Poison]


def poison_of(probe: Probe) -> str:
    """Return what is wrong with a batch of this probe; "" when none is."""
    return probe["poison"]["what"] if "poison" in probe else ""
