"""Small tests of a range test, a third of a millisecond each, that every right one passes.

They are for edits of a wrong answer (:mod:`lrtutorial.locating`), of which thousands are tried: a model of six weights,
batches of six rows, a list in place of a DataLoader, sweeps of a few steps, nothing drawn. What passes is run on the
real probes. Each test returns False for what no right answer does, and raises what the answer raises.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, SupportsFloat

from lrtutorial.figures.undrawn import undrawn
from lrtutorial.kinds.lr_finder.asking import DEFAULTS
from lrtutorial.kinds.lr_finder.driving import LoaderError, StopButton
from lrtutorial.kinds.lr_finder.words import CLOSE

if TYPE_CHECKING:
    import torch
    from torch import nn

    Batch = tuple[torch.Tensor, torch.Tensor]

    class Model(nn.Module):
        """What the small model has beside a module's."""

        weight: nn.Parameter
        passes: torch.Tensor
        watch: _Watch

        def __init__(self, training: bool) -> None: ...


Returned = Sequence[Iterable[SupportsFloat]]  #: rates, losses, and the rate suggested
RangeTest = Callable[..., Returned]
Test = Callable[[RangeTest], bool]
STEPS, LOW, HIGH = 3, 0.03, 0.6  #: of the plain sweep; fewer than five losses, as a probe asks
ROWS, SEED, MOST = 6, 14, 40  #: of a batch; of weights and data; batches until a sweep is ended
NEAR = 1e-5  #: of weights that are the same: far more than float32's rounding over three steps
FAR = 60.0  #: times the usual inputs: a loss of about 11
SCALES = (0.5, 1.7)  #: of the inputs of the batches: the second's loss is half as large again, which is no explosion


class EndlessSweep(BaseException):
    """A sweep that takes far more batches than it was asked for. No ``except Exception`` catches it."""


class Astray(BaseException):
    """A model with weights that plain SGD does not meet: the rest of the sweep needn't be seen."""


class _Loader:
    """Batches in place of a DataLoader: as many as there are, or ending at one that is broken."""

    def __init__(self, batches: list[Batch], error: BaseException | None = None) -> None:
        self.batches, self.error, self.fetched = batches, error, 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.batches:
            self.fetched += 1
            if self.fetched > MOST:
                raise EndlessSweep
            x, y = batch
            yield x.clone(), y.clone()  # an edit may write into them, and they are everybody's
        if self.error is not None:
            raise self.error


class _Watch:
    """What a model noted of its forward passes; a copy of the model notes in the same place."""

    def __init__(self) -> None:
        self.modes: list[bool] = []
        self.infinite = False  # whether class 0 is to be impossible, so that every loss is infinite
        self.right: list[list[float]] | None = None  # weights that plain SGD can meet, where these are looked at

    def __deepcopy__(self, memo: object) -> _Watch:
        return self


@lru_cache(maxsize=1)
def _network() -> type[Model]:
    import torch
    from torch import nn

    class Small(nn.Module):
        """One matrix. A pass in training counts in a buffer, and each draws a random number, as dropout does."""

        passes: torch.Tensor

        def __init__(self, training: bool) -> None:
            super().__init__()
            self.weight = nn.Parameter(_weights().clone())
            self.register_buffer("passes", torch.full((), 3.0))
            self.watch = _Watch()
            self.training = training

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            self.watch.modes.append(self.training)
            if self.watch.right is not None and not any(map(self.is_near, self.watch.right)):
                raise Astray
            torch.rand(1)
            if self.training:
                self.passes += 1
            logits = x @ self.weight
            return torch.where(torch.arange(3) == 0, -torch.inf, logits) if self.watch.infinite else logits

        def is_near(self, weight: list[float]) -> bool:
            mine = self.weight.detach().ravel().tolist()
            return all(abs(one - other) <= NEAR for one, other in zip(mine, weight, strict=True))

    return Small  # type: ignore[return-value]


@lru_cache(maxsize=1)
def _weights() -> torch.Tensor:
    import torch

    return torch.randn((2, 3), generator=torch.Generator().manual_seed(SEED))


@lru_cache(maxsize=1)
def _batches() -> list[tuple[torch.Tensor, torch.Tensor]]:
    import torch

    drawn = torch.Generator().manual_seed(SEED + 1)
    return [(scale * torch.randn((ROWS, 2), generator=drawn), torch.arange(ROWS) % 3) for scale in SCALES]


@lru_cache(maxsize=8)
def _right(steps: int) -> tuple[list[float], list[float], list[list[float]]]:
    """Return rates of the plain sweep whose factor is the root of this many steps, losses and weights of plain SGD."""
    import torch
    from torch.nn.functional import cross_entropy

    rates = [LOW * (HIGH / LOW) ** (i / steps) for i in range(STEPS)]
    weight, losses, weights = _weights().clone().requires_grad_(), [], [_weights().ravel().tolist()]
    for i, rate in enumerate(rates):
        x, y = _batches()[i % len(_batches())]
        loss = cross_entropy(x @ weight, y)
        (gradient,) = torch.autograd.grad(loss, weight)
        losses.append(loss.item())
        weight = (weight - rate * gradient).detach().requires_grad_()
        weights.append(weight.detach().ravel().tolist())
    return rates, losses, weights


def warm_up() -> None:
    """Make what all tests share, and have torch do the first of what it does: that takes a hundred times as long."""
    import torch

    model = _network()(True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    for steps in (STEPS, STEPS - 1):
        _right(steps)
    x, y = _batches()[0]
    torch.nn.functional.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
    optimizer.step()


class _Call:
    """One call of an answer with the small model, and whether the model and torch were left as they came."""

    def __init__(self, batches: list[Batch], error: BaseException | None = None, training: bool = True) -> None:
        self.model = _network()(training)
        self.loader, self.training = _Loader(batches, error), training

    def __call__(self, answer: RangeTest, *args: float, **kwargs: float) -> Returned:
        import torch

        self.state = torch.get_rng_state()
        with undrawn():
            return answer(self.model, self.loader, *args, **kwargs)

    def left_alone(self) -> bool:
        import torch

        model = self.model
        return bool(
            torch.equal(model.weight, _weights())
            and float(model.passes) == 3.0
            and model.training == self.training
            and model.weight.requires_grad
            and torch.equal(torch.get_rng_state(), self.state)
        )


def _lists(returned: Returned) -> tuple[list[float], list[float]]:
    lrs, losses, _ = returned
    return [float(rate) for rate in lrs], [float(loss) for loss in losses]


def plain(answer: RangeTest) -> bool:
    """Whether three steps from two batches have the rates and losses of a right sweep, and leave no trace."""
    call = _Call(_batches(), training=False)
    call.model.watch.right = [weight for steps in (STEPS, STEPS - 1) for weight in _right(steps)[2]]
    lrs, losses = _lists(call(answer, min_lr=LOW, max_lr=HIGH, num_steps=STEPS))
    if len(lrs) != STEPS or len(losses) != STEPS or not all(call.model.watch.modes) or not call.left_alone():
        return False
    for steps in (STEPS, STEPS - 1):
        rates, right, _ = _right(steps)
        slack = CLOSE * right[0]
        if all(math.isclose(one, other, rel_tol=1e-5) for one, other in zip(lrs, rates, strict=True)):
            return all(abs(one - other) <= slack for one, other in zip(losses, right, strict=True))
    return False


def defaults(answer: RangeTest) -> bool:
    """Whether a call without bounds starts at the default with its factor, and ends when the loss explodes."""
    calm = _batches()
    explodes = [(1000 * x, y) for x, y in calm] * 5
    lrs, losses = _lists(_Call(calm + explodes)(answer))
    low, high, steps = DEFAULTS.values()
    if len(lrs) != len(losses) or not len(calm) <= len(losses) <= len(calm) + 6:
        return False
    factors = [(high / low) ** (1 / n) for n in (steps, steps - 1)]
    growth = lrs[1] / lrs[0]
    return math.isclose(lrs[0], low, rel_tol=1e-6) and any(math.isclose(growth, f, rel_tol=1e-5) for f in factors)


def not_a_number(answer: RangeTest) -> bool:
    """Whether a sweep ends at a loss that is not a number; the bounds are given by position."""
    calm, nan = _batches()[:2], [(math.nan * x, y) for x, y in _batches()]
    lrs, losses = _lists(_Call(calm + nan * 2)(answer, LOW, HIGH, 8))
    return len(lrs) == len(losses) and 2 <= len(losses) <= 3 and math.isclose(lrs[0], LOW, rel_tol=1e-6)


def bad_start(answer: RangeTest) -> bool:
    """Whether a first loss that is infinite ends the sweep at once."""
    call = _Call(_batches())
    call.model.watch.infinite = True
    _, losses = _lists(call(answer, min_lr=LOW, max_lr=HIGH, num_steps=8))
    return len(losses) <= 1


def large_start(answer: RangeTest) -> bool:
    """Whether a sweep goes on where the loss is large from the first batch on, and stays as it is."""
    far = [(FAR * x, y) for x, y in _batches()[:1]]
    _, losses = _lists(_Call(far)(answer, min_lr=1e-6, max_lr=1e-5, num_steps=STEPS))
    return len(losses) == STEPS


def loader_breaks(answer: RangeTest) -> bool:
    """Whether an error of the loader arrives, and the model is as it was."""
    call = _Call(_batches(), LoaderError("the loader could not read a batch"))
    try:
        call(answer, min_lr=LOW, max_lr=HIGH, num_steps=8)
    except LoaderError:
        return call.left_alone()
    return False


def stop_button(answer: RangeTest) -> bool:
    """Whether the model is as it was after the stop button was pressed."""
    call = _Call(_batches()[:2], StopButton(), training=False)
    try:
        call(answer, min_lr=LOW, max_lr=HIGH, num_steps=8)
    except StopButton:
        pass
    return call.left_alone()


def first_batches(answer: RangeTest, noted: Callable[..., None]) -> None:
    """Run a few steps, and call ``noted`` before each forward pass."""
    call = _Call(_batches())
    call.model.register_forward_pre_hook(noted)
    call(answer, min_lr=LOW, max_lr=HIGH, num_steps=STEPS)


TESTS: tuple[Test, ...] = (plain, defaults, not_a_number, bad_start, large_start, loader_breaks, stop_button)
