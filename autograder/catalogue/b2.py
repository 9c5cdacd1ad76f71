"""B2: Adam. Source: Kingma & Ba 2015, Algorithm 1; the course document, solution B2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograder.catalogue import Misconception, Question
from autograder.catalogue.gradients import REBOUND, draw_probe, odd
from autograder.references.optimizers import Adam
from lrtutorial.arrays import pack

M = Misconception
LARGE = 1e9  # gradients of this size make every ε in use invisible, so that ε costs only its own rubric line
WARM = 32  # steps after which the correction of betas up to 0.3 is 1 to the last bit


def draw_probes(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw the runs: early ones for the correction, ``after`` a warm-up for everything else, small ones for ε."""

    def early(**more: float) -> dict[str, float]:
        return {"lr": odd(rng, 0.02, 0.2), "beta1": odd(rng, 0.6, 0.8), "beta2": odd(rng, 0.9, 0.97), **more}

    def warm(**more: float) -> dict[str, float]:
        return {"lr": odd(rng, 0.02, 0.2), "beta1": odd(rng, 0.15, 0.3), "beta2": odd(rng, 0.15, 0.3), **more}

    def after(id: str, shapes: list[tuple[int, ...]], **more: Any) -> dict[str, Any]:
        options = {"scale": LARGE, "kwargs": warm(), "after": WARM, **more}
        return draw_probe(rng, id, "Adam", shapes, WARM + 6, **options)

    small = [(2,)]
    zeros = draw_probe(rng, "zero_gradients", "Adam", small, 6, kwargs=early(eps=1e-6))
    zeros["grads"][:3] = [[pack(np.zeros(2))] for _ in range(3)]
    twin = after("twin", small)
    return [
        draw_probe(rng, "first_step", "Adam", [(2,), (2,)], 1, scale=LARGE, kwargs=early()),
        draw_probe(rng, "long", "Adam", small, 12, scale=LARGE, kwargs=early()),
        after("late", small),
        draw_probe(rng, "large_epsilon", "Adam", small, 6, kwargs=early(eps=odd(rng, 0.1, 0.3))),
        draw_probe(rng, "tiny_gradients", "Adam", small, 6, scale=1e-9, kwargs=early(eps=1e-8)),
        zeros,
        draw_probe(rng, "defaults", "Adam", small, 3),
        after("shapes", [(2, 2), (3,)]),
        after("zero_d", [(), (2,)]),
        after("float32", small, dtype="<f4"),
        after("rate_change", small, lr_at={str(WARM + 2): odd(rng, 0.002, 0.01)}),
        after("in_place", small, in_place=True),
        after("reused_gradients", small, reuse=True),
        after("side_by_side", small, twin={key: twin[key] for key in ("params", "kwargs", "grads")}),
    ]


# --------------------------------------------------------------------------------------------- wrong Adams


class Pieces:
    """Adam in pieces; each wrong Adam below replaces one of them."""

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


class NoCorrection(Pieces):
    def corrected(self, m, v):
        return m, v


class OnlyFirstCorrected(Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v


class OnlySecondCorrected(Pieces):
    def corrected(self, m, v):
        return m, v / (1 - self.beta2**self.t)


class CountsFromZero(Pieces):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.step_one(i, g)
        self.t += 1


class CountsFromTwo(Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.t = 1


class NeverCounts(Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1), v / (1 - self.beta2)


class CountsPerParameter(Pieces):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.t += 1
            self.step_one(i, g)


class EpsilonInside(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat + self.eps)


class EpsilonInsideSquared(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat + self.eps**2)


class NoEpsilon(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat)


class EpsilonHat(Pieces):
    def step_one(self, i, g):
        self.m[i], self.v[i] = self.first(self.m[i], g), self.second(self.v[i], g)
        rate = self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        self.move(i, rate * self.m[i] / (np.sqrt(self.v[i]) + self.eps))


class NoRoot(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / (v_hat + self.eps)


class NoHistory(Pieces):
    def first(self, m, g):
        return (1 - self.beta1) * g

    def second(self, v, g):
        return (1 - self.beta2) * g**2


class BetasSwapped(Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta2, beta1, eps)


class WeightsSwapped(Pieces):
    def first(self, m, g):
        return (1 - self.beta1) * m + self.beta1 * g

    def second(self, v, g):
        return (1 - self.beta2) * v + self.beta2 * g**2


class SumsInsteadOfAverages(Pieces):
    def first(self, m, g):
        return self.beta1 * m + g

    def second(self, v, g):
        return self.beta2 * v + g**2


class FirstMomentIsSum(Pieces):
    def first(self, m, g):
        return self.beta1 * m + g


class AbsoluteForSquare(Pieces):
    def second(self, v, g):
        return self.beta2 * v + (1 - self.beta2) * np.abs(g)


class SquareOfFirstMoment(Pieces):
    def step_one(self, i, g):
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], self.m[i])
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class Ascends(Pieces):
    def move(self, i, step):
        self.params[i] += step


class SharedState(Pieces):
    """One m and one v for all parameters, made afresh when a parameter's shape does not fit."""

    def step_one(self, i, g):
        if np.shape(self.m[0]) != np.shape(g):
            self.m[0], self.v[0] = np.zeros_like(g), np.zeros_like(g)
        self.m[0], self.v[0] = self.first(self.m[0], g), self.second(self.v[0], g)
        m_hat, v_hat = self.corrected(self.m[0], self.v[0])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class Rebinds(Pieces):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class MovesCopies(Pieces):
    def __init__(self, params, *args, **kwargs):
        super().__init__([p.copy() for p in params], *args, **kwargs)


class ClassState(Pieces):
    m, v = {}, {}

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.t = 0

    def step_one(self, i, g):
        if np.shape(self.m.get(i)) != np.shape(g):
            self.m[i], self.v[i] = np.zeros_like(g), np.zeros_like(g)
        super().step_one(i, g)


class MutatesGradients(Pieces):
    def step(self, grads):
        super().step(grads)
        for g in grads:
            g *= 1 - self.beta1


class FrozenRate(Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta1, beta2, eps)
        self.first_rate = lr

    def move(self, i, step):
        self.params[i] -= step / self.lr * self.first_rate


class HardCodedBetas(Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, 0.9, 0.999, eps)


class HardCodedEpsilon(Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta1, beta2, 1e-8)


class HardCodedRate(Pieces):
    def move(self, i, step):
        self.params[i] -= step / self.lr * 0.001


class RateInsideMoment(Pieces):
    def first(self, m, g):
        return self.beta1 * m + (1 - self.beta1) * self.lr * g

    def move(self, i, step):
        self.params[i] -= step / self.lr


class StoresCorrected(Pieces):
    def step_one(self, i, g):
        self.m[i], self.v[i] = self.corrected(self.first(self.m[i], g), self.second(self.v[i], g))
        self.move(i, self.lr * self.direction(self.m[i], self.v[i], g))


class AMSGrad(Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.largest = [np.zeros_like(p) for p in self.params]

    def step_one(self, i, g):
        self.m[i], self.v[i] = self.first(self.m[i], g), self.second(self.v[i], g)
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.largest[i] = np.maximum(self.largest[i], v_hat)
        self.move(i, self.lr * self.direction(m_hat, self.largest[i], g))


class Nadam(Pieces):
    def direction(self, m_hat, v_hat, g):
        ahead = self.beta1 * m_hat + (1 - self.beta1) * g / (1 - self.beta1**self.t)
        return ahead / (np.sqrt(v_hat) + self.eps)


class AdamW(Pieces):
    def step(self, grads):
        for param in self.params:
            param *= 1 - self.lr * 0.01
        super().step(grads)


class RMSpropOnly(Pieces):
    def direction(self, m_hat, v_hat, g):
        return g / (np.sqrt(v_hat) + self.eps)


class MomentumOnly(Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat


class CorrectionTimesT(Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1 * self.t), v / np.abs(1 - self.beta2 * self.t)


class CorrectionMultiplied(Pieces):
    def corrected(self, m, v):
        return m * (1 - self.beta1**self.t), v * (1 - self.beta2**self.t)


class CorrectionWithoutOne(Pieces):
    def corrected(self, m, v):
        return m / self.beta1**self.t, v / self.beta2**self.t


class Belief(Pieces):
    def step_one(self, i, g):
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], g - self.m[i])
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class AccumulatesSquares(Pieces):
    def second(self, v, g):
        return v + g**2

    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v


class SecondMomentWithBeta1(Pieces):
    def second(self, v, g):
        return self.beta1 * v + (1 - self.beta1) * g**2


class OneNormForAll(Pieces):
    def second(self, v, g):
        return self.beta2 * v + (1 - self.beta2) * np.sum(g**2)


class NormalizedGradient(Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * np.sign(g))


COUNT = (
    "Algorithm 1 raises t by one before anything else in a step. Which t does your first step use?",
    "Print self.t inside the correction for two steps with two parameters: it should read 1, 1, 2, 2.",
)
EPSILON = (
    "Where does ε stand in the last line of Algorithm 1: under the root or beside it?",
    "With gradients near 1e-9, √v̂ is smaller than ε = 1e-8. Work out such a step on paper and compare.",
)

MISCONCEPTIONS = (
    M("b2-no_correction", "Neither moment is corrected for its start at zero",
      "leaves the bias correction out", (
          "Both averages start at zero. How far has m come towards g after one step?",
          "Divide your first step's size by lr. With the default betas it is 3.16, when it should be 1.",
      ), NoCorrection),
    M("b2-only_first", "Only the first moment is corrected",
      "corrects m but not v", (
          "Both averages start at zero, so both are too small at first.",
          "Look at what stands under the root at step 1, and compare it with the squared gradient.",
      ), OnlyFirstCorrected),
    M("b2-only_second", "Only the second moment is corrected",
      "corrects v but not m", (
          "Both averages start at zero, so both are too small at first.",
          "Look at the numerator at step 1, and compare it with the gradient.",
      ), OnlySecondCorrected),
    M("b2-t_from_zero", "t is still 0 in the first step, so the correction divides by zero",
      "counts the step after using it", COUNT, CountsFromZero),
    M("b2-t_from_two", "t starts one too high: the first step is corrected as if it were the second",
      "counts twice before the first step", COUNT, CountsFromTwo),
    M("b2-t_never", "t never grows: every step is corrected like the first",
      "uses the constant 1 − β for the correction", (
          "How much correction is left to do after a thousand steps?",
          "The power in the correction must grow with the steps taken.",
      ), NeverCounts),
    M("b2-t_per_parameter", "t is raised once for every parameter, not once for every step",
      "counts inside the loop over parameters", COUNT, CountsPerParameter),
    M("b2-epsilon_inside", "ε stands inside the root",
      "writes √(v̂ + ε)", EPSILON, EpsilonInside),
    M("b2-epsilon_squared", "ε stands inside the root, squared",
      "writes √(v̂ + ε²)", EPSILON, EpsilonInsideSquared),
    M("b2-no_epsilon", "ε is missing: a gradient that has been zero throughout divides zero by zero",
      "forgets ε", (
          "What does your update give for a parameter whose gradients have all been zero?",
          "Find the hyperparameter that your step never uses.",
      ), NoEpsilon),
    M("b2-epsilon_hat",
      "ε is added to the uncorrected root: this is the paper's reordered form, not Algorithm 1",
      "folds the correction into the rate but leaves ε as it was", (
          "Section 2 of the paper mentions this shortcut, with an ε̂ that is not ε.",
          "When the correction moves into the rate, everything in the denominator has to be scaled along "
          "with it.",
      ), EpsilonHat),
    M("b2-no_root", "The root over the second moment is missing",
      "divides by v̂ instead of its root", (
          "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
          "What unit does v have if g is in metres? The ratio should have none.",
      ), NoRoot),
    M("b2-no_history", "The moments forget: each step starts them from this gradient alone",
      "does not carry m and v over", (
          "An average over past gradients needs its own last value.",
          "Print m after two steps with gradients 1 and then 0. It should not be 0.",
      ), NoHistory),
    M("b2-betas_swapped", "beta1 and beta2 have changed places",
      "mixes up which moment has which beta", (
          "Which of the two averages should remember longer?",
          "beta1 belongs to the first moment. Follow both through __init__ and step.",
      ), BetasSwapped),
    M("b2-weights_swapped",
      "The weights have changed places: (1 − beta) on the past, beta on the new gradient",
      "swaps the weights of the moving average", (
          "With beta1 = 0.9, how much of the old m should survive a step: most of it or little?",
          "Let beta be nearly 1: the average should hardly change in one step.",
      ), WeightsSwapped),
    M("b2-sums", "The factors 1 − beta are missing from both moments: these are sums, not averages",
      "omits the weights 1 − β", (
          "Feed the gradient 1 for ever: where should m settle?",
          "The two weights of an average add up to one.",
      ), SumsInsteadOfAverages),
    M("b2-sum_first", "The factor 1 − beta1 is missing from the first moment",
      "uses heavy-ball momentum for m", (
          "Feed the gradient 1 for ever: where should m settle?",
          "The two weights of an average add up to one.",
      ), FirstMomentIsSum),
    M("b2-absolute", "The second moment averages |g|, not g²",
      "averages absolute values", (
          "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
          "What is under a root should have the square of the gradient's unit.",
      ), AbsoluteForSquare),
    M("b2-square_of_m", "The second moment averages m², not g²",
      "squares the first moment instead of the gradient", (
          "v is the average of squares, which is not the square of an average.",
          "Which quantity enters the line for v in Algorithm 1?",
      ), SquareOfFirstMoment),
    M("b2-ascends", "It goes uphill: the sign of the update is turned",
      "adds the step", (
          "Take x > 0 with a positive gradient. Which way is down?",
          "Look at the sign in your last line.",
      ), Ascends),
    M("b2-shared_state", "All parameters share one m and one v",
      "keeps a single pair of moments", (
          "Does every parameter have moments of its own?",
          "Take two parameters, one with large gradients, one with small: print what m holds after each.",
      ), SharedState),
    M("b2-rebinds", "Each step puts a new array into the list: the caller's own array never changes",
      "writes params[i] = params[i] − … instead of changing the array", (
          "After a step, is self.params[0] still the very array that was passed in?",
          "x = x − d makes a new array. Which forms change the one that is there?",
      ), Rebinds),
    M("b2-copies", "The caller's arrays never move: the steps go into copies, or nowhere",
      "copies the parameters in __init__, or stores no step", (
          "Print one of the arrays you passed in, before and after a step.",
          "Which line makes the arrays you hold different from those that were passed in?",
      ), MovesCopies),
    M("b2-class_state", "State outlives the object: a second optimizer starts with what the first one left",
      "keeps the moments on the class, in a default argument or in a global", (
          "Make two optimizers one after the other. Where does the second one's m come from?",
          "Everything a step remembers should be created in __init__ and belong to self.",
      ), ClassState),
    M("b2-mutates_gradients", "The caller's gradients are changed",
      "works in place on the gradients", (
          "Print a gradient array before and after step. It should be the same.",
          "Look for *=, += or out= on something that came in through grads.",
      ), MutatesGradients),
    M("b2-frozen_rate", "The rate is frozen at construction: changing optimizer.lr later has no effect",
      "stores a copy of the rate", (
          "A schedule sets optimizer.lr between steps. Does your step look there?",
          "Which attribute does the update read?",
      ), FrozenRate),
    M("b2-fixed_betas", "beta1 and beta2 are fixed at their defaults, whatever is passed in",
      "hard-codes the betas", (
          "Make an Adam with beta1=0.5 and look at what your object stores.",
          "Search your class for 0.9 and 0.999.",
      ), HardCodedBetas),
    M("b2-fixed_epsilon", "eps is fixed at its default, whatever is passed in",
      "hard-codes ε", (
          "Make an Adam with eps=0.1 and look at what your object stores.",
          "Search your class for 1e-8.",
      ), HardCodedEpsilon),
    M("b2-fixed_rate", "The rate is fixed at 0.001, whatever is passed in",
      "hard-codes the rate", (
          "Make an Adam with lr=0.5. How long is its first step?",
          "Search your class for 0.001.",
      ), HardCodedRate),
    M("b2-rate_inside", "The rate is inside the first moment: old steps keep their old rate",
      "accumulates lr·g", (
          "Cut lr to a tenth in mid-run. By how much should the very next step shrink?",
          "The rate should meet the moments only in the last line.",
      ), RateInsideMoment),
    M("b2-stores_corrected", "The corrected moments are stored back, so they are corrected again and again",
      "overwrites m and v with m̂ and v̂", (
          "Which of the two should the next step continue from: m or its corrected value?",
          "Use names of their own for the corrected values.",
      ), StoresCorrected),
    M("b2-amsgrad", "This is AMSGrad: the second moment's maximum never comes down",
      "keeps the largest v̂", (
          "After one huge gradient, should later steps stay small for ever?",
          "Algorithm 1 has no maximum.",
      ), AMSGrad),
    M("b2-nadam", "This is Nadam: the gradient is looked at once more, ahead of the momentum",
      "adds Nesterov's look-ahead", (
          "What multiplies the rate in Algorithm 1: does g itself appear there?",
          "The numerator is the corrected first moment and nothing else.",
      ), Nadam),
    M("b2-adamw", "The parameters decay too: this is AdamW with weight decay 0.01",
      "adds weight decay", (
          "With zero gradients throughout, should the parameters move?",
          "Look for a factor that multiplies the parameters.",
      ), AdamW),
    M("b2-rmsprop", "The first moment isn't used: this is RMSprop with a correction",
      "divides the raw gradient", (
          "What happens to a gradient whose sign flips every step?",
          "The numerator of Adam remembers; is yours this step's gradient?",
      ), RMSpropOnly),
    M("b2-momentum_only", "The second moment isn't used: this is momentum with a correction",
      "leaves the normalization out", (
          "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
          "Where does v enter your update?",
      ), MomentumOnly),
    M("b2-correction_product", "The correction uses beta times t where a power belongs",
      "writes 1 − β·t", (
          "What happens to your correction when t is large?",
          "Each step multiplies what is left of the start by beta once more.",
      ), CorrectionTimesT),
    M("b2-correction_multiplied", "The correction multiplies where it should divide",
      "makes the bias worse", (
          "m is too small at first. Does your correction make it larger?",
          "At step 1 the corrected m should be the gradient itself.",
      ), CorrectionMultiplied),
    M("b2-correction_power", "The correction divides by beta^t alone",
      "forgets the 1 −", (
          "What should be left of the correction after many steps? And what does yours become?",
          "At step 1 the corrected m should be the gradient itself.",
      ), CorrectionWithoutOne),
    M("b2-belief", "The second moment averages (g − m)²: this is AdaBelief",
      "centres the second moment", (
          "v is the uncentred second moment: what is squared in Algorithm 1?",
          "With a constant gradient your v goes to zero. It should go to g².",
      ), Belief),
    M("b2-adagrad", "The squares pile up without fading, as in AdaGrad",
      "sums g² for ever", (
          "Should a gradient from a thousand steps ago still count as much as today's?",
          "Which line of yours does beta2 enter?",
      ), AccumulatesSquares),
    M("b2-beta1_twice", "beta1 is used in both moments",
      "copies the line for m and keeps its beta", (
          "Compare the two lines that update m and v, letter by letter.",
          "Which line of yours reads beta2?",
      ), SecondMomentWithBeta1),
    M("b2-norm", "The squares are summed over the whole parameter: Adam scales each entry by itself",
      "uses the norm of the gradient", (
          "Take one entry with large gradients and one with small: should they share a denominator?",
          "v has the shape of its parameter. What shape did you add to it?",
      ), OneNormForAll),
    M("b2-sign", "Each step uses only the gradient's sign and remembers nothing",
      "takes sign descent for Adam", (
          "It agrees with Adam at the first step only. What does Adam carry over to the second?",
          "Which attributes of yours change from step to step?",
      ), NormalizedGradient),
)  # fmt: skip


# ------------------------------------------------------------------------------------------- right Adams


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
        Pieces.first, Pieces.second, Pieces.corrected, Pieces.direction, Pieces.move,
    )  # fmt: skip


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
                "mutates_gradients shared_state class_state",
                "What belongs to whom: gradients to the caller, m and v to one parameter of one optimizer. Run "
                "two optimizers side by side on the same gradients.",
            ),
            (
                "frozen_rate fixed_betas fixed_rate rate_inside",
                "A schedule sets optimizer.lr while training runs: step must read self.lr each time, and the "
                "rate belongs to the last line alone.",
            ),
            (
                "amsgrad nadam adamw belief adagrad rmsprop momentum_only",
                "Show the relatives in one table, by the line in which each differs from Adam. Whoever handed "
                "one in knows a real optimizer, only not this one.",
            ),
        ),
    ),
}
