"""A4: Adam's bias correction. Source: the course document, solution A4; first step: Kingma & Ba."""

from __future__ import annotations

from sympy import Eq, Float, Integer, Rational, Sum, Symbol, sqrt

from autograder.catalogue import Misconception, Question, without_brackets
from autograder.catalogue.points import Point, draw
from lrtutorial.symbols import E_g, beta1, k, m_t, t

M = Misconception
PEAK = 12  #: the step at which the uncorrected step is longest, with the default betas


def a_number(rng: object) -> list[Point]:
    """Return the one point of a step that asks for a number: it has no symbols."""
    return [{}]


mean = (1 - beta1**t) * E_g
QUESTIONS = {
    "a4-expected_m": Question(
        reference=mean,
        probes=lambda rng: draw(rng, ("beta1", "E_g", "t")),
        misconceptions=(
            M(
                "a4-expected_m-unbiased",
                "This would need no correction: it is the mean that m_t is meant to have",
                "takes an average for unbiased whatever its start",
                (
                    "m₀ = 0. Is m₁ on average the whole gradient?",
                    "Add up the weights of the gradients in m_t. Is it one?",
                ),
                E_g,
            ),
            M(
                "a4-expected_m-memory_only",
                "This is the weight of the start m₀, not of the gradients",
                "gives the share that is missing",
                (
                    "Let t grow: the bias must vanish. Where does yours go?",
                    "The weights of the start and of all gradients add up to one.",
                ),
                beta1**t * E_g,
            ),
            M(
                "a4-expected_m-no_weight",
                "The weight (1−β₁) of each gradient is missing",
                "adds gradients up as momentum does",
                (
                    "Put t = 1 and compare with one line of the recursion.",
                    "An average of equal numbers cannot be larger than the number. Can yours?",
                ),
                E_g * (1 - beta1**t) / (1 - beta1),
            ),
            M(
                "a4-expected_m-one_step",
                "This is the mean of m₁: later steps add more",
                "takes one step only",
                (
                    "Write out m₂ from m₁. What is new in it?",
                    "Your formula doesn't depend on t.",
                ),
                (1 - beta1) * E_g,
            ),
            M(
                "a4-expected_m-t_minus_1",
                "One gradient too few: off by one in t",
                "ends the sum one term early",
                (
                    "Put t = 1: m₁ has seen one gradient, so its mean is not 0.",
                    "Count the terms: k runs from 0 to t − 1. How many are these?",
                ),
                (1 - beta1 ** (t - 1)) * E_g,
            ),
            M(
                "a4-expected_m-t_plus_1",
                "One gradient too many: off by one in t",
                "ends the sum one term late",
                (
                    "Put t = 0: nothing has been averaged, so the result must be m₀.",
                    "Count the gradients that m_t has seen.",
                ),
                (1 - beta1 ** (t + 1)) * E_g,
            ),
            M(
                "a4-expected_m-times_t",
                "The weights are not equal: older gradients count less",
                "adds t equal shares",
                (
                    "Let t grow: yours grows without end. Can an average do that?",
                    "In m₂ the older gradient has been multiplied by β₁ once more than the newer one.",
                ),
                t * (1 - beta1) * E_g,
            ),
            M(
                "a4-expected_m-oldest",
                "Only the oldest gradient is in it",
                "takes one term of the sum for the sum",
                (
                    "How many gradients has m_t seen after t steps?",
                    "Every gradient leaves such a term, the newest with the power 0. Add them up.",
                ),
                (1 - beta1) * beta1 ** (t - 1) * E_g,
            ),
            M(
                "a4-expected_m-power_of_weight",
                "The weight (1−β₁) is not what repeats",
                "raises 1−β₁ in place of β₁ to the power t",
                (
                    "Each step multiplies what is there by β₁. Which number is raised to a power then?",
                    "Compare t = 2 with two lines of the recursion.",
                ),
                (1 - beta1) ** t * E_g,
            ),
            M(
                "a4-expected_m-swapped",
                "β₁ and 1−β₁ have changed places",
                "gives the new gradient the weight β₁",
                (
                    "At β₁ = 0.99, is most of m₁ the old average or the new gradient?",
                    "Put t = 1 and compare with one line of the recursion.",
                ),
                (1 - (1 - beta1) ** t) * E_g,
            ),
            M(
                "a4-expected_m-bias_itself",
                "This is the bias E[m_t] − E[g], not the mean",
                "gives the difference from the target",
                (
                    "What did the question ask for: how far off, or where?",
                    "For a positive E[g] the mean of m_t is positive. Is yours?",
                ),
                -(beta1**t) * E_g,
            ),
            without_brackets("a4-expected_m", "Brackets are missing: E[g] multiplies β₁ᵗ alone", 1 - beta1**t * E_g),
        ),
        accepted={
            "expanded": E_g - beta1**t * E_g,
            "sum": Sum((1 - beta1) * beta1**k * E_g, (k, 0, t - 1)),
            "unsimplified": (1 - beta1) * E_g * (1 - beta1**t) / (1 - beta1),
            "text": "(1 - beta1**t)*E_g",
            "sum over time": Sum((1 - beta1) * beta1 ** (t - k) * E_g, (k, 1, t)),
            "equation": Eq(Symbol("E_m"), mean),
            "turned": (beta1**t - 1) * -E_g,
        },
        lecture="Add the weights: (1 − β₁)(1 + β₁ + … + β₁ᵗ⁻¹) = 1 − β₁ᵗ. They fall short of 1 because m₀ = 0 has the "
        "rest. It needs a gradient whose mean stays the same: say so.",
    ),
    "a4-corrected_m": Question(
        reference=m_t / (1 - beta1**t),
        probes=lambda rng: draw(rng, ("beta1", "m_t", "t")),
        misconceptions=(
            M(
                "a4-corrected_m-multiplies",
                "Multiplied where it has to be divided: the bias has been applied twice",
                "scales down once more",
                (
                    "m_t is too small at first. Does your correction make it larger?",
                    "Put E[m_t] in place of m_t. Does the factor cancel?",
                ),
                m_t * (1 - beta1**t),
            ),
            M(
                "a4-corrected_m-none",
                "Nothing has been corrected",
                "takes m_t for unbiased",
                (
                    "What is E[m_t] at t = 1? The correction must bring it to E[g].",
                    "Your E[m_t] has a factor before E[g]. It has to cancel.",
                ),
                m_t,
            ),
            M(
                "a4-corrected_m-first_only",
                "This corrects m₁ only; the bias shrinks as t grows",
                "uses the factor of the first step for ever",
                (
                    "Let t grow: the correction has to fade. Does yours?",
                    "The share of E[g] in m_t depends on t.",
                ),
                m_t / (1 - beta1),
            ),
            M(
                "a4-corrected_m-t_minus_1",
                "Off by one: at t = 1 this divides by 0",
                "counts steps from 0, as a loop variable does",
                (
                    "Put t = 1: one gradient has been averaged. What do you divide by?",
                    "In Adam the counter goes up before it is used.",
                ),
                m_t / (1 - beta1 ** (t - 1)),
            ),
            M(
                "a4-corrected_m-t_plus_1",
                "Off by one: this corrects too little",
                "counts one step too many",
                (
                    "Put t = 1 and put the mean of m₁ in. Is E[g] what is left?",
                    "Take the power from your E[m_t].",
                ),
                m_t / (1 - beta1 ** (t + 1)),
            ),
            M(
                "a4-corrected_m-by_memory",
                "You divide by what is left of the start, not by what the gradients weigh",
                "divides by β₁ᵗ",
                (
                    "Let t grow: the correction has to fade, but yours explodes.",
                    "Which share of E[g] is in m_t?",
                ),
                m_t / beta1**t,
            ),
            M(
                "a4-corrected_m-subtracts",
                "The bias is a factor, not an amount to subtract or add",
                "removes the bias by adding what is missing",
                (
                    "Make every gradient ten times larger. Does your correction follow?",
                    "E[m_t] is a share of E[g]. What undoes taking a share?",
                ),
                m_t + beta1**t,
            ),
            M(
                "a4-corrected_m-root",
                "A root has come in: that belongs to the second moment, later",
                "mixes the correction of m with the one of √v",
                (
                    "Put E[m_t] in place of m_t. Is only E[g] left?",
                    "In Adam the root is taken of v̂_t, after its own correction.",
                ),
                m_t / sqrt(1 - beta1**t),
            ),
            M(
                "a4-corrected_m-product",
                "βᵗ is a power: here it has become a product",
                "reads beta**t as beta times t",
                (
                    "Put in β₁ = 0.9 and t = 2: what do you divide by?",
                    "In Python ** is the power, * the product.",
                ),
                m_t / (1 - beta1 * t),
            ),
            M(
                "a4-corrected_m-power_of_weight",
                "1 − β₁ᵗ is not (1−β₁)ᵗ",
                "raises the difference to the power",
                (
                    "Let t grow: your divisor goes to 0, but the bias has vanished by then.",
                    "Take the factor from your E[m_t] as it stands.",
                ),
                m_t / (1 - beta1) ** t,
            ),
            M(
                "a4-corrected_m-plus",
                "The sign in the divisor is turned: this makes m_t smaller still",
                "adds in place of subtracting",
                (
                    "m_t is too small at first. Is it larger after your correction?",
                    "Take the factor from your E[m_t].",
                ),
                m_t / (1 + beta1**t),
            ),
            without_brackets(
                "a4-corrected_m", "Brackets are missing: m_t/1 − β₁ᵗ is read as m_t − β₁ᵗ", m_t - beta1**t
            ),
        ),
        accepted={
            "power": m_t * (1 - beta1**t) ** -1,
            "turned": -m_t / (beta1**t - 1),
            "text": "m_t/(1 - beta1**t)",
            "one plus": m_t * (1 + beta1**t / (1 - beta1**t)),
            "sum": m_t / ((1 - beta1) * Sum(beta1**k, (k, 0, t - 1))),
        },
        lecture="Divide by the sum of the weights, 1 − β₁ᵗ. At t = 1 it gives back the gradient itself, and for large "
        "t it does nothing: two checks that catch nearly every slip.",
    ),
    "a4-bias_at_1": Question(
        reference=Rational(1, 10),
        probes=a_number,
        misconceptions=(
            M(
                "a4-bias_at_1-beta",
                "That is the weight of m₀ = 0, not of the gradient",
                "takes β₁ for the new gradient's weight",
                (
                    "In m₁ = β₁m₀ + (1−β₁)g₁, which factor stands before g₁?",
                    "At large β₁ an average moves slowly. Is yours slow?",
                ),
                Rational(9, 10),
            ),
            M(
                "a4-bias_at_1-inverse",
                "That is the factor of the correction; the bias is its inverse",
                "gives by how much m₁ has to be scaled up",
                (
                    "Is m₁ larger or smaller than a gradient?",
                    "Which of the two stands above in the ratio asked for?",
                ),
                Integer(10),
            ),
            M(
                "a4-bias_at_1-none",
                "That says that m₁ needs no correction",
                "takes m₁ for unbiased, or gives the corrected ratio",
                (
                    "m₁ is made of m₀ = 0 and one gradient. Does the gradient get all the weight?",
                    "The question is about m₁ before the correction.",
                ),
                Integer(1),
            ),
            M(
                "a4-bias_at_1-t_0",
                "That is m₀: no gradient has been seen yet",
                "puts t = 0",
                (
                    "Put t = 1 into your E[m_t].",
                    "After the first step one gradient is in the average.",
                ),
                Integer(0),
            ),
            M(
                "a4-bias_at_1-t_2",
                "That is after the second step",
                "puts t = 2",
                (
                    "How many gradients has m₁ seen?",
                    "Put t = 1 into your E[m_t].",
                ),
                1 - Rational(9, 10) ** 2,
            ),
            M(
                "a4-bias_at_1-beta2",
                "That is the bias of the second moment: β₂ was put in",
                "uses β₂ = 0.999 where β₁ = 0.9 belongs",
                (
                    "Which of the two decays belongs to m?",
                    "Read off β₁ in the question.",
                ),
                Rational(1, 1000),
            ),
            M(
                "a4-bias_at_1-difference",
                "That is the difference E[m₁] − E[g], in units of E[g]; a ratio was asked for",
                "gives how much is missing",
                (
                    "A ratio of two means of the same sign is positive.",
                    "How much is there, not how much is missing.",
                ),
                Rational(-9, 10),
            ),
            M(
                "a4-bias_at_1-root",
                "A root has come in; that belongs to the second moment",
                "takes the root of the factor",
                (
                    "Is there a root in the definition of m₁?",
                    "Adam takes a root of v only.",
                ),
                sqrt(Rational(1, 10)),
            ),
        ),
        accepted={
            "float": 0.1,
            "difference": 1 - 0.9,
            "SymPy float": Float("0.1"),
            "text": "1/10",
            "decimal": "0.1",
            "unsimplified": "1 - 0.9**1",
        },
        lecture="At β₁ = 0.9 the first average is a tenth of the gradient. Ask what is in the other nine tenths: the "
        "start, which is zero.",
    ),
    "a4-first_step_ratio": Question(
        reference=sqrt(10),
        probes=a_number,
        misconceptions=(
            M(
                "a4-first_step_ratio-inverse",
                "Upside down: this says that the step without correction is too short",
                "believes that uncorrected steps are too small because m is",
                (
                    "m₁ is too small, but so is √v₁, and that one divides. Which of them is off by more?",
                    "Put the uncorrected step above, the corrected one below.",
                ),
                1 / sqrt(10),
            ),
            M(
                "a4-first_step_ratio-m_only",
                "Only m has been left uncorrected here; v starts at 0 too",
                "looks at the numerator only",
                (
                    "What is v₁ for a first gradient of 1, and what is its root?",
                    "Both averages are biased, one above and one below the fraction.",
                ),
                Rational(1, 10),
            ),
            M(
                "a4-first_step_ratio-m_inverse",
                "That is the factor of m's correction alone, and the wrong way round",
                "looks at the numerator only",
                (
                    "Without its correction m₁ is too small. And √v₁?",
                    "Both averages are biased, one above and one below the fraction.",
                ),
                Integer(10),
            ),
            M(
                "a4-first_step_ratio-no_root",
                "The root over v₁ is missing",
                "divides by v",
                (
                    "Adam divides by the root of v. How large is that root for a first gradient of 1?",
                    "Give the gradient a unit: the step must come out without it.",
                ),
                Integer(100),
            ),
            M(
                "a4-first_step_ratio-v_only",
                "Only v has been left uncorrected here; m starts at 0 too",
                "looks at the denominator only",
                (
                    "What is m₁ for a first gradient of 1?",
                    "Both averages are biased, one above and one below the fraction.",
                ),
                sqrt(1000),
            ),
            M(
                "a4-first_step_ratio-no_effect",
                "That would mean that the two biases cancel",
                "expects numerator and denominator to be off by the same factor",
                (
                    "β₁ and β₂ are not the same number. By how much is each average too small?",
                    "And one of them stands under a root.",
                ),
                Integer(1),
            ),
            M(
                "a4-first_step_ratio-betas",
                "The weights of the start have been taken for the weights of the gradient",
                "uses β in place of 1 − β",
                (
                    "In m₁ = β₁m₀ + (1−β₁)g₁, which factor stands before g₁?",
                    "The same for v₁.",
                ),
                Rational(9, 10) / sqrt(Rational(999, 1000)),
            ),
            M(
                "a4-first_step_ratio-peak",
                "That is the largest ratio, some steps later; the first one was asked for",
                "looks up the peak of the curve",
                (
                    "At which t is the ratio you give?",
                    "Put t = 1 into both averages.",
                ),
                (1 - Rational(9, 10) ** PEAK) / sqrt(1 - Rational(999, 1000) ** PEAK),
            ),
            M(
                "a4-first_step_ratio-one_decay",
                "β₂ has been put in for both averages",
                "uses one decay for m and v",
                (
                    "m has its own decay, and it forgets faster. Which one?",
                    "With one and the same decay the step would be too short. Here it isn't.",
                ),
                sqrt(Rational(1, 1000)),
            ),
        ),
        accepted={
            "formula": Rational(1, 10) / sqrt(Rational(1, 1000)),
            "float": 10**0.5,
            "text": "sqrt(10)",
            "by hand": (1 - 0.9) / (1 - 0.999) ** 0.5,
            "rounded": 3.162,
            "three digits": 3.16,
            "text decimal": "3.1623",
        },
        lecture="Both averages start too small, and what counts is their ratio: m is 10 times too small, √v 31.6 "
        "times. Without correction the first step is 3.16 times too long, not too short.",
        families=(
            (
                "inverse m_only m_inverse no_effect",
                "The common sentence “without correction Adam's steps are too small” is backwards at the "
                "default betas: m is 10 times too small, √v 31.6 times and below the line. The first step is "
                "3.16 times too long, the twelfth 6.57 times.",
            ),
        ),
    ),
}
