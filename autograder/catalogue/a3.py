"""A3: RMSprop under a constant gradient. Source: the course document, solution A3."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sympy import Abs, Eq, Integer, Rational, Sum, Symbol, sign, sqrt

from autograder.catalogue import Misconception, Question, without_brackets
from autograder.catalogue.points import Point, draw
from lrtutorial.symbols import beta, epsilon, eta, g, k, t

M = Misconception


def both_signs(symbols: Sequence[str], n: int = 9) -> Callable[[np.random.Generator], list[Point]]:
    """Return a drawing of points at which g is positive at some and negative at others."""

    def probes(rng: np.random.Generator) -> list[Point]:
        while True:
            points = draw(rng, symbols, n)
            if 2 <= sum(point["g"].startswith("-") for point in points) <= n - 2:
                return points

    return probes


s_t = (1 - beta**t) * g**2
QUESTIONS = {
    "a3-second_moment": Question(
        reference=s_t,
        probes=both_signs(("beta", "g", "t")),
        misconceptions=(
            M(
                "a3-second_moment-limit",
                "This is where s_t ends up, not where it is after t steps",
                "takes the average for what it estimates",
                (
                    "What is s₁ when s₀ = 0? Your formula gives the same at every t.",
                    "The start s₀ = 0 is forgotten gradually: by which factor per step?",
                ),
                g**2,
            ),
            M(
                "a3-second_moment-no_weight",
                "The weight (1−β) of each squared gradient is missing",
                "adds the squares up as momentum adds gradients",
                (
                    "Put t = 1 and compare with one line of the recursion, from s₀ = 0.",
                    "An average of equal numbers cannot be larger than the number. Can yours?",
                ),
                g**2 * (1 - beta**t) / (1 - beta),
            ),
            M(
                "a3-second_moment-memory_only",
                "This is the share of the start that is left, not of the gradients",
                "gives the weight of s₀",
                (
                    "Let t grow: s_t must settle at g². Where does yours go?",
                    "The weights of the start and of all gradients add up to one.",
                ),
                beta**t * g**2,
            ),
            M(
                "a3-second_moment-one_step",
                "This is s₁: later steps add more",
                "takes one step only",
                (
                    "Write out s₂ from your s₁. What is new in it?",
                    "Your formula doesn't depend on t; s_t does.",
                ),
                (1 - beta) * g**2,
            ),
            M(
                "a3-second_moment-oldest",
                "Only the oldest gradient is in it, with what is left of its weight",
                "takes one term of the sum for the sum",
                (
                    "How many gradients has s_t seen after t steps?",
                    "Every gradient leaves such a term, the newest with the power 0. Add them up.",
                ),
                (1 - beta) * beta ** (t - 1) * g**2,
            ),
            M(
                "a3-second_moment-times_t",
                "The weights are not equal: older gradients count less",
                "adds t equal shares",
                (
                    "Let t grow: yours grows without end. Can an average of g² do that?",
                    "In s₂ the older square has been multiplied by β once more than the newer one.",
                ),
                t * (1 - beta) * g**2,
            ),
            M(
                "a3-second_moment-t_minus_1",
                "One gradient too few: off by one in t",
                "ends the sum one term early",
                (
                    "Put t = 1: one gradient has been averaged, so s₁ is not 0.",
                    "Count the terms: k runs from 0 to t − 1. How many are these?",
                ),
                (1 - beta ** (t - 1)) * g**2,
            ),
            M(
                "a3-second_moment-t_plus_1",
                "One gradient too many: off by one in t",
                "ends the sum one term late",
                (
                    "Put t = 0: nothing has been averaged yet, so the result must be the start.",
                    "Count the terms: how many gradients has s_t seen?",
                ),
                (1 - beta ** (t + 1)) * g**2,
            ),
            M(
                "a3-second_moment-not_squared",
                "The gradient isn't squared",
                "averages gradients, as Adam's m does",
                (
                    "What does the recursion average: g or its square?",
                    "With g negative yours is negative, and a root has to be taken of it later.",
                ),
                (1 - beta**t) * g,
            ),
            M(
                "a3-second_moment-root",
                "This is the root of s_t already",
                "goes one step ahead",
                (
                    "Double g: the average of squares must become four times as large.",
                    "The root comes in the next step.",
                ),
                sqrt(1 - beta**t) * Abs(g),
            ),
            M(
                "a3-second_moment-power_of_weight",
                "The weight (1−β) is not what repeats",
                "raises 1−β in place of β to the power t",
                (
                    "Each step multiplies what is there by β. Which number is raised to a power then?",
                    "Compare t = 2 with two lines of the recursion.",
                ),
                (1 - beta) ** t * g**2,
            ),
            M(
                "a3-second_moment-swapped",
                "β and 1−β have changed places",
                "gives the new gradient the weight β",
                (
                    "At β = 0.99, is most of s₁ the old average or the new square? Which factor does each have?",
                    "Put t = 1 and compare with one line of the recursion.",
                ),
                (1 - (1 - beta) ** t) * g**2,
            ),
            without_brackets("a3-second_moment", "Brackets are missing: g² multiplies βᵗ alone", 1 - beta**t * g**2),
        ),
        accepted={
            "expanded": g**2 - beta**t * g**2,
            "sum": Sum((1 - beta) * beta**k * g**2, (k, 0, t - 1)),
            "weight outside the sum": (1 - beta) * g**2 * Sum(beta**k, (k, 0, t - 1)),
            "text": "(1 - beta**t)*g**2",
            "unsimplified": (1 - beta) * g**2 * (1 - beta**t) / (1 - beta),
            "equation": Eq(Symbol("s_t"), s_t),
            "sum counted backwards": Sum((1 - beta) * beta ** (t - k) * g**2, (k, 1, t)),
            "greek": "g^2*(1 - β^t)",
        },
        lecture="Write s₁, s₂, s₃ for a constant g: the weights add up to 1 − βᵗ, not to 1. What is missing, βᵗ, is "
        "the weight of the start s₀ = 0.",
    ),
    "a3-effective_lr": Question(
        reference=eta / sqrt(s_t + epsilon),
        probes=both_signs(("eta", "beta", "g", "epsilon", "t"), 10),
        misconceptions=(
            M(
                "a3-effective_lr-epsilon_outside",
                "ε stands outside the root: that is the other convention",
                "writes √s + ε, as PyTorch does, where this step has ε inside the root",
                (
                    "Both forms are in use. Which one does the line above the question state?",
                    "They differ most for tiny gradients: there the place of ε decides.",
                ),
                eta / (sqrt(s_t) + epsilon),
            ),
            M(
                "a3-effective_lr-no_epsilon",
                "ε is missing",
                "leaves out what keeps the division finite",
                (
                    "What happens at g = 0? The rate must stay finite.",
                    "ε goes to 0 only in the next step.",
                ),
                eta / sqrt(s_t),
            ),
            M(
                "a3-effective_lr-no_root",
                "The root is missing",
                "divides by the second moment itself",
                (
                    "Measure g in other units, so that it is ten times larger: the rate must become "
                    "ten times smaller. "
                    "By how much does yours change?",
                    "s_t is a square; undo the square before you divide.",
                ),
                eta / (s_t + epsilon),
            ),
            M(
                "a3-effective_lr-multiplies",
                "Multiplied where it has to be divided: large gradients get larger rates here",
                "scales up in place of normalizing",
                (
                    "RMSprop gives steep directions smaller rates. Does yours?",
                    "On which side of the fraction does the root stand in the update?",
                ),
                eta * sqrt(s_t + epsilon),
            ),
            M(
                "a3-effective_lr-limit",
                "t is gone: this is where the rate settles, or the one of a bias-corrected average",
                "takes s_t for g² from the first step on",
                (
                    "Compute the rate at t = 1 with your s₁. Is it the same as at t = 100?",
                    "Plain RMSprop has no bias correction: keep the factor of g² in s_t.",
                ),
                eta / sqrt(g**2 + epsilon),
            ),
            M(
                "a3-effective_lr-no_rate",
                "η is missing: this is the factor that multiplies it",
                "gives the scaling alone",
                (
                    "Double η: every step doubles. Does your formula?",
                    "Look at the numerator of the update.",
                ),
                1 / sqrt(s_t + epsilon),
            ),
            M(
                "a3-effective_lr-step",
                "This is the whole step: the gradient is still in it",
                "takes the update for the effective rate",
                (
                    "Step = effective rate times gradient. What is left without the gradient?",
                    "A rate is positive; what is the sign of yours at a negative g?",
                ),
                eta * g / sqrt(s_t + epsilon),
            ),
            M(
                "a3-effective_lr-first_step",
                "This is the rate of the first step only",
                "puts t = 1",
                (
                    "s_t grows with t, so the rate falls. Does yours?",
                    "Put your own s_t under the root.",
                ),
                eta / sqrt((1 - beta) * g**2 + epsilon),
            ),
            M(
                "a3-effective_lr-both",
                "ε is in it twice, inside the root and outside",
                "mixes the two conventions",
                (
                    "One ε is enough to keep the division finite.",
                    "Which of its two places does the line above the question state?",
                ),
                eta / (sqrt(s_t + epsilon) + epsilon),
            ),
            M(
                "a3-effective_lr-epsilon_weighted",
                "ε is multiplied by (1 − βᵗ) too; it is added after the average",
                "puts ε into the average",
                (
                    "Put t = 0: s₀ = 0, and only ε is left under the root. Does yours stay finite there?",
                    "Check the brackets: what does the factor of g² reach?",
                ),
                eta / sqrt((1 - beta**t) * (g**2 + epsilon)),
            ),
            M(
                "a3-effective_lr-momentum",
                "This is momentum's rate",
                "takes over A2's result",
                (
                    "Does a large gradient change your rate? In RMSprop it must.",
                    "Begin with the update x ← x − η·g over a root.",
                ),
                eta / (1 - beta),
            ),
            without_brackets(
                "a3-effective_lr",
                "Brackets are missing: g² multiplies βᵗ alone",
                eta / sqrt(1 - beta**t * g**2 + epsilon),
            ),
        ),
        accepted={
            "power": eta * (s_t + epsilon) ** Rational(-1, 2),
            "expanded": eta / sqrt(g**2 - beta**t * g**2 + epsilon),
            "one root": sqrt(eta**2 / (s_t + epsilon)),
            "text": "eta/sqrt((1 - beta**t)*g**2 + epsilon)",
            "sum": eta / sqrt(Sum((1 - beta) * beta**k * g**2, (k, 0, t - 1)) + epsilon),
            "order": eta / sqrt(epsilon + s_t),
        },
        lecture="Build the rate in two steps on the board: s_t for a constant gradient first, then η over the root of "
        "s_t + ε. A large gradient makes it small: RMSprop divides by the size of what it has seen.",
        families=(
            (
                "epsilon_outside no_epsilon both epsilon_weighted",
                "Point at the place of ε. This derivation has √(s + ε); PyTorch and exercises B2 and B3 have √s "
                "+ ε. At g = 1e-6 and ε = 1e-8 the steps are 0.010η and 0.990η: no detail for small gradients.",
            ),
            (
                "momentum",
                "Momentum adds gradients up, RMSprop divides by their size: 1/(1 − β) belongs to the first. The "
                "weights of an average add up to one, or to 1 − βᵗ after t steps from zero.",
            ),
        ),
    ),
    "a3-limit_lr": Question(
        reference=eta / Abs(g),
        probes=both_signs(("eta", "g", "beta", "epsilon", "t")),
        misconceptions=(
            M(
                "a3-limit_lr-no_abs",
                "Negative for a negative gradient: the root of a square is not g itself",
                "takes √(g²) for g",
                (
                    "Put g = −2 into your effective rate, then into this. Do the signs agree?",
                    "A negative rate would climb. What is √((−2)²)?",
                ),
                eta / g,
            ),
            M(
                "a3-limit_lr-squared",
                "The root has been lost on the way",
                "forgets the root in the limit",
                (
                    "Double g: the step over g must stay as long as before. Does it, with your rate?",
                    "What is the root of g²?",
                ),
                eta / g**2,
            ),
            M(
                "a3-limit_lr-multiplies",
                "Multiplied where it has to be divided",
                "scales up in place of normalizing",
                (
                    "Steeper directions get smaller rates. Do they get them from you?",
                    "Take the limit of your effective rate again, with care for the fraction.",
                ),
                eta * Abs(g),
            ),
            M(
                "a3-limit_lr-keeps_epsilon",
                "ε is still there; in this limit it goes to 0",
                "takes only one of the two limits",
                (
                    "The question asks for two limits. Which one is missing?",
                    "Let ε shrink to nothing: what is left under the root?",
                ),
                eta / sqrt(g**2 + epsilon),
            ),
            M(
                "a3-limit_lr-keeps_t",
                "t is still there; what does βᵗ do as t grows?",
                "takes only the limit in ε",
                (
                    "The question asks for two limits. Which one is missing?",
                    "Take β = 0.9 and compute β¹⁰, β¹⁰⁰.",
                ),
                eta / (sqrt(1 - beta**t) * Abs(g)),
            ),
            M(
                "a3-limit_lr-first_step",
                "This is the rate of the very first step, not of the last",
                "puts t = 1 in place of t → ∞",
                (
                    "βᵗ at t = 1 is β. What is it at t = 1000?",
                    "β is forgotten in the long run.",
                ),
                eta / (sqrt(1 - beta) * Abs(g)),
            ),
            M(
                "a3-limit_lr-momentum",
                "The factor 1/(1−β) belongs to momentum; here the weights add up to one",
                "sums the weights without (1−β)",
                (
                    "Where does s_t settle under a constant g? It is an average.",
                    "Look at your s_t as t grows.",
                ),
                eta / ((1 - beta) * Abs(g)),
            ),
            M(
                "a3-limit_lr-step",
                "This is the step, not the rate: its length is η",
                "takes the update for the effective rate",
                (
                    "Step = effective rate times gradient. Take the gradient out.",
                    "Your result doesn't change with the size of g; the rate does.",
                ),
                eta * sign(g),
            ),
            M(
                "a3-limit_lr-unchanged",
                "This is the plain rate: RMSprop has not done anything",
                "believes that the scaling wears off",
                (
                    "The average does not go to 1; it settles at something made of g.",
                    "Take a gradient of 1000: does RMSprop still use the full rate on it?",
                ),
                eta,
            ),
            M(
                "a3-limit_lr-zero",
                "The rate does not die out: the average settles, it doesn't grow for ever",
                "thinks of Adagrad, which adds the squares up without forgetting",
                (
                    "Can an average of equal numbers grow for ever?",
                    "As t grows, βᵗ goes to 0. Which number does your s_t go to?",
                ),
                Integer(0),
            ),
            M(
                "a3-limit_lr-root_of_abs",
                "One root too many",
                "takes the root twice",
                (
                    "Make g four times as large: by what does the rate change? Compare with your effective rate.",
                    "s_t settles at a square; one root undoes it.",
                ),
                eta / sqrt(Abs(g)),
            ),
        ),
        accepted={
            "root of the square": eta / sqrt(g**2),
            "power": eta * Abs(g) ** -1,
            "text": "eta/abs(g)",
            "bars": "η/|g|",
            "sign": eta * sign(g) / g,
            "root over all": sqrt(eta**2 / g**2) * sign(eta),
        },
        lecture="Take the limits one after the other: βᵗ goes to 0, so s_t goes to g²; then ε goes to 0, and √(g²) is "
        "|g|, whatever the sign. So the rate settles at η/|g|, and the step at η.",
        families=(
            (
                "momentum zero unchanged",
                "The weights of an average add up to one: s_t settles at g², it neither grows without end, as "
                "Adagrad's sum does, nor wears off. So the rate settles too, at η/|g|.",
            ),
        ),
    ),
}
