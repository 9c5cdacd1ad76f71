"""C6: SGD against Adam, each with the same number of trials; and a problem built so that they must differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lrtutorial.experiments.commitment import after_predictions
from lrtutorial.experiments.descent import train
from lrtutorial.experiments.network import Network, sharpness
from lrtutorial.experiments.progress_bar import Progress
from lrtutorial.experiments.results import BLACK, BLUE, SKY, VERMILION, Result, number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]

ADAM = {"adaptive": True, "momentum": 0.9}
METHODS: dict[str, dict] = {"SGD": {}, "Adam": ADAM}
COLOURS = {"SGD": BLUE, "Adam": VERMILION}

# ------------------------------------------------------------------------------------------ a fair search

FEATURES, CLASSES, FLIPPED = 10, 3, 0.1
TRAINING, VALIDATION, TEST, BATCH, STEPS = 300, 300, 2000, 20, 800
#: Eleven rates, half a decade apart.
RATES = np.geomspace(1e-4, 10.0, 11)
DRAW = 0.025  #: a mean gap in test error below which no method is called better
SEARCHES = {
    "narrow, low rates": slice(0, 3),  # 0.0001 … 0.001, around Adam's usual default
    "narrow, high rates": slice(6, 9),  # 0.1 … 1, around SGD's usual ones
    "all eleven": slice(0, 11),
}
TEACHER = Network((FEATURES, 6, CLASSES), "tanh", "cross_entropy")
STUDENT = Network((FEATURES, 32, CLASSES), "tanh", "cross_entropy")


@dataclass(frozen=True, repr=False)
class Search(Result):
    """validation[method], test[method] (seeds, rates): share of errors; sharpness[method] (seeds,): at the fair
    search's choice; effective (parameters,): Adam's step per unit of gradient, lr / sqrt(E[g^2]), for every parameter
    of one run."""

    validation: dict[str, Array]
    test: dict[str, Array]
    sharpness: dict[str, Array]
    effective: Array
    size = (10.5, 3.8)

    def chosen(self, method: str, search: str | slice) -> Array:
        """Test error, (seeds,), at the rate that the validation error picks among those searched."""
        window = SEARCHES[search] if isinstance(search, str) else search
        pick = self.validation[method][:, window].argmin(axis=1)
        return np.take_along_axis(self.test[method][:, window], pick[:, None], axis=1)[:, 0]

    def gap(self, search: str | slice) -> Array:
        """Adam's test error minus SGD's on the same data, (seeds,)."""
        return self.chosen("Adam", search) - self.chosen("SGD", search)

    def gap_error(self, search: str | slice) -> float:
        """The standard error of the mean of `gap`: the tasks are paired, so their own difficulty cancels."""
        gap = self.gap(search)
        return float(gap.std(ddof=1) / np.sqrt(len(gap)))

    def winner(self, search: str | slice) -> str:
        """The better method, or "neither" when the mean gap is smaller than DRAW."""
        gap = self.gap(search).mean()
        if abs(gap) < DRAW:
            return "neither"
        return "Adam" if gap < 0 else "SGD"

    @property
    def effective_spread(self) -> float:
        """The 95th over the 5th percentile of Adam's effective rates."""
        low, high = np.percentile(self.effective, [5, 95])
        return float(high / low)

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2)
        for method, colour in COLOURS.items():
            errors = 100 * self.test[method]
            left.plot(RATES, errors.mean(axis=0), "o-", color=colour, label=method)
            left.fill_between(
                RATES,
                errors.mean(axis=0) - errors.std(axis=0),
                errors.mean(axis=0) + errors.std(axis=0),
                color=colour,
                alpha=0.15,
                lw=0,
            )
        left.set(
            xscale="log",
            xlabel="learning rate",
            ylabel="test error, %",
            title="Every rate (band: spread over seeds)",
        )
        left.legend()
        for shift, (method, colour) in zip((-0.12, 0.12), COLOURS.items(), strict=True):
            for place, search in enumerate(SEARCHES):
                errors = 100 * self.chosen(method, search)
                right.plot(np.full(len(errors), place + shift), errors, "o", color=colour, alpha=0.4, ms=4)
                right.errorbar(
                    place + shift,
                    errors.mean(),
                    errors.std(ddof=1),
                    fmt="s",
                    color=colour,
                    capsize=4,
                    label=method if place == 0 else None,
                )
        right.set(ylabel="test error, %", title="Tuned: who wins depends on the search")
        names = [f"{name.replace(', ', ',' + chr(10))}\nAdam − SGD: {self.said(name)}" for name in SEARCHES]
        right.set_xticks(range(len(SEARCHES)), names, fontsize=8)
        right.legend()

    def said(self, search: str | slice) -> str:
        """The mean paired gap and its standard error, in points of a hundred."""
        gap = f"{100 * self.gap(search).mean():+.1f} ± {100 * self.gap_error(search):.1f}"
        return gap.replace("-", "−")

    @property
    def alt_text(self) -> str:
        rows = "; ".join(
            f"{search}: "
            + ", ".join(
                f"{m} {100 * self.chosen(m, search).mean():.1f}±{100 * self.chosen(m, search).std(ddof=1):.1f}%"
                for m in METHODS
            )
            + f", paired gap Adam − SGD {self.said(search)} points (better: {self.winner(search)})"
            for search in SEARCHES
        )
        return f"Test error of SGD and Adam by learning rate, and after tuning over three search spaces. {rows}."


@dataclass(frozen=True, repr=False)
class Window(Result):
    """A search over three neighbouring rates, the lowest of them number `lowest` of the eleven."""

    search: Search
    lowest: int
    size = (9.5, 3.5)

    @property
    def rates(self) -> slice:
        """Which of the eleven rates are searched."""
        return slice(self.lowest, self.lowest + 3)

    def draw(self, figure: Figure) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.4, 1))
        chosen = {method: 100 * self.search.chosen(method, self.rates) for method in METHODS}
        for place, (method, colour) in enumerate(COLOURS.items()):
            left.plot(RATES, 100 * self.search.test[method].mean(axis=0), "o-", color=colour, label=method)
            right.plot(np.full(len(chosen[method]), place), chosen[method], "o", color=colour)
        right.plot([0, 1], np.array(list(chosen.values())), color="0.7", lw=1, zorder=0)
        left.axvspan(RATES[self.lowest] / 1.4, RATES[self.lowest + 2] * 1.4, color=SKY, alpha=0.3, lw=0)
        left.set(xscale="log", xlabel="learning rate", ylabel="test error, %", title="The rates that may be tried")
        left.legend(loc="upper center")
        winner = self.search.winner(self.rates)
        right.set(xlim=(-0.5, 1.5), ylim=(5, 75), ylabel="test error, % (a line is a task)")
        right.set_title(f"better: {winner}\nAdam − SGD: {self.search.said(self.rates)} points", fontsize=10)
        right.set_xticks([0, 1], list(METHODS))

    @property
    def alt_text(self) -> str:
        low, high = number(RATES[self.lowest]), number(RATES[self.lowest + 2])
        return (
            f"Three rates from {low} to {high} may be tried. Paired gap in test error, Adam − SGD: "
            f"{self.search.said(self.rates)} points in a hundred; better: {self.search.winner(self.rates)}."
        )


@after_predictions("c6")
def window(search: Search, lowest: float) -> Window:
    """What a search over three neighbouring rates would have found, `lowest` the lowest of them."""
    return Window(search, int(np.argmin(np.abs(np.log(RATES / lowest)))))


def _task(rng: np.random.Generator) -> tuple[list[Array], list[Array]]:
    """Inputs and labels for training, validation and test; a random teacher, a tenth of the labels random but
    for the test's."""
    teacher = TEACHER.initial(rng, scale=3.0)
    inputs = rng.normal(size=(TRAINING + VALIDATION + TEST, FEATURES))
    labels = TEACHER.predict(teacher, inputs)[0].argmax(axis=1)
    flipped = rng.random(len(labels)) < FLIPPED
    flipped[TRAINING + VALIDATION :] = False
    labels = np.where(flipped, rng.integers(0, CLASSES, len(labels)), labels)
    cuts = [TRAINING, TRAINING + VALIDATION]
    return np.split(inputs, cuts), np.split(labels, cuts)


@after_predictions("c6")
def search(seed: int = 0, seeds: int = 8) -> Search:
    """Train one small classifier at eleven rates with each method, on `seeds` fresh tasks; the same start and
    batches for both."""
    validation = {method: np.empty((seeds, len(RATES))) for method in METHODS}
    test = {method: np.empty((seeds, len(RATES))) for method in METHODS}
    sharp = {method: np.empty(seeds) for method in METHODS}
    effective = np.empty(0)

    def errors(weights: Array, inputs: Array, labels: Array) -> Array:
        return (STUDENT.predict(weights, inputs).argmax(axis=2) != labels).mean(axis=1)

    with Progress("SGD and Adam", 2 * seeds * STEPS) as progress:
        for s in range(seeds):
            rng = np.random.default_rng([seed, s])
            (train_x, valid_x, test_x), (train_y, valid_y, test_y) = _task(rng)
            begin = np.repeat(STUDENT.initial(rng), len(RATES), axis=0)
            batches = rng.integers(0, TRAINING, (STEPS, BATCH))

            def gradient(
                weights: Array,
                step: int,
                x: Array = train_x,
                y: Array = train_y,
                batches: NDArray[np.int64] = batches,
            ) -> tuple[Array, Array]:
                return STUDENT.losses_and_gradients(weights, x[batches[step]], y[batches[step]])

            for method, rule in METHODS.items():
                weights, _ = train(gradient, begin, RATES, STEPS, alike=True, progress=progress, **rule)
                validation[method][s] = errors(weights, valid_x, valid_y)
                test[method][s] = errors(weights, test_x, test_y)
                pick = validation[method][s].argmin()
                best = weights[pick : pick + 1]
                value, _ = sharpness(STUDENT, best, train_x, train_y, rng.normal(size=best.shape), 60)
                sharp[method][s] = value[0]
                if method == "Adam" and s == 0:
                    squares = [gradient(best, step)[1][0] ** 2 for step in range(STEPS)]
                    effective = RATES[pick] / np.sqrt(np.mean(squares, axis=0) + 1e-16)
    return Search(validation, test, sharp, effective)


# ------------------------------------------------------------------------ a problem built to tell them apart

SEPARABLE_RATES = np.geomspace(1e-3, 0.1, 6)
EPSILONS = np.array([1e-8, 1e-4, 1e-2, 1.0])


@dataclass(frozen=True, repr=False)
class Separable(Result):
    """sgd (seeds, rates), adam (seeds, epsilons, rates): test error; train_sgd, train_adam likewise: training loss."""

    sgd: Array
    adam: Array
    train_sgd: Array
    train_adam: Array
    size = (7.5, 3.5)

    @property
    def tuned_rate_only(self) -> tuple[Array, Array]:
        """Test errors, (seeds,) each, of SGD and of Adam (epsilon 1e-8), the best of all rates for each."""
        return self.sgd.min(axis=1), self.adam[:, 0].min(axis=1)

    @property
    def tuned_with_epsilon(self) -> Array:
        """Test errors of Adam, (seeds,), the best over rates and epsilons."""
        return self.adam.min(axis=(1, 2))

    def draw(self, figure: Figure) -> None:
        axes = figure.subplots()
        sgd, adam = self.sgd, self.adam
        names = ["SGD"] + [f"Adam\nε = {number(e)}" for e in EPSILONS]
        groups = [sgd] + [adam[:, i] for i in range(len(EPSILONS))]
        for place, errors in enumerate(groups):
            for i in range(len(SEPARABLE_RATES)):
                spread = (i - (len(SEPARABLE_RATES) - 1) / 2) * 0.1
                axes.plot(
                    np.full(len(errors), place + spread),
                    100 * errors[:, i],
                    "o",
                    ms=4,
                    alpha=0.6,
                    color=BLUE if place == 0 else VERMILION,
                )
        axes.axhline(50, color=BLACK, lw=0.5, ls=":")
        axes.set_xticks(range(len(names)), names)
        axes.set(
            ylabel="test error, %",
            ylim=(-4, 70),
            title="A separable problem: each dot one rate and one data set",
        )

    @property
    def alt_text(self) -> str:
        sgd, adam = self.tuned_rate_only
        usual = 100 * np.median(self.adam.min(axis=2), axis=0)
        rows = ", ".join(f"Adam with ε {number(e)}: {error:.0f}%" for e, error in zip(EPSILONS, usual, strict=True))
        return (
            f"Test error at the best of six rates, median over data sets. SGD "
            f"{100 * np.median(sgd):.0f}%, {rows}. Training loss goes to zero for both."
        )


def _data(rng: np.random.Generator, examples: int) -> tuple[Array, Array]:
    """Inputs (examples, 3 + 5 examples) and labels ±1 of the construction that `separable` describes."""
    labels = np.where(rng.random(examples) < 0.6, 1.0, -1.0)
    inputs = np.zeros((examples, 3 + 5 * examples))
    inputs[:, 0], inputs[:, 1:3] = labels, 1.0
    for i, label in enumerate(labels):
        own = 3 + 5 * i
        inputs[i, own : own + (1 if label > 0 else 5)] = 1.0
    return inputs, labels


def _fit(inputs: Array, labels: Array, fresh: Array, steps: int, progress: Progress, rule: dict) -> tuple[Array, Array]:
    """Least squares from zero at every rate: the test error on the `fresh` labels and the training loss,
    (rates,) each."""

    def gradient(weights: Array, step: int) -> tuple[Array, Array]:
        residual = weights @ inputs.T - labels
        return np.mean(residual**2, axis=1) / 2, residual @ inputs / len(labels)

    start = np.zeros((len(SEPARABLE_RATES), inputs.shape[1]))
    weights, losses = train(gradient, start, SEPARABLE_RATES, steps, progress=progress, **rule)
    # A fresh example's own features never occurred in training: their weights are still zero.
    score = weights[:, :1] * fresh + weights[:, 1:3].sum(axis=1, keepdims=True)
    return np.mean(score * fresh <= 0, axis=1), losses[-1]


@after_predictions("c6")
def separable(seed: int = 0, seeds: int = 5, examples: int = 40, steps: int = 2000) -> Separable:
    """Least squares on the construction of Wilson et al. (2017), with both methods from zero.

    Every example has its label as first feature, two constant features, and features of its own that no
    other example has: one when the label is +1, five when it is −1. Positive labels are more common (probability 0.6).
    """
    rules: list[dict] = [{}] + [{"eps": eps, **ADAM} for eps in EPSILONS]
    results = []
    with Progress("A separable problem", seeds * len(rules) * steps) as progress:
        for s in range(seeds):
            rng = np.random.default_rng([seed, s])
            inputs, labels = _data(rng, examples)
            fresh = np.where(rng.random(1000) < 0.6, 1.0, -1.0)
            results.append([_fit(inputs, labels, fresh, steps, progress, rule) for rule in rules])
    errors, losses = np.moveaxis(np.array(results), 2, 0)  # (seeds, rules, rates) each
    return Separable(errors[:, 0], errors[:, 1:], losses[:, 0], losses[:, 1:])
