"""A2: momentum, v_t = β v_{t−1} + g_{t−1} from v_0 = 0. Source: the course document, solution A2."""

from __future__ import annotations

import numpy as np
from sympy import Eq, Rational, Sum, Symbol, oo

from autograder.catalogue import Misconception, Question, without_brackets
from autograder.catalogue.points import Point, draw, rational
from lrtutorial.symbols import beta, eta, g_seq, k, t, v

M = Misconception
j = Symbol("j", integer=True)


def runs(rng: np.random.Generator, n: int = 9) -> list[Point]:
    """Draw a decay, a number of steps from 1 to 7 and a sequence of gradients, n times; t = 1 comes once."""
    points = []
    for i in range(n):
        gradients: list[str] = []
        while len(gradients) < 9:
            value = str(rational(rng, -4, 4))
            if value not in gradients:
                gradients.append(value)
        decay = str(rational(rng, 0.15, 0.95))
        steps = 1 if i == 0 else int(rng.integers(2, 8))
        points.append({"t": str(steps), "beta": decay, **{f"g_seq({m})": g for m, g in enumerate(gradients)}})
    return points


QUESTIONS = {
    "a2-velocity": Question(
        reference=Sum(beta**k * g_seq(t - 1 - k), (k, 0, t - 1)),
        probes=runs,
        misconceptions=(
            M(
                "a2-velocity-newest_only",
                "Only the newest gradient is in: momentum remembers the older ones too",
                "sees no memory in the recursion",
                (
                    "Put v₁ into the line for v₂. Does g(0) disappear?",
                    "Every gradient stays in v; it only fades.",
                ),
                g_seq(t - 1),
            ),
            M(
                "a2-velocity-no_decay",
                "Nothing fades: β is missing, so every gradient counts in full for ever",
                "adds the gradients up without the decay",
                (
                    "What happens to v₁ on its way into v₂?",
                    "Write out v₃ and look at the factor of g(0).",
                ),
                Sum(g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-reversed",
                "The weights run the wrong way: here the oldest gradient counts most",
                "pairs the power of β with the time, not with the age",
                (
                    "In v₂, which of g(0) and g(1) is multiplied by β?",
                    "The power of β is the age of the gradient, counted back from the newest.",
                ),
                Sum(beta**k * g_seq(k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-decays_newest",
                "Every power of β is one too high: the newest gradient enters undamped",
                "applies the decay to the new gradient as well",
                (
                    "Put t = 1: v₁ is made from v₀ = 0 and g(0). How much of g(0) is in it?",
                    "Does β multiply the bracket, or the old velocity alone?",
                ),
                Sum(beta ** (k + 1) * g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-future",
                "v_t would use g(t), which comes one step later: off by one in the gradients",
                "shifts the gradients by one",
                (
                    "Put t = 1: which gradient does the recursion in the notebook use for v₁?",
                    "The newest gradient in v_t is the one taken at x_{t−1}.",
                ),
                beta * v(t - 1) + g_seq(t),
            ),
            M(
                "a2-velocity-future_sum",
                "This sum has one term too many: it begins with g(t), which v_t has not seen",
                "counts the gradients from 0 to t",
                (
                    "How many gradients have been seen after t steps?",
                    "Put t = 1 and count your terms.",
                ),
                Sum(beta**k * g_seq(t - k), (k, 0, t)),
            ),
            M(
                "a2-velocity-loses_oldest",
                "The oldest gradient g(0) is missing: the sum ends one term early",
                "ends the sum at t − 2",
                (
                    "Put t = 1: the sum has no term at all, but v₁ is not 0.",
                    "Which age does g(0) have after t steps?",
                ),
                Sum(beta**k * g_seq(t - 1 - k), (k, 0, t - 2)),
            ),
            M(
                "a2-velocity-average",
                "This is the averaging form: the new gradient has a factor 1 − β that is not in this recursion",
                "mixes up momentum with Adam's moving average",
                (
                    "Compare the recursion given in the notebook with that of Adam's m.",
                    "Put t = 1: v₁ must be the whole of g(0).",
                ),
                (1 - beta) * Sum(beta**k * g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-decay_on_gradient",
                "β stands with the gradient here, but it belongs to the old velocity",
                "damps the new gradient in place of the old velocity",
                (
                    "What fades from step to step: what is already there, or what is new?",
                    "Compare v₂ from your formula with the recursion.",
                ),
                v(t - 1) + beta * g_seq(t - 1),
            ),
            M(
                "a2-velocity-swapped",
                "The roles of β and 1 − β are exchanged, and it averages",
                "uses β as the share of the new gradient",
                (
                    "With β = 0 there is no memory. What is left in your formula?",
                    "Copy the recursion from the notebook letter by letter.",
                ),
                (1 - beta) * v(t - 1) + beta * g_seq(t - 1),
            ),
            M(
                "a2-velocity-same_power",
                "Every gradient has the same power of β: older ones must have faded more",
                "decays all gradients alike",
                (
                    "Write out v₃. Do g(0), g(1) and g(2) carry the same factor?",
                    "The exponent must depend on the index of the sum.",
                ),
                Sum(beta**t * g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-linear_decay",
                "β times k is no decay over k steps: repeated factors make a power",
                "adds up factors in place of multiplying them",
                (
                    "What is a number multiplied by β, then by β again?",
                    "Check k = 0: the newest gradient must keep its full weight.",
                ),
                Sum(beta * k * g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
            M(
                "a2-velocity-sign",
                "The sign is turned: v adds the gradients up, the minus stands in the update of x",
                "moves the minus of descent into the velocity",
                (
                    "Put t = 1: v₁ = g(0). Is yours?",
                    "Where does the minus sign stand in the two lines of the algorithm?",
                ),
                -Sum(beta**k * g_seq(t - 1 - k), (k, 0, t - 1)),
            ),
        ),
        accepted={
            "by time": Sum(beta ** (t - 1 - k) * g_seq(k), (k, 0, t - 1)),
            "from 1 to t": Sum(beta ** (k - 1) * g_seq(t - k), (k, 1, t)),
            "other index": Sum(beta ** (t - j) * g_seq(j - 1), (j, 1, t)),
            "recursion": beta * v(t - 1) + g_seq(t - 1),
            "recursion as equation": Eq(v(t), beta * v(t - 1) + g_seq(t - 1)),
            "one step ahead": Eq(v(t + 1), beta * v(t) + g_seq(t)),
            "newest apart": g_seq(t - 1) + Sum(beta**k * g_seq(t - 1 - k), (k, 1, t - 1)),
            "factor in front": beta ** (t - 1) * Sum(g_seq(k) / beta**k, (k, 0, t - 1)),
            "text": "Sum(beta**k * g_seq(t-1-k), (k, 0, t-1))",
            "recursion as text": "v(t) = β*v(t-1) + g_seq(t-1)",
        },
        lecture="Unroll v₁, v₂, v₃ on the board with one colour for each gradient. The newest gradient enters in full; "
        "every step multiplies all that was there by β. Then shift the index and show that nothing changes.",
        families=(
            (
                "average swapped",
                "Put the two recursions side by side: momentum v ← βv + g adds gradients up, Adam's m ← βm + (1 "
                "− β)g averages them. Under g = 1 the first settles at 1/(1 − β), the second at 1.",
            ),
            (
                "future future_sum loses_oldest",
                "Count on the board which gradients are known when v_t is made: g(0) to g(t − 1), t of them. At "
                "t = 1 that is g(0) alone.",
            ),
        ),
    ),
    "a2-contribution": Question(
        reference=eta * beta**k,
        probes=lambda rng: draw(rng, ("eta", "beta", "k"), 10),
        misconceptions=(
            M(
                "a2-contribution-no_rate",
                "This is its weight in the velocity; the step is the rate times that",
                "forgets the rate between velocity and step",
                (
                    "Which line of the algorithm moves x?",
                    "Make η twice as large: every step doubles. Does your formula?",
                ),
                beta**k,
            ),
            M(
                "a2-contribution-rate_in_power",
                "The rate is applied once, when x moves, not at every step of the decay",
                "raises the rate to the power k as well",
                (
                    "What multiplies v from step to step? Only β does.",
                    "Check k = 0: the newest gradient must still be multiplied by the rate.",
                ),
                (eta * beta) ** k,
            ),
            M(
                "a2-contribution-one_more",
                "One β too many: the newest gradient, k = 0, has not faded at all",
                "counts ages from 1",
                (
                    "Put k = 0: what does plain gradient descent do with the newest gradient?",
                    "How often has it been multiplied by β after k steps?",
                ),
                eta * beta ** (k + 1),
            ),
            M(
                "a2-contribution-one_less",
                "One β too few: after one step the gradient has faded once",
                "counts ages from 1 in the other direction",
                (
                    "Put k = 0: yours is larger than the rate itself.",
                    "Put k = 1: the gradient has been multiplied by β exactly once.",
                ),
                eta * beta ** (k - 1),
            ),
            M(
                "a2-contribution-linear",
                "Fading k times is a power of β, not k times β",
                "adds up factors in place of multiplying them",
                (
                    "With growing k your share grows. Should an older gradient count more?",
                    "Fading twice multiplies twice.",
                ),
                eta * beta * k,
            ),
            M(
                "a2-contribution-no_age",
                "The age k is missing: an old gradient has faded more than a recent one",
                "takes one step of decay for any age",
                (
                    "Compare the gradient of one step back with that of five steps back.",
                    "How often has each been multiplied?",
                ),
                eta * beta,
            ),
            M(
                "a2-contribution-complement",
                "What stays at each step is β; 1 − β is what is lost",
                "takes the loss for what is kept",
                (
                    "With β = 0.9, does momentum remember long or short?",
                    "Read off the factor of v_{t−1} in the recursion.",
                ),
                eta * (1 - beta) ** k,
            ),
            M(
                "a2-contribution-average",
                "The factor 1 − β belongs to the averaging form, not to this recursion",
                "mixes up momentum with Adam's moving average",
                (
                    "Put k = 0: the newest gradient must act with the full rate.",
                    "Is there a 1 − β anywhere in v ← βv + g?",
                ),
                eta * (1 - beta) * beta**k,
            ),
            M(
                "a2-contribution-grows",
                "Here older gradients count more: the power of β went below the line",
                "divides by the decay",
                (
                    "Dividing by a number below 1 makes it larger. Should the past grow?",
                    "Check a large k: almost nothing should be left.",
                ),
                eta / beta**k,
            ),
            M(
                "a2-contribution-up_to_k",
                "This adds up all gradients younger than k; one single gradient was asked for",
                "gives the sum of the shares",
                (
                    "Of how many gradients is the effect asked for?",
                    "Take the term with index k out of your sum.",
                ),
                eta * (1 - beta**k) / (1 - beta),
            ),
            M(
                "a2-contribution-total",
                "This is what all gradients together make; one single gradient was asked for",
                "gives the total in place of one share",
                (
                    "Does your formula depend on the age of the gradient?",
                    "The total comes in the next step.",
                ),
                eta / (1 - beta),
            ),
            M(
                "a2-contribution-sign",
                "The size is right; the factor itself is asked for, without descent's minus",
                "includes the minus of the update",
                (
                    "Is a learning rate positive or negative?",
                    "The minus sign stays with the update of x.",
                ),
                -eta * beta**k,
            ),
        ),
        accepted={
            "turned": beta**k * eta,
            "text": "eta*beta**k",
            "caret": "η·β^k",
            "split": eta * beta * beta ** (k - 1),
        },
        lecture="Follow one single gradient through the steps: its share of the step is η, ηβ, ηβ², … The rate enters "
        "once, when x moves; β enters once for every step of age.",
    ),
    "a2-effective_lr": Question(
        reference=eta / (1 - beta),
        probes=lambda rng: draw(rng, ("eta", "beta")),
        misconceptions=(
            M(
                "a2-effective_lr-times",
                "1 − β belongs below the line: memory makes the step longer, not shorter",
                "multiplies by 1 − β",
                (
                    "All past gradients pull the same way. Is the step larger or smaller than η?",
                    "Solve S − βS = first term for S.",
                ),
                eta * (1 - beta),
            ),
            M(
                "a2-effective_lr-alternating",
                "This holds for gradients that change sign at every step",
                "uses the series of alternating terms",
                (
                    "Under a constant gradient, do the shares add up or cancel?",
                    "Which sign does the ratio of two neighbouring terms have?",
                ),
                eta / (1 + beta),
            ),
            M(
                "a2-effective_lr-over_beta",
                "Dividing by β gives no series: check β = 0",
                "divides by β in place of 1 − β",
                (
                    "Without memory, β = 0, plain descent must come out. What does yours give?",
                    "Write the series out and subtract β times itself.",
                ),
                eta / beta,
            ),
            M(
                "a2-effective_lr-no_rate",
                "The learning rate is missing: this counts how many gradients are in v",
                "sums the weights and forgets the rate",
                (
                    "Make η twice as large: the effective rate doubles. Does yours?",
                    "Sum the answer of the step before, rate and all.",
                ),
                1 / (1 - beta),
            ),
            M(
                "a2-effective_lr-no_memory",
                "This is the rate without momentum: the older gradients add to it",
                "ignores the past",
                (
                    "Does your formula depend on β at all?",
                    "How large are the shares of k = 1 and k = 2?",
                ),
                eta,
            ),
            M(
                "a2-effective_lr-skips_newest",
                "The newest gradient is left out: the sum begins at k = 0",
                "starts the sum at k = 1",
                (
                    "With β = 0 yours gives 0: not even the newest gradient would count.",
                    "Write down the first term of your sum.",
                ),
                eta * beta / (1 - beta),
            ),
            M(
                "a2-effective_lr-two_terms",
                "This stops after two terms: the shares go on for ever",
                "adds the last two gradients only",
                (
                    "Is a gradient of two steps ago forgotten altogether?",
                    "Look for the sum of all powers of β.",
                ),
                eta * (1 + beta),
            ),
            M(
                "a2-effective_lr-squared",
                "1 − β appears twice: one geometric series gives it once",
                "sums the series twice",
                (
                    ("Check β = 0.9: the first ten shares make up about 6.5 η, all of them 10 at most. And yours?"),
                    "How often did you sum?",
                ),
                eta / (1 - beta) ** 2,
            ),
            M(
                "a2-effective_lr-squared_decay",
                "The ratio of the series is β, not β²",
                "sums the squares of the shares",
                (
                    "Divide the share of k = 1 by that of k = 0.",
                    "The sum of squares belongs to noise, not to a constant gradient.",
                ),
                eta / (1 - beta**2),
            ),
            M(
                "a2-effective_lr-rate_in_ratio",
                "The rate went into the ratio: from share to share only β multiplies",
                "uses ηβ as the ratio of the series",
                (
                    "Divide the share of k = 1 by that of k = 0: does η cancel?",
                    "Take η out in front of the sum first.",
                ),
                eta / (1 - eta * beta),
            ),
            M(
                "a2-effective_lr-sign",
                "The difference is turned round: this is negative for every β < 1",
                "writes β − 1 for 1 − β",
                (
                    "Which sign has your formula at β = 0.5?",
                    "Adding up positive shares can't give a negative rate.",
                ),
                eta / (beta - 1),
            ),
            M(
                "a2-effective_lr-at_09",
                "This is the rate at β = 0.9 alone; here β stays a letter",
                "puts in the number of the next step",
                (
                    "What is your formula at β = 0? Plain descent must come out.",
                    "Which β makes 1/(1 − β) equal to ten?",
                ),
                10 * eta,
            ),
            without_brackets("a2-effective_lr", "Brackets are missing: η/1 − β is read as η − β", eta - beta),
        ),
        accepted={
            "sum": Sum(eta * beta**k, (k, 0, oo)),
            "rate in front": eta * Sum(beta**k, (k, 0, oo)),
            "summed": Sum(eta * beta**k, (k, 0, oo)).doit(),
            "from 1": Sum(eta * beta ** (k - 1), (k, 1, oo)),
            "signs": -eta / (beta - 1),
            "text": "η/(1-β)",
            "head and tail": eta + eta * beta / (1 - beta),
            "other index": Sum(eta * beta**j, (j, 0, oo)),
        },
        lecture="Sum the geometric series: with a gradient that stays the same the shares add up to η/(1 − β). With "
        "one that alternates they add up to η/(1 + β). Neither is a bound of stability, which is at 2(1 + β)/λ.",
        families=(
            (
                "times sign",
                "Memory of a constant gradient makes steps longer. So 1 − β stands below the line: at β = 0 "
                "nothing changes, and towards β = 1 the steps grow without end.",
            ),
        ),
    ),
    "a2-effective_lr_09": Question(
        reference=10 * eta,
        probes=lambda rng: draw(rng, ("eta",)),
        misconceptions=(
            M(
                "a2-effective_lr_09-tenth",
                "Turned round: momentum makes the steps ten times longer, not shorter",
                "multiplies by 1 − β",
                (
                    "Is the step under a constant gradient longer or shorter than η?",
                    "Dividing by 0.1 does what?",
                ),
                eta / 10,
            ),
            M(
                "a2-effective_lr_09-beta",
                "This multiplies by β itself",
                "takes β for the factor",
                (
                    "Put β = 0.9 into the formula of the step before.",
                    "The newest gradient alone gives η already.",
                ),
                Rational(9, 10) * eta,
            ),
            M(
                "a2-effective_lr_09-over_beta",
                "This divides by β; the series divides by what is missing from β to 1",
                "divides by β",
                (
                    "How far is 0.9 from 1?",
                    "The first two shares alone make 1.9 η.",
                ),
                eta / Rational(9, 10),
            ),
            M(
                "a2-effective_lr_09-alternating",
                "This is the rate for gradients that change sign at every step",
                "uses 1 + β",
                (
                    "Under a constant gradient the shares add up.",
                    "Is your result larger than η?",
                ),
                eta / Rational(19, 10),
            ),
            M(
                "a2-effective_lr_09-two_terms",
                "This stops after two shares",
                "adds only the last two gradients",
                (
                    "The third share is 0.81 η. Is it negligible?",
                    "Use the formula for the whole series.",
                ),
                Rational(19, 10) * eta,
            ),
            M(
                "a2-effective_lr_09-skips_newest",
                "The newest gradient is missing: its share is η itself",
                "starts the sum at k = 1",
                (
                    "Which share has k = 0?",
                    "Add it to your result.",
                ),
                9 * eta,
            ),
            M(
                "a2-effective_lr_09-no_memory",
                "Without momentum it would be η; at β = 0.9 it is more",
                "ignores the past",
                (
                    "Which gradients are still in v?",
                    "Put β = 0.9 into the formula of the step before.",
                ),
                eta,
            ),
            M(
                "a2-effective_lr_09-squared",
                "1 − β was divided by twice",
                "squares the factor",
                (
                    "What is 1/(1 − 0.9), and how often does it appear?",
                    "One series, one factor.",
                ),
                100 * eta,
            ),
            M(
                "a2-effective_lr_09-no_rate",
                "That is the factor; the effective rate is the factor times η",
                "forgets the rate",
                (
                    "Does your answer change when η does?",
                    "Effective rate, in terms of η.",
                ),
                10,
            ),
            M(
                "a2-effective_lr_09-partial",
                "This adds the first ten shares only; the later ones still matter",
                "cuts the sum after ten terms",
                (
                    "How large is the eleventh share?",
                    "Use the formula for the endless series.",
                ),
                sum((Rational(9, 10) ** i for i in range(10)), Rational(0)) * eta,
            ),
        ),
        accepted={
            "quotient": eta / (1 - Rational(9, 10)),
            "float": eta / (1 - 0.9),
            "float factor": 10.0 * eta,
            "sum": Sum(eta * Rational(9, 10) ** k, (k, 0, oo)),
            "float sum": Sum(eta * 0.9**k, (k, 0, oo)),
            "text": "10*eta",
        },
        lecture="Put numbers to it: at β = 0.9 a constant gradient is followed ten times as fast; the first ten shares "
        "make 6.5 of the ten.",
    ),
}
