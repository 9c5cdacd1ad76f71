"""B4: the learning-rate range test. Source: Smith 2017, and the course document, solution B4."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from autograder.catalogue import Misconception, Question
from lrtutorial.kinds.lr_finder.asking import Probe, Training
from lrtutorial.kinds.lr_finder.simulate import losses_with

if TYPE_CHECKING:
    import torch
    from torch import nn

    Batch = tuple[torch.Tensor, torch.Tensor]

M = Misconception
Returned = tuple[list[float], list[float], float]
RangeTest = Callable[..., Returned]


# ---------------------------------------------------------------------------------------------- probes


def probes(rng: np.random.Generator) -> list[Probe]:
    """Draw networks, data and bounds."""

    def drawn(id: str, **settings: object) -> Probe:
        common = {"network": "tanh", "gain": 1.0, "noise": 0.6, "training": True, "how": "keywords", "asks": []}
        bounds = {"min_lr": odd(2e-6), "max_lr": odd(40.0), "num_steps": int(rng.integers(84, 96))}
        probe = {"id": id, "seed": int(rng.integers(1, 10**6)), **common, **bounds, **settings}
        return {"batches": probe["num_steps"] + 4, **probe}

    def odd(near: float) -> float:
        return float(f"{near * rng.uniform(0.8, 1.25):.3g}")

    gain = odd(25.0)
    norm: dict[str, object] = {
        "network": "norm",
        "min_lr": odd(1e-3),
        "max_lr": odd(0.5),
        "num_steps": 12,
        "batches": 14,
    }
    return [
        drawn("sweep", asks=["losses", "left", "suggestion", "figure"]),
        drawn("scaled", asks=["losses", "suggestion"], gain=gain, min_lr=odd(2e-6), max_lr=odd(0.5)),
        drawn("positional", asks=["losses"], how="positional", num_steps=int(rng.integers(22, 28))),
        # its loss explodes by a rate of some 1e-4: a third of the hundred steps show min_lr and the factor
        drawn("defaults", asks=["losses"], how="defaults", gain=odd(300.0), min_lr=1e-7, max_lr=10.0, num_steps=100),
        # its first loss lies far above the others', so that no fixed number is 4 times the first of all of them
        drawn("explodes", min_lr=odd(1e-2), max_lr=odd(3e5), num_steps=40, **far_off(rng)),
        drawn("not_a_number", asks=["losses"], num_steps=30, poison={"at": int(rng.integers(7, 12)), "what": "nan"}),
        drawn("bad_start", asks=["first_loss"], num_steps=20, poison={"at": 0, "what": "inf"}),
        drawn(
            "short_loader",
            asks=["losses", "restart"],
            num_steps=int(rng.integers(18, 24)),
            min_lr=odd(1e-4),
            max_lr=odd(0.5),
            batches=7,
        ),
        drawn("few", asks=["losses", "few"], num_steps=3, min_lr=odd(1e-3), max_lr=odd(0.2)),
        drawn("restore", asks=["left"], **norm, training=False),
        drawn("loader_breaks", **norm, poison={"at": int(rng.integers(2, 5)), "what": "error"}),
        drawn("stop_button", **norm, training=False, poison={"at": int(rng.integers(2, 5)), "what": "stop"}),
    ]


def far_off(rng: np.random.Generator) -> dict[str, object]:
    """Draw first weights that are spread so far that the first loss is from 6 to 14: the others' is about 1."""
    while True:
        training = Training(seed=int(rng.integers(1, 10**6)), batches=2, noise=0.6, gain=1.0, spread=8.0)
        if 6 < losses_with(training, np.zeros(0))[0] < 14:
            return {"seed": training["seed"], "spread": training["spread"]}


# ---------------------------------------------------------------------------------------------- in pieces


class Pieces:
    """A right range test in pieces; each wrong one below replaces one of them."""

    def __init__(self, model: nn.Module, loader: Iterable[Batch], min_lr: float, max_lr: float, num_steps: int):
        self.model, self.loader = model, loader
        self.min_lr, self.max_lr, self.num_steps = min_lr, max_lr, num_steps
        self.lrs: list[float] = []
        self.losses: list[float] = []

    def rates(self) -> list[float]:
        return [self.min_lr * (self.max_lr / self.min_lr) ** (i / self.num_steps) for i in range(self.num_steps)]

    def batches(self) -> Iterator[Batch]:
        while True:
            yield from self.loader

    def optimizer(self) -> torch.optim.Optimizer:
        import torch

        return torch.optim.SGD(self.model.parameters(), lr=self.min_lr)

    def rate_for_step(self, i: int, rates: list[float]) -> float:
        return rates[i]

    def loss_of(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        from torch.nn.functional import cross_entropy

        return cross_entropy(self.model(x), y)

    def train_mode(self) -> None:
        self.model.train()

    def save(self) -> None:
        import torch

        self.state = copy.deepcopy(self.model.state_dict())
        self.training = self.model.training
        self.rng = torch.get_rng_state()

    def restore_weights(self) -> None:
        self.model.load_state_dict(self.state)

    def restore_mode(self) -> None:
        self.model.train(self.training)

    def restore_rng(self) -> None:
        import torch

        torch.set_rng_state(self.rng)

    def restore(self) -> None:
        self.restore_weights()
        self.restore_mode()
        self.restore_rng()

    def stop(self) -> bool:
        return not math.isfinite(self.losses[-1]) or self.losses[-1] > 4 * self.losses[0]

    def zero(self, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()

    def record(self, i: int, rate: float, loss: float) -> None:
        self.lrs.append(rate)
        self.losses.append(loss)

    def sweep(self) -> None:
        rates, optimizer = self.rates(), self.optimizer()
        for i, (x, y) in zip(range(len(rates)), self.batches(), strict=False):
            for group in optimizer.param_groups:
                group["lr"] = self.rate_for_step(i, rates)
            loss = self.loss_of(x, y)
            self.record(i, rates[i], loss.item())
            if self.stop():
                break
            self.zero(optimizer)
            loss.backward()
            optimizer.step()

    def smooth(self) -> np.ndarray:
        average, smooth = 0.0, []
        for t, loss in enumerate(self.losses, start=1):
            average = 0.8 * average + 0.2 * loss
            smooth.append(average / (1 - 0.8**t))
        return np.array(smooth)

    def slope(self) -> np.ndarray:
        return np.gradient(self.smooth(), np.log(self.lrs))

    def suggest(self) -> float:
        if len(self.losses) < 12 or not np.isfinite(self.losses).all():
            return float(self.lrs[0])
        return float(self.lrs[5 + int(np.argmin(self.slope()[5:]))])

    def plot(self) -> None:
        import matplotlib.pyplot as plt

        plt.figure()
        plt.semilogx(self.lrs, self.losses)
        plt.xlabel("learning rate")
        plt.ylabel("loss")
        plt.show()

    def run(self) -> Returned:
        self.save()
        try:
            self.train_mode()
            self.sweep()
        finally:
            self.restore()
        suggested = self.suggest()
        self.plot()
        return self.result(suggested)

    def result(self, suggested: float) -> Returned:
        return self.lrs, self.losses, suggested

    @classmethod
    def answer(cls) -> RangeTest:
        """Return the function to hand in."""

        def lr_range_test(
            model: nn.Module,
            train_loader: Iterable[Batch],
            min_lr: float = 1e-7,
            max_lr: float = 10,
            num_steps: int = 100,
        ) -> Returned:
            return cls(model, train_loader, min_lr, max_lr, num_steps).run()

        return lr_range_test


def with_piece(**pieces: Callable[..., object]) -> RangeTest:
    """Return a range test with some of its pieces replaced."""
    return type("Changed", (Pieces,), pieces).answer()


def no_op(self: Pieces, *args: object) -> None:
    """Do nothing."""


# ---------------------------------------------------------------------------------------------- wrong pieces


def linear(self: Pieces) -> list[float]:
    return [float(rate) for rate in np.linspace(self.min_lr, self.max_lr, self.num_steps)]


def geometric(low: float, high: float, steps: int, first: int = 0) -> list[float]:
    return [low * (high / low) ** ((first + i) / steps) for i in range(steps)]


def additive_factor(self: Pieces) -> list[float]:
    return [self.min_lr * (1 + 1 / self.num_steps) ** i for i in range(self.num_steps)]


def quadratic(self: Pieces) -> list[float]:
    return [self.min_lr + (self.max_lr - self.min_lr) * (i / self.num_steps) ** 3 for i in range(self.num_steps)]


def after_step(self: Pieces) -> None:
    rates, optimizer = self.rates(), self.optimizer()
    for i, (x, y) in zip(range(len(rates)), self.batches(), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = rates[i]
        optimizer.zero_grad()
        self.loss_of(x, y).backward()
        optimizer.step()
        self.record(i, rates[i], self.loss_of(x, y).item())
        if self.stop():
            break


def never_steps(self: Pieces) -> None:
    rates = self.rates()
    for i, (x, y) in zip(range(len(rates)), self.batches(), strict=False):
        self.record(i, rates[i], self.loss_of(x, y).item())
        if self.stop():
            break


def momentum(self: Pieces) -> torch.optim.Optimizer:
    import torch

    return torch.optim.SGD(self.model.parameters(), lr=self.min_lr, momentum=0.9)


def adam(self: Pieces) -> torch.optim.Optimizer:
    import torch

    return torch.optim.Adam(self.model.parameters(), lr=self.min_lr)


def averaged(self: Pieces, i: int, rate: float, loss: float) -> None:
    self.average = 0.9 * getattr(self, "average", 0.0) + 0.1 * loss
    self.lrs.append(rate)
    self.losses.append(self.average / (1 - 0.9 ** (i + 1)))


def one_rate_more(self: Pieces, i: int, rate: float, loss: float) -> None:
    if not self.lrs:
        self.lrs.append(self.min_lr)
    self.losses.append(loss)
    self.lrs.append(rate * (self.max_lr / self.min_lr) ** (1 / self.num_steps))


def on_pairs(piece: Callable[[Pieces], object]) -> Callable[[Pieces], object]:
    """Return a piece that sees only rates which have a loss."""

    def paired(self: Pieces) -> object:
        every, self.lrs = self.lrs, self.lrs[: len(self.losses)]
        try:
            return piece(self)
        finally:
            self.lrs = every

    return paired


def alias(self: Pieces) -> None:
    Pieces.save(self)
    self.state = self.model.state_dict()


def restore_parameters(self: Pieces) -> None:
    names = dict(self.model.named_parameters())
    self.model.load_state_dict({key: value for key, value in self.state.items() if key in names}, strict=False)


def restore_at_the_end(self: Pieces) -> Returned:
    self.save()
    self.train_mode()
    self.sweep()
    self.restore()
    suggested = self.suggest()
    self.plot()
    return self.lrs, self.losses, suggested


def only_errors(self: Pieces) -> Returned:
    self.save()
    self.train_mode()
    try:
        self.sweep()
    except Exception:
        pass
    finally:
        self.restore()
    suggested = self.suggest()
    self.plot()
    return self.lrs, self.losses, suggested


def one_pass(self: Pieces) -> Iterator[Batch]:
    return iter(self.loader)


def unguarded_next(self: Pieces) -> None:
    rates, optimizer, batches = self.rates(), self.optimizer(), iter(self.loader)
    for i in range(len(rates)):
        x, y = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = rates[i]
        loss = self.loss_of(x, y)
        self.record(i, rates[i], loss.item())
        if self.stop():
            break
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def first_batch_only(self: Pieces) -> Iterator[Batch]:
    while True:
        yield next(iter(self.loader))


def convolved(self: Pieces) -> float:
    """The course document's choice, which needs five losses."""
    smooth = np.convolve(self.losses, np.ones(5), mode="valid") / 5
    if len(self.losses) < 5:
        raise IndexError("list index out of range")
    return float(self.lrs[int(np.argmin(np.gradient(smooth))) + 2]) if np.isfinite(smooth).all() else float(self.lrs[0])


def needs_a_finite_start(self: Pieces) -> float:
    if not math.isfinite(self.losses[0]):
        raise ValueError("cannot convert float NaN to integer")
    return Pieces.suggest(self)


def linear_plot(
    self: Pieces,
    log: bool = False,
    xlabel: str = "learning rate",
    ylabel: str = "loss",
    swapped: bool = False,
    rates: Sequence[float] | None = None,
) -> None:
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots()
    x = self.lrs if rates is None else rates(self)
    ax.plot(self.losses, x) if swapped else ax.plot(x, self.losses)
    if log:
        ax.set_yscale("log") if swapped else ax.set_xscale("log")
    ax.set(xlabel=xlabel, ylabel=ylabel)
    plt.show()


# ---------------------------------------------------------------------------------------------- right answers


class OnACopy(Pieces):
    """Sweeps a deep copy, with numpy's rates up to max_lr itself, and smooths before it decides to stop."""

    def rates(self) -> list[float]:
        return list(np.geomspace(self.min_lr, self.max_lr, self.num_steps))

    def run(self) -> Returned:
        import torch

        with torch.random.fork_rng():
            self.model = copy.deepcopy(self.model)
            self.model.train()
            self.sweep()
        lrs, losses, suggested = self.lrs, self.losses, self.suggest()
        self.plot()
        return np.array(lrs), np.array(losses), np.float64(suggested)


class TenthOfMinimum(Pieces):
    """Suggests a tenth of the rate with the lowest smoothed loss; stops at 4 times the best loss so far."""

    def stop(self) -> bool:
        return math.isnan(self.losses[-1]) or math.isinf(self.losses[-1]) or self.losses[-1] > 4 * min(self.losses)

    def suggest(self) -> float:
        smooth = self.smooth()
        return self.lrs[int(np.nanargmin(smooth)) if np.isfinite(smooth).any() else 0] / 10

    def plot(self) -> None:
        linear_plot(self, log=True)


class DocumentsChoice(Pieces):
    """The course document's smoothing over five losses, where there are five."""

    def suggest(self) -> float:
        return convolved(self) if len(self.losses) >= 5 else float(self.lrs[int(np.argmin(self.losses))])


def _reference() -> RangeTest:
    from autograder.references.range_test import (
        lr_range_test,  # needs torch, which loading the catalogue should not
    )

    return lr_range_test


def reference(
    model: nn.Module, train_loader: Iterable[Batch], min_lr: float = 1e-7, max_lr: float = 10, num_steps: int = 100
) -> Returned:
    """The reference range test; see :mod:`autograder.references.range_test`."""
    return _reference()(model, train_loader, min_lr, max_lr, num_steps)


QUESTIONS = {
    "b4": Question(
        reference=reference,
        probes=probes,
        misconceptions=(
            M(
                "b4-linear",
                "The rates grow by equal steps: nearly all of them lie in the last decade",
                "sweeps linearly",
                (
                    "How many of your rates lie below a hundredth of max_lr?",
                    "Equal distances on a log axis mean equal factors.",
                ),
                with_piece(rates=linear),
            ),
            M(
                "b4-uneven",
                "The factor from one rate to the next is not constant",
                "uses another curve than an exponential",
                (
                    "Print lrs[1]/lrs[0] and lrs[11]/lrs[10]: they should agree.",
                    "One factor, raised to the number of the step.",
                ),
                with_piece(rates=quadratic),
            ),
            M(
                "b4-descends",
                "The sweep goes from max_lr down: it begins with an explosion",
                "turns the bounds round",
                (
                    "Why begin with rates at which nothing can break?",
                    "The first rate is min_lr.",
                ),
                with_piece(rates=lambda s: geometric(s.max_lr, s.min_lr, s.num_steps)),
            ),
            M(
                "b4-min_ignored",
                "min_lr is ignored: the sweep starts at the default",
                "writes the default into the code",
                (
                    "Call your function with min_lr=1e-3 and look at lrs[0].",
                    "Look for a 1e-7 in the body.",
                ),
                with_piece(rates=lambda s: geometric(1e-7, s.max_lr, s.num_steps)),
            ),
            M(
                "b4-max_ignored",
                "max_lr is ignored: the sweep heads for the default",
                "writes the default into the code",
                (
                    "Call your function with max_lr=0.1 and look at lrs[-1].",
                    "Look for a 10 in the body.",
                ),
                with_piece(rates=lambda s: geometric(s.min_lr, 10.0, s.num_steps)),
            ),
            M(
                "b4-beyond_max",
                "The factor is too large: in num_steps the rates go beyond max_lr",
                "takes the factor for one step too few",
                (
                    "With num_steps = 3, min_lr = 0.001 and max_lr = 1: which rates should come?",
                    "After num_steps factors you should be at max_lr, not beyond it.",
                ),
                with_piece(rates=lambda s: geometric(s.min_lr, s.max_lr**2 / s.min_lr, s.num_steps)),
            ),
            M(
                "b4-never_arrives",
                "The factor is too small: in num_steps the rates don't reach max_lr",
                "builds the factor from num_steps alone",
                (
                    "Which number, multiplied num_steps times, takes min_lr to max_lr?",
                    "It is a root, not a fraction.",
                ),
                with_piece(rates=additive_factor),
            ),
            M(
                "b4-start_late",
                "The first rate reported is one factor above min_lr",
                "grows the rate before it is used",
                (
                    "What is lrs[0]?",
                    "Report and use the rate first, then let it grow.",
                ),
                with_piece(rates=lambda s: geometric(s.min_lr, s.max_lr, s.num_steps, first=1)),
            ),
            M(
                "b4-steps_ignored",
                "num_steps is ignored: there are always 100 steps",
                "writes the default into the code",
                (
                    "Call your function with num_steps=20. How many rates come back?",
                    "Look for a 100 in the body.",
                ),
                with_piece(rates=lambda s: geometric(s.min_lr, s.max_lr, 100)),
            ),
            M(
                "b4-one_rate_more",
                "There is one rate more than losses",
                "appends to the two lists in different places",
                (
                    "Print len(lrs) and len(losses).",
                    "A rate and its loss belong together: append them on neighbouring lines.",
                ),
                with_piece(record=one_rate_more, suggest=on_pairs(Pieces.suggest), plot=on_pairs(Pieces.plot)),
            ),
            M(
                "b4-order",
                "Rates and losses come back in each other's place",
                "returns the three in another order",
                (
                    "Read the signature: which list comes first?",
                    "lrs, losses, suggested_lr.",
                ),
                with_piece(result=lambda s, suggested: (s.losses, s.lrs, suggested)),
            ),
            M(
                "b4-two_returned",
                "The suggested rate is not returned",
                "returns two of three",
                (
                    "How many things does the caller unpack?",
                    "lrs, losses, suggested_lr.",
                ),
                with_piece(result=lambda s, suggested: (s.lrs, s.losses)),
            ),
            M(
                "b4-after_step",
                "Each loss is measured after its step: it belongs to the rate before",
                "steps first and measures then",
                (
                    "Is losses[0] the loss of the untouched model?",
                    "Order in one pass: measure, note, check, then step.",
                ),
                with_piece(sweep=after_step),
            ),
            M(
                "b4-no_zero_grad",
                "Gradients pile up over the sweep: zero_grad is missing",
                "forgets that backward adds to .grad",
                (
                    "Print the size of the gradient over the first steps at tiny rates: why does it grow?",
                    "backward() adds to what is there.",
                ),
                with_piece(zero=no_op),
            ),
            M(
                "b4-rate_not_set",
                "The optimizer keeps its first rate: only your list grows",
                "changes a variable, not the optimizer",
                (
                    "Where does the optimizer read its rate from? Print it in the loop.",
                    "An optimizer has param_groups, and each has its own rate.",
                ),
                with_piece(rate_for_step=lambda s, i, rates: s.min_lr),
            ),
            M(
                "b4-rate_ahead",
                "Each step is taken with the next rate: the rate grows between measuring and stepping",
                "updates the rate too early",
                (
                    "Print the optimizer's rate right before step() and compare with the one you noted.",
                    "Let the rate grow at the very end of the pass.",
                ),
                with_piece(rate_for_step=lambda s, i, rates: rates[min(i + 1, len(rates) - 1)]),
            ),
            M(
                "b4-rate_behind",
                "Each step is taken with the rate before the one you note",
                "updates the rate after it was noted, one pass late",
                (
                    "Print the optimizer's rate right before step() and compare with the one you noted.",
                    "Set the optimizer's rate first, then note the same number.",
                ),
                with_piece(rate_for_step=lambda s, i, rates: rates[max(i - 1, 0)]),
            ),
            M(
                "b4-never_steps",
                "No step is taken: the loss is only measured",
                "forgets backward or step",
                (
                    "Does any weight change during your sweep?",
                    "A range test is a training loop: three calls belong to every pass.",
                ),
                with_piece(sweep=never_steps),
            ),
            M(
                "b4-same_batch",
                "Every step sees the first batch: iter(loader) is made anew in the loop",
                "makes a new iterator at every step",
                (
                    "What does next(iter(loader)) give when you call it twice, unshuffled?",
                    "Make the iterator once, and again only when it is exhausted.",
                ),
                with_piece(batches=first_batch_only),
            ),
            M(
                "b4-momentum",
                "The steps have momentum, which acts like a larger rate",
                "uses SGD with momentum",
                (
                    "With momentum 0.9, how large is the step after ten equal gradients?",
                    "The test is for plain SGD.",
                ),
                with_piece(optimizer=momentum),
            ),
            M(
                "b4-adam",
                "The test is run with Adam: its rates say nothing about SGD's",
                "uses an adaptive optimizer",
                (
                    "How far does Adam's first step move each weight, whatever the gradient?",
                    "The test is for plain SGD.",
                ),
                with_piece(optimizer=adam),
            ),
            M(
                "b4-averaged",
                "A smoothed loss is returned in place of the loss measured",
                "smooths while recording",
                (
                    "Is losses[i] the loss of batch i?",
                    "Keep the measured losses, and smooth a copy when you choose.",
                ),
                with_piece(record=averaged),
            ),
            M(
                "b4-no_stop",
                "The sweep goes on after the loss has exploded",
                "has no early stop",
                (
                    "Look at the right end of your curve: what do the last losses tell?",
                    "Compare each loss with the first one.",
                ),
                with_piece(stop=lambda s: math.isnan(s.losses[-1]) or math.isinf(s.losses[-1])),
            ),
            M(
                "b4-never_stops",
                "The sweep goes on after an explosion, and after a loss that is not a number",
                "has no stop at all",
                (
                    "What are the last losses of your sweep?",
                    "Two different things should end it: a loss far above the first, and one that is no number.",
                ),
                with_piece(stop=lambda s: False),
            ),
            M(
                "b4-nan",
                "A loss that is not a number does not stop the sweep",
                "trusts a comparison with NaN",
                (
                    "What is float('nan') > 4 on your machine?",
                    "NaN compares as False with everything: ask for it by name, or turn the condition round.",
                ),
                with_piece(stop=lambda s: s.losses[-1] > 4 * s.losses[0]),
            ),
            M(
                "b4-infinite",
                "A first loss that is infinite does not stop the sweep",
                "compares with the first loss, whatever it is",
                (
                    "Which comparison with a first loss that is infinite is ever true?",
                    "Ask whether the loss is finite before you compare it.",
                ),
                with_piece(stop=lambda s: not s.losses[-1] <= 4 * s.losses[0]),
            ),
            M(
                "b4-stops_early",
                "The sweep stops before the loss has exploded",
                "takes noise for an explosion",
                (
                    "Batches differ: may a loss rise a little although all is well?",
                    "Only a loss far above the first one is an explosion.",
                ),
                with_piece(stop=lambda s: not math.isfinite(s.losses[-1]) or s.losses[-1] > min(s.losses) * 1.02),
            ),
            M(
                "b4-fixed_limit",
                "Where the first loss is large, the sweep stops before the loss has exploded",
                "compares the loss with a fixed number",
                (
                    "Say the first loss is 10: where would your sweep end, and has the loss exploded there?",
                    "How large a loss is depends on the network: compare it with the first one.",
                ),
                with_piece(stop=lambda s: not math.isfinite(s.losses[-1]) or s.losses[-1] > 4),
            ),
            M(
                "b4-loader_exhausted",
                "A loader with fewer batches than num_steps ends in StopIteration",
                "calls next without a plan for the end",
                (
                    "What does next() do when an iterator is empty?",
                    "Catch that, and begin the loader again.",
                ),
                with_piece(sweep=unguarded_next),
            ),
            M(
                "b4-one_epoch",
                "The sweep ends with the loader, before num_steps",
                "loops over the loader once",
                (
                    "With 7 batches and num_steps = 20, how many rates should come back?",
                    "When the loader ends, begin it again.",
                ),
                with_piece(batches=one_pass),
            ),
            M(
                "b4-few_crash",
                "A sweep with fewer than five losses crashes",
                "smooths over a fixed window",
                (
                    "Call your function with num_steps=3.",
                    "What can be suggested from three losses? Anything but an exception.",
                ),
                with_piece(suggest=convolved),
            ),
            M(
                "b4-bad_start",
                "A first loss that is not finite crashes the function",
                "looks for a minimum among numbers that are none",
                (
                    "What comes back when the very first loss is infinite?",
                    "Treat the case in which there is nothing to choose from.",
                ),
                with_piece(suggest=needs_a_finite_start),
            ),
            M(
                "b4-evaluates",
                "A sweep runs in evaluation mode, in which batch norm and dropout are off",
                "does not call train()",
                (
                    "A model may come in evaluation mode. In which mode will it be trained later?",
                    "One call before the loop, and the old mode back after it.",
                ),
                with_piece(train_mode=no_op),
            ),
            M(
                "b4-weights",
                "The weights are not restored: the model comes back ruined",
                "restores nothing",
                (
                    "Compare a weight before and after your function.",
                    "Keep a copy of the state before the sweep.",
                ),
                with_piece(restore_weights=no_op),
            ),
            M(
                "b4-alias",
                "state_dict() was kept without a copy: it changed along with the model",
                "takes a reference for a copy",
                (
                    "Print one number of your saved state before and after a step.",
                    "state_dict() hands out the tensors themselves. What makes a copy?",
                ),
                with_piece(save=alias),
            ),
            M(
                "b4-buffers",
                "Batch norm's running statistics are not restored",
                "restores the parameters only",
                (
                    "Compare model.state_dict() before and after: which entries differ?",
                    "Not everything a model remembers is a parameter.",
                ),
                with_piece(restore_weights=restore_parameters),
            ),
            M(
                "b4-mode",
                "The model is not put back into the mode it came in",
                "forgets the mode it came in",
                (
                    "Hand over a model after model.eval(). What is model.training afterwards?",
                    "Note the mode before you change it.",
                ),
                with_piece(restore_mode=no_op),
            ),
            M(
                "b4-rng",
                "torch's random state has moved: what is trained next differs from a run without the test",
                "forgets that loaders and dropout draw random numbers",
                (
                    "Compare torch.get_rng_state() before and after.",
                    "torch.random has a tool for borrowing the generator.",
                ),
                with_piece(restore_rng=no_op),
            ),
            M(
                "b4-interrupted",
                "After an interruption nothing is restored",
                "restores on the last lines only",
                (
                    "Press stop in the middle of a sweep. In which state is the model?",
                    "Which Python statement runs its block however the one before ends?",
                ),
                with_piece(run=restore_at_the_end),
            ),
            M(
                "b4-swallowed",
                "An error of the loader is swallowed: the caller never hears of it",
                "catches every exception",
                (
                    "What does the caller learn when a file of the data set can't be read?",
                    "Restoring does not need an except.",
                ),
                with_piece(run=only_errors),
            ),
            M(
                "b4-index",
                "A position in the list is suggested, not a rate",
                "returns the argmin itself",
                (
                    "Which unit has the number you return?",
                    "argmin says where. What stands there?",
                ),
                with_piece(suggest=lambda s: max(int(np.argmin(s.slope())), 7) if len(s.lrs) > 5 else 0),
            ),
            M(
                "b4-minimum",
                "The rate with the lowest loss is suggested: there the loss has stopped falling",
                "takes lowest for best",
                (
                    "What happens one step to the right of the lowest point?",
                    "You want the place where the loss falls, not the one where it has fallen.",
                ),
                with_piece(suggest=lambda s: float(s.lrs[int(np.argmin(s.losses))])),
            ),
            M(
                "b4-largest",
                "The last rate is suggested, at which the loss explodes",
                "returns the rate variable after the loop",
                (
                    "What did the loss do at this rate?",
                    "Look at the slope of the curve.",
                ),
                with_piece(suggest=lambda s: float(s.lrs[-1])),
            ),
            M(
                "b4-smallest",
                "The first rate is suggested, at which nothing happens yet",
                "looks for the smallest rate",
                (
                    "How fast does the loss fall at this rate?",
                    "Look at the slope of the curve.",
                ),
                with_piece(suggest=lambda s: float(s.lrs[0])),
            ),
            M(
                "b4-steepest_rise",
                "The suggestion lies beyond the steep part, where the loss has fallen or explodes",
                "takes the largest slope for the steepest fall",
                (
                    "Mark the suggested rate in your curve: what does the loss do there?",
                    "Falling fastest means the most negative slope.",
                ),
                with_piece(
                    suggest=lambda s: float(s.lrs[max(int(np.argmax(s.slope())) - 1, 0)]) if len(s.lrs) > 5 else 1.0
                ),
            ),
            M(
                "b4-timid",
                "The suggestion lies before the steep part, where the loss hardly falls",
                "divides for safety, and too much",
                (
                    "How far does the loss fall in your picture up to this rate?",
                    "A rate that is too small costs time: stay where the curve is steep.",
                ),
                with_piece(suggest=lambda s: Pieces.suggest(s) / 1000),
            ),
            M(
                "b4-no_suggestion",
                "The suggestion is not a number",
                "returns something else than one rate",
                (
                    "What type is the third thing you return?",
                    "One float.",
                ),
                with_piece(suggest=lambda s: None),
            ),
            M(
                "b4-no_figure",
                "No figure is drawn",
                "leaves out the plot",
                (
                    "How would you see that the suggestion is sensible?",
                    "Loss up, rate across.",
                ),
                with_piece(plot=no_op),
            ),
            M(
                "b4-linear_axis",
                "The rate's axis is not logarithmic",
                "plots exponential rates on a linear axis",
                (
                    "Which rate stands in the middle of your axis?",
                    "matplotlib has semilogx, and axes have set_xscale.",
                ),
                with_piece(plot=linear_plot),
            ),
            M(
                "b4-no_xlabel",
                "The rate's axis has no label",
                "leaves the reader to guess",
                (
                    "What would someone who sees only the figure not know?",
                    "Name what is across.",
                ),
                with_piece(plot=lambda s: linear_plot(s, log=True, xlabel="")),
            ),
            M(
                "b4-no_ylabel",
                "The loss's axis has no label",
                "leaves the reader to guess",
                (
                    "What would someone who sees only the figure not know?",
                    "Name what is up.",
                ),
                with_piece(plot=lambda s: linear_plot(s, log=True, ylabel="")),
            ),
            M(
                "b4-figure_swapped",
                "The figure's axes are swapped",
                "plots the rate over the loss",
                (
                    "Which quantity did you choose, and which one followed?",
                    "plot takes the horizontal values first.",
                ),
                with_piece(plot=lambda s: linear_plot(s, log=True, swapped=True)),
            ),
            M(
                "b4-steps_plotted",
                "The loss is drawn over the step, not over the rate",
                "leaves out the x values",
                (
                    "Which rate belongs to the steepest place in your picture?",
                    "Hand both lists to the plot.",
                ),
                with_piece(plot=lambda s: linear_plot(s, rates=lambda t: list(range(len(t.losses))))),
            ),
        ),
        accepted={
            "pieces": Pieces.answer(),
            "on_a_copy": OnACopy.answer(),
            "tenth_of_minimum": TenthOfMinimum.answer(),
            "documents_choice": DocumentsChoice.answer(),
        },
        lecture="Read the sweep as an experiment with a protocol: set the rate, measure the loss, step, and leave the "
        "model as it was found.",
        families=(
            (
                "weights alias buffers mode rng interrupted",
                "A test must leave no trace: weights, batch norm's buffers, mode and random state come back, "
                "also after an error (finally). state_dict() holds the tensors themselves: copy them.",
            ),
            (
                "nan no_stop never_stops infinite stops_early fixed_limit",
                "nan > 4 * loss is False. A sweep that asks only “too large?” runs on through NaN: ask whether "
                "the loss is finite, first.",
            ),
            (
                "after_step rate_not_set rate_ahead rate_behind start_late never_steps no_zero_grad same_batch",
                "One turn of the loop, in order: set the rate, measure the loss, note both, clear gradients, "
                "step, raise the rate. losses[i] is measured before the step with lrs[i].",
            ),
            (
                "index minimum largest smallest steepest_rise timid no_suggestion",
                "Suggest from the slope against log-rate, not from the lowest loss: there the fall is over. "
                "Steepest is a rule of thumb; over seeds it ranged over a factor of ten and more, so no single "
                "value is right.",
            ),
            (
                "linear uneven descends min_ignored max_ignored beyond_max never_arrives steps_ignored linear_axis",
                "Rates are compared by factors: multiply by the same factor each step, (max/min)^(1/steps), and "
                "plot on a log axis.",
            ),
        ),
    ),
}
