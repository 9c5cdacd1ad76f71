"""Wrong SGDs, momentums and Adams as a student writes them: an oracle that shares no code with the simulated ones.

{answer: {mistake: class}}
"""

import numpy as np

from autograder.catalogue import b1, b2, b3


class SGDAscends(b1.PlainSGD):
    def move(self, i, step):
        self.params[i] += step


class SGDNoRate(b1.PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, g)


class SGDFixedRate(b1.PlainSGD):
    def __init__(self, params, lr):
        super().__init__(params, 0.01)


class SGDFrozenRate(b1.PlainSGD):
    def __init__(self, params, lr):
        super().__init__(params, lr)
        self.rate = lr

    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.rate * g)


class SGDRebinds(b1.PlainSGD):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class SGDLocal(b1.PlainSGD):
    def step(self, grads):
        for param, g in zip(self.params, grads, strict=True):
            param = param - self.lr * g


class SGDMutates(b1.PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            g *= self.lr
            self.move(i, g)


class SGDSign(b1.PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * np.sign(g))


class SGDNormalized(b1.PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * g / np.linalg.norm(g))


class SGDMean(b1.PlainSGD):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.move(i, self.lr * np.mean(g))


class SGDFirstOnly(b1.PlainSGD):
    def step(self, grads):
        self.move(0, self.lr * grads[0])


class SGDDecays(b1.PlainSGD):
    def step(self, grads):
        super().step(grads)
        self.lr *= 0.99


class SGDShrinks(b1.PlainSGD):
    def move(self, i, step):
        self.params[i] *= 1 - self.lr
        self.params[i] -= step


class MomentumClassical(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] + self.lr * g
        self.move(i, self.v[i])


class MomentumLooksAhead(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.lr * (g + self.momentum * self.v[i]))


class MomentumAverage(b1.Pieces):
    def velocity(self, v, g):
        return self.momentum * v + (1 - self.momentum) * g


class MomentumDampened(b1.Pieces):
    """torch's dampening: the first velocity is the gradient itself."""

    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.begun = [False] * len(params)

    def step_one(self, i, g):
        fresh, self.begun[i] = not self.begun[i], True
        self.v[i] = 1.0 * g if fresh else self.momentum * self.v[i] + (1 - self.momentum) * g
        self.move(i, self.lr * self.v[i])


class MomentumAscends(b1.Pieces):
    def move(self, i, step):
        self.params[i] += step


class MomentumVelocitySign(b1.Pieces):
    """v = βv − g with x −= lr·v: right signs apart, uphill together."""

    def velocity(self, v, g):
        return -self.momentum * v + g


class MomentumNeverStored(b1.Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * self.velocity(self.v[i], g))


class MomentumSums(b1.Pieces):
    def velocity(self, v, g):
        return v + g


class MomentumMomentumOnGradient(b1.Pieces):
    def velocity(self, v, g):
        return v + self.momentum * g


class MomentumMovesFirst(b1.Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * self.v[i])
        self.v[i] = self.velocity(self.v[i], g)


class MomentumFromOne(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.v = [np.ones_like(p) for p in params]


class MomentumSingle(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g).astype(np.float32)
        self.move(i, self.lr * self.v[i])


class MomentumRateTwice(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] + self.lr * g
        self.move(i, self.lr * self.v[i])


class MomentumNoRate(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.v[i])


class MomentumAddsGradientAgain(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.lr * (self.v[i] + g))


class MomentumSharedVelocity(b1.Pieces):
    """One velocity for all parameters, begun afresh when a parameter's shape does not fit."""

    def step_one(self, i, g):
        if np.shape(self.v[0]) != np.shape(g):
            self.v[0] = np.zeros_like(g)
        self.v[0] = self.velocity(self.v[0], g)
        self.move(i, self.lr * self.v[0])


class MomentumFixedMomentum(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, 0.9)


class MomentumOtherDefault(b1.Pieces):
    def __init__(self, params, lr, momentum=0.5):
        super().__init__(params, lr, momentum)


class MomentumFrozenRate(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.rate = lr

    def step_one(self, i, g):
        self.v[i] = self.velocity(self.v[i], g)
        self.move(i, self.rate * self.v[i])


class MomentumRebinds(b1.Pieces):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class MomentumCopies(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__([p.copy() for p in params], lr, momentum)


class MomentumMutates(b1.Pieces):
    def step_one(self, i, g):
        g += self.momentum * self.v[i]
        self.v[i] = g.copy()
        self.move(i, self.lr * g)


class MomentumAliases(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.v = [None] * len(params)

    def step_one(self, i, g):
        if self.v[i] is None:
            self.v[i] = g
        else:
            self.v[i] *= self.momentum
            self.v[i] += g
        self.move(i, self.lr * self.v[i])


class MomentumClassState(b1.Pieces):
    v = {}

    def __init__(self, params, lr, momentum=0.9):
        self.params, self.lr, self.momentum = params, lr, momentum

    def step_one(self, i, g):
        if i not in self.v or np.shape(self.v[i]) != np.shape(g):
            self.v[i] = np.zeros_like(g)
        super().step_one(i, g)


class MomentumFadingMomentum(b1.Pieces):
    def __init__(self, params, lr, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.t = 0

    def step(self, grads):
        self.t += 1
        super().step(grads)

    def velocity(self, v, g):
        return self.momentum**self.t * v + g


class MomentumOneMinus(b1.Pieces):
    def velocity(self, v, g):
        return (1 - self.momentum) * v + g


class NoCorrection(b2.Pieces):
    def corrected(self, m, v):
        return m, v


class OnlyFirstCorrected(b2.Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v


class OnlySecondCorrected(b2.Pieces):
    def corrected(self, m, v):
        return m, v / (1 - self.beta2**self.t)


class CountsFromZero(b2.Pieces):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.step_one(i, g)
        self.t += 1


class CountsFromTwo(b2.Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.t = 1


class NeverCounts(b2.Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1), v / (1 - self.beta2)


class CountsPerParameter(b2.Pieces):
    def step(self, grads):
        for i, g in enumerate(grads):
            self.t += 1
            self.step_one(i, g)


class EpsilonInside(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat + self.eps)


class EpsilonInsideSquared(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat + self.eps**2)


class NoEpsilon(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / np.sqrt(v_hat)


class EpsilonHat(b2.Pieces):
    def step_one(self, i, g):
        self.m[i], self.v[i] = self.first(self.m[i], g), self.second(self.v[i], g)
        rate = self.lr * np.sqrt(1 - self.beta2**self.t) / (1 - self.beta1**self.t)
        self.move(i, rate * self.m[i] / (np.sqrt(self.v[i]) + self.eps))


class NoRoot(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat / (v_hat + self.eps)


class NoHistory(b2.Pieces):
    def first(self, m, g):
        return (1 - self.beta1) * g

    def second(self, v, g):
        return (1 - self.beta2) * g**2


class BetasSwapped(b2.Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta2, beta1, eps)


class WeightsSwapped(b2.Pieces):
    def first(self, m, g):
        return (1 - self.beta1) * m + self.beta1 * g

    def second(self, v, g):
        return (1 - self.beta2) * v + self.beta2 * g**2


class SumsInsteadOfAverages(b2.Pieces):
    def first(self, m, g):
        return self.beta1 * m + g

    def second(self, v, g):
        return self.beta2 * v + g**2


class FirstMomentIsSum(b2.Pieces):
    def first(self, m, g):
        return self.beta1 * m + g


class AbsoluteForSquare(b2.Pieces):
    def second(self, v, g):
        return self.beta2 * v + (1 - self.beta2) * np.abs(g)


class SquareOfFirstMoment(b2.Pieces):
    def step_one(self, i, g):
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], self.m[i])
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class Ascends(b2.Pieces):
    def move(self, i, step):
        self.params[i] += step


class SharedState(b2.Pieces):
    """One m and one v for all parameters, made afresh when a parameter's shape does not fit."""

    def step_one(self, i, g):
        if np.shape(self.m[0]) != np.shape(g):
            self.m[0], self.v[0] = np.zeros_like(g), np.zeros_like(g)
        self.m[0], self.v[0] = self.first(self.m[0], g), self.second(self.v[0], g)
        m_hat, v_hat = self.corrected(self.m[0], self.v[0])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class Rebinds(b2.Pieces):
    def move(self, i, step):
        self.params[i] = self.params[i] - step


class MovesCopies(b2.Pieces):
    def __init__(self, params, *args, **kwargs):
        super().__init__([p.copy() for p in params], *args, **kwargs)


class ClassState(b2.Pieces):
    m, v = {}, {}

    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.t = 0

    def step_one(self, i, g):
        if i not in self.m or np.shape(self.m[i]) != np.shape(g):
            self.m[i], self.v[i] = np.zeros_like(g), np.zeros_like(g)
        super().step_one(i, g)


class MutatesGradients(b2.Pieces):
    def step(self, grads):
        super().step(grads)
        for g in grads:
            g *= 1 - self.beta1


class FrozenRate(b2.Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta1, beta2, eps)
        self.first_rate = lr

    def move(self, i, step):
        self.params[i] -= step / self.lr * self.first_rate


class HardCodedBetas(b2.Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, 0.9, 0.999, eps)


class HardCodedEpsilon(b2.Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta1, beta2, 1e-8)


class HardCodedRate(b2.Pieces):
    def move(self, i, step):
        self.params[i] -= step / self.lr * 0.001


class RateInsideMoment(b2.Pieces):
    def first(self, m, g):
        return self.beta1 * m + (1 - self.beta1) * self.lr * g

    def move(self, i, step):
        self.params[i] -= step / self.lr


class StoresCorrected(b2.Pieces):
    def step_one(self, i, g):
        self.m[i], self.v[i] = self.corrected(self.first(self.m[i], g), self.second(self.v[i], g))
        self.move(i, self.lr * self.direction(self.m[i], self.v[i], g))


class AMSGrad(b2.Pieces):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.largest = [np.zeros_like(p) for p in self.params]

    def step_one(self, i, g):
        self.m[i], self.v[i] = self.first(self.m[i], g), self.second(self.v[i], g)
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.largest[i] = np.maximum(self.largest[i], v_hat)
        self.move(i, self.lr * self.direction(m_hat, self.largest[i], g))


class Nadam(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        ahead = self.beta1 * m_hat + (1 - self.beta1) * g / (1 - self.beta1**self.t)
        return ahead / (np.sqrt(v_hat) + self.eps)


class MovesFirst(b2.Pieces):
    def step_one(self, i, g):
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], g)


class FromOne(b2.Pieces):
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        super().__init__(params, lr, beta1, beta2, eps)
        self.v = [np.ones_like(p) for p in params]


class SinglePrecision(b2.Pieces):
    def first(self, m, g):
        return super().first(m, g).astype(np.float32)

    def second(self, v, g):
        return super().second(v, g).astype(np.float32)


class AdamW(b2.Pieces):
    def step(self, grads):
        for param in self.params:
            param *= 1 - self.lr * 0.01
        super().step(grads)


class RMSpropOnly(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return g / (np.sqrt(v_hat) + self.eps)


class MomentumOnly(b2.Pieces):
    def direction(self, m_hat, v_hat, g):
        return m_hat


class CorrectionTimesT(b2.Pieces):
    def corrected(self, m, v):
        return m / (1 - self.beta1 * self.t), v / np.abs(1 - self.beta2 * self.t)


class CorrectionMultiplied(b2.Pieces):
    def corrected(self, m, v):
        return m * (1 - self.beta1**self.t), v * (1 - self.beta2**self.t)


class CorrectionWithoutOne(b2.Pieces):
    def corrected(self, m, v):
        return m / self.beta1**self.t, v / self.beta2**self.t


class Belief(b2.Pieces):
    def step_one(self, i, g):
        self.m[i] = self.first(self.m[i], g)
        self.v[i] = self.second(self.v[i], g - self.m[i])
        m_hat, v_hat = self.corrected(self.m[i], self.v[i])
        self.move(i, self.lr * self.direction(m_hat, v_hat, g))


class AccumulatesSquares(b2.Pieces):
    def second(self, v, g):
        return v + g**2

    def corrected(self, m, v):
        return m / (1 - self.beta1**self.t), v


class SecondMomentWithBeta1(b2.Pieces):
    def second(self, v, g):
        return self.beta1 * v + (1 - self.beta1) * g**2


class OneNormForAll(b2.Pieces):
    def second(self, v, g):
        return self.beta2 * v + (1 - self.beta2) * np.sum(g**2)


class NormalizedGradient(b2.Pieces):
    def step_one(self, i, g):
        self.move(i, self.lr * np.sign(g))


WRITTEN = {
    "SGD": {
        "ascends": SGDAscends,
        "no_rate": SGDNoRate,
        "fixed_rate": SGDFixedRate,
        "frozen_rate": SGDFrozenRate,
        "sign": SGDSign,
        "normalized": SGDNormalized,
        "mean": SGDMean,
        "first_only": SGDFirstOnly,
        "decays": SGDDecays,
        "shrinks": SGDShrinks,
        "rebinds": SGDRebinds,
        "copies": SGDLocal,
        "mutates": SGDMutates,
    },
    "MomentumSGD": {
        "classical": MomentumClassical,
        "nesterov": MomentumLooksAhead,
        "average": MomentumAverage,
        "dampened": MomentumDampened,
        "ascends": MomentumAscends,
        "velocity_sign": MomentumVelocitySign,
        "not_stored": MomentumNeverStored,
        "sum": MomentumSums,
        "on_gradient": MomentumMomentumOnGradient,
        "moves_first": MomentumMovesFirst,
        "rate_twice": MomentumRateTwice,
        "no_rate": MomentumNoRate,
        "gradient_twice": MomentumAddsGradientAgain,
        "shared_velocity": MomentumSharedVelocity,
        "fixed_momentum": MomentumFixedMomentum,
        "other_default": MomentumOtherDefault,
        "frozen_rate": MomentumFrozenRate,
        "rebinds": MomentumRebinds,
        "copies": MomentumCopies,
        "mutates": MomentumMutates,
        "aliases": MomentumAliases,
        "class_state": MomentumClassState,
        "from_one": MomentumFromOne,
        "single": MomentumSingle,
        "fading": MomentumFadingMomentum,
        "one_minus": MomentumOneMinus,
    },
    "Adam": {
        "no_correction": NoCorrection,
        "only_first": OnlyFirstCorrected,
        "only_second": OnlySecondCorrected,
        "t_from_zero": CountsFromZero,
        "t_from_two": CountsFromTwo,
        "t_never": NeverCounts,
        "t_per_parameter": CountsPerParameter,
        "epsilon_inside": EpsilonInside,
        "epsilon_squared": EpsilonInsideSquared,
        "no_epsilon": NoEpsilon,
        "epsilon_hat": EpsilonHat,
        "no_root": NoRoot,
        "no_history": NoHistory,
        "betas_swapped": BetasSwapped,
        "weights_swapped": WeightsSwapped,
        "sums": SumsInsteadOfAverages,
        "sum_first": FirstMomentIsSum,
        "absolute": AbsoluteForSquare,
        "square_of_m": SquareOfFirstMoment,
        "ascends": Ascends,
        "shared_state": SharedState,
        "rebinds": Rebinds,
        "copies": MovesCopies,
        "class_state": ClassState,
        "moves_first": MovesFirst,
        "from_one": FromOne,
        "single": SinglePrecision,
        "mutates": MutatesGradients,
        "frozen_rate": FrozenRate,
        "fixed_betas": HardCodedBetas,
        "fixed_epsilon": HardCodedEpsilon,
        "fixed_rate": HardCodedRate,
        "rate_inside": RateInsideMoment,
        "stores_corrected": StoresCorrected,
        "amsgrad": AMSGrad,
        "nadam": Nadam,
        "shrinks": AdamW,
        "rmsprop": RMSpropOnly,
        "momentum_only": MomentumOnly,
        "correction_product": CorrectionTimesT,
        "correction_multiplied": CorrectionMultiplied,
        "correction_power": CorrectionWithoutOne,
        "belief": Belief,
        "adagrad": AccumulatesSquares,
        "beta1_twice": SecondMomentWithBeta1,
        "norm": OneNormForAll,
        "sign": NormalizedGradient,
    },
}


def walk(start, steps, rule, slope=b3.gradient):
    """Positions from start on; ``rule(g, t)`` is what step t subtracts."""
    position = np.array(start, dtype=float)
    rows = [position]
    for t in range(1, steps + 1):
        position = position - rule(slope(position), t)
        rows.append(position)
    return np.array(rows)


def sgd_with(slope=b3.gradient, sign=1):
    def run(start, lr, steps):
        return walk(start, steps, lambda g, t: sign * lr * g, slope)

    return run


def momentum_with(
    velocity=lambda v, g, beta: beta * v + g,
    direction=lambda v, g, old, beta: v,
    slope=b3.gradient,
    sign=1,
):
    def run(start, lr, momentum, steps):
        v = np.zeros(2)

        def rule(g, t):
            nonlocal v
            old, v = v, velocity(v, g, momentum)
            return sign * lr * direction(v, g, old, momentum)

        return walk(start, steps, rule, slope)

    return run


def rmsprop_with(
    second=lambda s, g, beta: beta * s + (1 - beta) * g**2,
    divide=lambda g, s, eps, beta, t: g / (np.sqrt(s) + eps),
    first=lambda g: np.zeros(2),
    slope=b3.gradient,
    sign=1,
):
    def run(start, lr, beta, eps, steps):
        s = None

        def rule(g, t):
            nonlocal s
            s = second(first(g) if s is None else s, g, beta)
            return sign * lr * divide(g, s, eps, beta, t)

        return walk(start, steps, rule, slope)

    return run


def adam_with(
    first=lambda m, g, b1: b1 * m + (1 - b1) * g,
    second=lambda v, g, b2: b2 * v + (1 - b2) * g**2,
    correct=lambda m, v, b1, b2, t: (m / (1 - b1**t), v / (1 - b2**t)),
    divide=lambda m, v, eps: m / (np.sqrt(v) + eps),
    swap=False,
    slope=b3.gradient,
    sign=1,
):
    def run(start, lr, beta1, beta2, eps, steps):
        b1, b2 = (beta2, beta1) if swap else (beta1, beta2)
        m, v = np.zeros(2), np.zeros(2)

        def rule(g, t):
            nonlocal m, v
            m, v = first(m, g, b1), second(v, g, b2)
            return sign * lr * divide(*correct(m, v, b1, b2, t), eps)

        return walk(start, steps, rule, slope)

    return run


def walks(**change):
    """All four functions with the same mistake."""
    makers = (sgd_with, momentum_with, rmsprop_with, adam_with)
    return {name: make(**change) for name, make in zip(b3.RUNS, makers, strict=True)}
