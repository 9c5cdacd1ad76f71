"""B2: Adam. Source: Kingma & Ba 2015, Algorithm 1; the course document, solution B2."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from autograder.catalogue import Question
from autograder.catalogue.gradients import REBOUND, Probe, draw_probe, far, grown, odd
from autograder.catalogue.made import manners, mistakes, model_of
from autograder.catalogue.words import ADAM, MANNERS, of
from autograder.references.optimizers import Adam
from lrtutorial.answers.arrays import pack
from lrtutorial.exercises.b2 import EXERCISE

LARGE = 1e9  # gradients of this size make every ε in use invisible, so that ε costs only its own rubric line
WARM = 40  # steps after which the correction of betas up to 0.4 is 1 to the last bit


def draw_probes(rng: np.random.Generator) -> list[Probe]:
    """Draw the runs: early ones for the correction, ``after`` a warm-up for everything else, small ones for ε."""

    def early(**more: float) -> dict[str, float]:
        return {"lr": odd(rng, 0.02, 0.2), "beta1": odd(rng, 0.6, 0.8), "beta2": odd(rng, 0.9, 0.97), **more}

    def warm(**more: float) -> dict[str, float]:
        return {"lr": odd(rng, 0.02, 0.2), "beta1": odd(rng, 0.08, 0.15), "beta2": odd(rng, 0.36, 0.4), **more}

    def after(id: str, shapes: list[tuple[int, ...]], **more: object) -> Probe:
        options = {"scale": LARGE, "kwargs": warm(), "after": WARM, **more}
        return draw_probe(rng, id, "Adam", shapes, WARM + 6, **options)

    small = [(2,)]
    zeros = draw_probe(rng, "zero_gradients", "Adam", small, 6, kwargs=early(eps=1e-6))
    zeros["grads"][:3] = [[pack(np.zeros(2))] for _ in range(3)]
    twin = after("twin", small)
    return [
        draw_probe(rng, "first_step", "Adam", [(2,), (2,)], 1, scale=LARGE, kwargs=early()),
        grown(draw_probe(rng, "long", "Adam", small, 12, scale=LARGE, kwargs=early())),
        grown(after("late", [(2,), (2,)])),
        draw_probe(rng, "large_epsilon", "Adam", small, 6, kwargs=early(eps=odd(rng, 0.1, 0.3))),
        draw_probe(rng, "tiny_gradients", "Adam", small, 6, scale=1e-9, kwargs=early(eps=1e-8)),
        zeros,
        draw_probe(rng, "defaults", "Adam", small, 3),
        after("shapes", [(2, 2), (3,), (2,)]),
        after("zero_d", [(), (2,)]),
        after("float32", small, dtype="<f4"),
        after("rate_change", small, lr_at={str(WARM + 2): odd(rng, 0.002, 0.01)}),
        far(after("in_place", small, in_place=True)),
        after("positional", small, positional=["lr", "beta1", "beta2"]),
        after("reused_gradients", small, reuse=True),
        after("side_by_side", small, twin={key: twin[key] for key in ("params", "kwargs", "grads")}),
    ]


# --------------------------------------------------------------------------------------------- wrong Adams

_ADAM = model_of(EXERCISE, "Adam")
MISCONCEPTIONS = (*mistakes(_ADAM, "Adam", ADAM), *manners(_ADAM, "Adam", of("Adam", MANNERS)))


# ------------------------------------------------------------------------------------------- right Adams


class Pieces:
    """Adam in pieces."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        for i, g in enumerate(grads):
            self.step_one(i, g)

    def step_one(self, i, g):
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], g)
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))

    def first(self, m, g):
        return self.beta1 * m + (1 - self.beta1) * g

    def second(self, v, g):
        return self.beta2 * v + (1 - self.beta2) * g**2

    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v / (1 - self.beta2**self.t)

    def direction(self, m_hat, v_hat, g):
        return m_hat / (np.sqrt(v_hat) + self.eps)

    def move(self, i, step):
        self.params[i] -= step


class Lerp(Pieces):
    """m += (1 − β)(g − m): the same average, written as a pull towards the new value."""

    def first(self, m, g):
        return m + (1 - self.beta1) * (g - m)

    def second(self, v, g):
        return v + (1 - self.beta2) * (g * g - v)


class RunningPowers(Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.power1 = self.power2 = 1.0

    def step(self, grads):
        self.power1 *= self.beta1
        self.power2 *= self.beta2
        super().step(grads)

    def corrected(self, m, v):
        return m / (1 - self.power1), v / (1 - self.power2)


class LazyState:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.betas, self.eps = list(params), lr, (beta1, beta2), eps
        self.state = {}

    def step(self, grads):
        b1, b2 = self.betas
        for i, (p, g) in enumerate(zip(self.params, grads, strict=True)):
            s = self.state.setdefault(i, {"t": 0, "m": 0.0, "v": 0.0})
            s["t"] += 1
            s["m"] = b1 * s["m"] + (1 - b1) * g
            s["v"] = b2 * s["v"] + (1 - b2) * g**2
            p[...] = p - self.lr * (s["m"] / (1 - b1 ** s["t"])) / (np.sqrt(s["v"] / (1 - b2 ** s["t"])) + self.eps)


class NoneUntilUsed(Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.m = self.v = None

    def step(self, grads):
        if self.m is None:
            self.m, self.v = [0 * g for g in grads], [0 * g for g in grads]
        super().step(grads)


class SliceAssignment(Pieces):
    """[:] does not work on a 0-d array; that is excused."""

    def move(self, i, step):
        self.params[i][:] = self.params[i] - step


class SubtractOut(Pieces):
    def move(self, i, step):
        np.subtract(self.params[i], step, out=self.params[i])


class InPlaceState(Pieces):
    def step_one(self, i, g):
        self.m[i] *= self.beta1
        self.m[i] += (1 - self.beta1) * g
        self.v[i] *= self.beta2
        self.v[i] += (1 - self.beta2) * np.square(g)
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.params[i] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)


class FoldedRight(Pieces):
    """The paper's reordering with ε scaled along."""

    def step_one(self, i, g):
        self.m[i], self.v[i] = self.first(self.m[i], g), self.second(self.v[i], g)
        root = np.sqrt(1 - self.beta2**self.t)
        rate = self.lr * root / (1 - self.beta1**self.t)
        self.params[i] -= rate * self.m[i] / (self.v[i] ** 0.5 + self.eps * root)


@dataclass
class AsDataclass:
    params: list
    lr: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    t: int = 0
    m: list = field(init=False)
    v: list = field(init=False)

    def __post_init__(self):
        self.m = [np.zeros(p.shape) for p in self.params]
        self.v = [np.zeros(p.shape) for p in self.params]

    step = Pieces.step
    step_one = Pieces.step_one
    first, second, corrected, direction, move = (
        Pieces.first,
        Pieces.second,
        Pieces.corrected,
        Pieces.direction,
        Pieces.move,
    )


class Typed:
    """Type hints, a helper method, state in tuples, prints."""

    def __init__(
        self,
        params: list[np.ndarray],
        lr: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
    ) -> None:
        self.params, self.lr, self.beta1, self.beta2, self.eps, self.t = params, lr, beta1, beta2, eps, 0
        self.moments: list[tuple[np.ndarray, np.ndarray]] = [(np.zeros_like(p), np.zeros_like(p)) for p in params]

    @staticmethod
    def average(old: np.ndarray, new: np.ndarray, beta: float) -> np.ndarray:
        return (1.0 - beta) * new + beta * old

    def step(self, grads: list[np.ndarray]) -> None:
        self.t += 1
        print("step", self.t)
        moments = []
        for (m, v), g, p in zip(self.moments, grads, self.params, strict=True):
            m, v = self.average(m, g, self.beta1), self.average(v, g * g, self.beta2)
            moments.append((m, v))
            p -= self.lr * (m / (1 - self.beta1**self.t)) / (np.sqrt(v / (1 - self.beta2**self.t)) + self.eps)
        self.moments = moments


class PositionalExtras(Pieces):
    """More keyword arguments than asked for, and a result that nobody needs."""

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8, *, verbose=False):
        super().__init__(params, lr, beta1, beta2, eps)
        self.verbose = verbose

    def step(self, grads):
        super().step([np.array(g, copy=True) for g in grads])
        return self.params


class ZeroDReplaced(Pieces):
    """np.power, np.divide and the like in place of operators."""

    def second(self, v, g):
        return np.add(np.multiply(self.beta2, v), np.multiply(1 - self.beta2, np.power(g, 2)))

    def direction(self, m_hat, v_hat, g):
        return np.divide(m_hat, np.add(np.power(v_hat, 0.5), self.eps))


ACCEPTED = {
    "the course's own": Pieces,
    "lerp": Lerp,
    "running powers": RunningPowers,
    "lazy dictionary": LazyState,
    "None until used": NoneUntilUsed,
    "slice assignment": SliceAssignment,
    "np.subtract out": SubtractOut,
    "in-place state": InPlaceState,
    "folded with ε scaled": FoldedRight,
    "dataclass": AsDataclass,
    "typed, helper, prints": Typed,
    "extra arguments": PositionalExtras,
    "NumPy functions": ZeroDReplaced,
}

QUESTIONS = {
    "b2": Question(
        Adam,
        draw_probes,
        MISCONCEPTIONS,
        ACCEPTED,
        lecture="Go through the five lines of Algorithm 1 with one number, g = 1, for two steps. Every line has a "
        "value that can be checked: m̂ = 1 and v̂ = 1 from the first step on.",
        families=(
            (
                "no_correction only_first only_second t_from_zero t_from_two t_never t_per_parameter "
                "stores_corrected correction_product correction_multiplied correction_power",
                "Correction undoes the start at zero: divide m by 1 − β₁ᵗ, v by 1 − β₂ᵗ, with t the number of "
                "steps taken, one count for all parameters. Without it the first step is 3.16 times too long at "
                "the defaults: longer, not shorter.",
            ),
            (
                "epsilon_inside epsilon_squared no_epsilon epsilon_hat fixed_epsilon",
                "Algorithm 1 has ε beside the root: √v̂ + ε. Under the root, or added before the correction, it "
                "is another algorithm for small gradients; the check drives with gradients near 1e-9, where it "
                "shows.",
            ),
            (
                "weights_swapped sums sum_first betas_swapped beta1_twice no_history",
                "An average keeps most of what it was: m ← β₁m + (1 − β₁)g, weights that add up to one. Feed g "
                "= 1 for ever and ask where m settles.",
            ),
            (
                "rebinds copies",
                REBOUND,
            ),
            (
                "mutates shared_state class_state",
                "What belongs to whom: gradients to the caller, m and v to one parameter of one optimizer. Run "
                "two optimizers side by side on the same gradients.",
            ),
            (
                "frozen_rate fixed_betas fixed_rate rate_inside",
                "A schedule sets optimizer.lr while training runs: step must read self.lr each time, and the "
                "rate belongs to the last line alone.",
            ),
            (
                "amsgrad nadam shrinks belief adagrad rmsprop momentum_only",
                "Show the relatives in one table, by the line in which each differs from Adam. Whoever handed "
                "one in knows a real optimizer, only not this one.",
            ),
        ),
    ),
}
