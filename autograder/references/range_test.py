"""The reference learning-rate range test, composed of a sweep, a safe-keeping of the model, and a choice."""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from lrtutorial.plots import plot_range_test

EXPLODED = 4.0  #: times the first loss


def exponential_rates(min_lr: float, max_lr: float, num_steps: int) -> list[float]:
    """Return ``min_lr · (max_lr/min_lr)^(i/num_steps)`` for i = 0 … num_steps − 1, the course document's sweep.

    Examples
    --------
    >>> [round(rate, 6) for rate in exponential_rates(0.001, 1, 3)]
    [0.001, 0.01, 0.1]
    """
    return [min_lr * (max_lr / min_lr) ** (i / num_steps) for i in range(num_steps)]


@contextlib.contextmanager
def kept(model: nn.Module) -> Iterator[None]:
    """Give the model back as it was, however the block ends: weights, buffers, gradients, each module's
    mode, torch's RNG.
    """
    state = copy.deepcopy(model.state_dict())  # state_dict() alone shares memory with the weights
    modes = [(module, module.training) for module in model.modules()]
    grads = [(param, param.grad) for param in model.parameters()]
    with torch.random.fork_rng():
        try:
            for param, _ in grads:
                param.grad = None
            yield
        finally:
            model.load_state_dict(state)
            for module, training in modes:
                module.training = training
            for param, grad in grads:
                param.grad = grad


def endless(loader: Iterable[object]) -> Iterator[Any]:
    """Return the loader's batches, over and over."""
    return itertools.chain.from_iterable(itertools.repeat(loader))


def debiased_average(values: Sequence[float] | np.ndarray, beta: float = 0.8) -> np.ndarray:
    """Return the exponential moving average of ``values``, corrected for its start at 0, shape (len(values),)."""
    average, smooth = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        smooth.append(average / (1 - beta**t))
    return np.array(smooth)


def steepest(lrs: Sequence[float], losses: Sequence[float]) -> float:
    """Return the rate at which the smoothed loss falls fastest in log-rate; with fewer than 5 losses, the lowest's.

    Without any finite loss there is nothing to choose by: then the smallest rate.
    """
    pairs = [(lr, loss) for lr, loss in zip(lrs, losses, strict=True) if np.isfinite(loss)]
    if len(pairs) < 5:
        return min(pairs, key=lambda pair: pair[1])[0] if pairs else lrs[0]
    rates, values = (np.array(column) for column in zip(*pairs, strict=True))
    slope = np.gradient(debiased_average(values), np.log(rates))
    begin = min(5, len(rates) // 4)  # the average needs some losses before its slope means anything
    return float(rates[begin + int(np.argmin(slope[begin:]))])


def lr_range_test(
    model: nn.Module,
    train_loader: Iterable[object],
    min_lr: float = 1e-7,
    max_lr: float = 10,
    num_steps: int = 100,
) -> tuple[list[float], list[float], float]:
    """Train with plain SGD while the rate grows from min_lr towards max_lr; return ``(lrs, losses, suggested_lr)``.

    ``losses[i]`` (cross-entropy, nats) is measured before the step with ``lrs[i]``. The sweep ends when a loss is not
    finite or above 4 times the first. Source: Smith 2017; the rule for the suggestion is a later heuristic.
    """
    lrs: list[float] = []
    losses: list[float] = []
    criterion = nn.CrossEntropyLoss()
    with kept(model):
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=min_lr)
        for lr, (x, y) in zip(exponential_rates(min_lr, max_lr, num_steps), endless(train_loader), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = lr
            loss = criterion(model(x), y)
            lrs.append(lr)
            losses.append(loss.item())
            if not np.isfinite(losses[-1]) or losses[-1] > EXPLODED * losses[0]:
                break
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    suggested_lr = steepest(lrs, losses)
    plot_range_test(lrs, losses, suggested_lr)
    return lrs, losses, suggested_lr
