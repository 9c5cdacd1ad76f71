"""A1: gradient descent on f = a x²/2. Source: the course document, solution A1."""

from __future__ import annotations

from sympy import Abs, And, Interval, Rational

from autograder.catalogue import Misconception, Question, without_brackets
from autograder.catalogue.points import FAR, around, draw
from lrtutorial.symbols import a, eta, t, x, x0

M = Misconception

QUESTIONS = {
    "a1-gradient": Question(
        reference=a * x,
        probes=lambda rng: draw(rng, ("a", "x")),
        misconceptions=(
            M(
                "a1-gradient-keeps_half",
                "The ½ is still there: the 2 from x² should have cancelled it",
                "applies the power rule but forgets the factor 2",
                (
                    "Differentiate x² alone first. Which factor does the power rule bring down?",
                    "That factor meets the ½ in front of the a.",
                ),
                a * x / 2,
            ),
            M(
                "a1-gradient-forgets_half",
                "The ½ of f is lost: this is the gradient of a·x²",
                "drops the constant factor of f",
                (
                    "Which f has this gradient? Compare it with the one given.",
                    "f starts with a/2, not with a.",
                ),
                2 * a * x,
            ),
            M(
                "a1-gradient-is_f",
                "This is f itself, not its gradient",
                "takes the function for its gradient",
                (
                    "The gradient says how fast f grows, not how large it is.",
                    ("At the minimum x = 0 it must be 0, and it must change sign there. Does yours change sign?"),
                ),
                a * x**2 / 2,
            ),
            M(
                "a1-gradient-power_kept",
                "The power of x did not go down by one",
                "multiplies by the exponent but keeps the power",
                (
                    "The power rule does two things to x²: one to the factor, one to the exponent.",
                    "A parabola's slope is a straight line in x.",
                ),
                a * x**2,
            ),
            M(
                "a1-gradient-sign",
                "The sign is turned: this is the direction of descent, not the gradient",
                "takes the gradient for the step downhill",
                (
                    "For x > 0 and a > 0, f grows with x. Which sign does its slope have?",
                    "The minus of gradient descent belongs to the next step.",
                ),
                -a * x,
            ),
            M(
                "a1-gradient-second",
                "This is the curvature, the second derivative",
                "differentiates twice",
                (
                    "How steep is f at x = 0? Your formula gives the same slope everywhere.",
                    "Differentiate once, not twice.",
                ),
                a,
            ),
            M(
                "a1-gradient-wrt_a",
                "This is the derivative with respect to a",
                "differentiates with respect to the parameter",
                (
                    "Which letter moves during descent: a or x?",
                    "Hold a fixed like a number and differentiate in x.",
                ),
                x**2 / 2,
            ),
            M(
                "a1-gradient-drops_a",
                "The curvature a is missing",
                "treats a as 1",
                (
                    "Make a twice as large: the parabola is twice as steep. Does your formula notice?",
                    "A constant factor survives differentiation.",
                ),
                x,
            ),
        ),
        accepted={
            "times": x * a,
            "unsimplified": a * x**2 / 2 * 2 / x,
            "text": "a*x",
            "rational": Rational(1, 2) * 2 * a * x,
        },
        lecture="Differentiate a·x²/2 once, slowly: the 2 that comes down cancels the ½, which is why the ½ is there. "
        "Then check the units: the gradient of a bowl is proportional to x, and zero at its minimum.",
    ),
    "a1-update": Question(
        reference=x - eta * a * x,
        probes=lambda rng: draw(rng, ("a", "x", "eta")),
        misconceptions=(
            M(
                "a1-update-ascends",
                "This goes uphill: the sign before the rate is turned",
                "adds the gradient",
                (
                    "Take x > 0: there f grows with x. In which direction should x move?",
                    "Descent subtracts the rate times the gradient.",
                ),
                x + eta * a * x,
            ),
            M(
                "a1-update-only_step",
                "This is the step alone, not where it lands",
                "gives the change in place of the new iterate",
                (
                    "With η = 0 nothing should move. What does your formula give then?",
                    "The new iterate is the old one plus the step.",
                ),
                -eta * a * x,
            ),
            M(
                "a1-update-no_rate",
                "The learning rate is missing",
                "forgets the rate",
                (
                    "Which symbol says how far to go along the slope?",
                    "Let η → 0: the iterate must stay where it is.",
                ),
                x - a * x,
            ),
            M(
                "a1-update-no_gradient_x",
                "The gradient is missing its x: it depends on where you are",
                "subtracts the curvature in place of the gradient",
                (
                    "At the minimum x = 0 the iterate must stay. Does yours?",
                    "Put in the gradient that you found, x and all.",
                ),
                x - eta * a,
            ),
            M(
                "a1-update-f_for_gradient",
                "You subtracted f itself, not its gradient",
                "takes f for its gradient",
                (
                    "How large is your step at x = 2 compared with x = 1? The slope only doubles.",
                    "Use the gradient that you found.",
                ),
                x - eta * a * x**2 / 2,
            ),
            M(
                "a1-update-factor_only",
                "This is the factor by which x shrinks; times x it would be the iterate",
                "gives the contraction factor",
                (
                    "At x = 0 the next iterate is 0. Yours is not.",
                    "The factor still has to act on something.",
                ),
                1 - eta * a,
            ),
            M(
                "a1-update-forgets_half",
                "The gradient here is twice too large",
                "uses the gradient of a·x²",
                (
                    "Look at your gradient again: f begins with a/2.",
                    "At η = 1/a one step should reach the minimum exactly. Where does yours land?",
                ),
                x - 2 * eta * a * x,
            ),
            M(
                "a1-update-keeps_half",
                "The gradient here is half as large as it should be",
                "uses half the gradient",
                (
                    "At η = 1/a one step should reach the minimum exactly. Where does yours land?",
                    "Look at your gradient again.",
                ),
                x - eta * a * x / 2,
            ),
            M(
                "a1-update-divides",
                "You divided by the curvature: that is a Newton-like step",
                "rescales by the curvature",
                (
                    (
                        "A steeper parabola (larger a) makes gradient descent take larger steps. Yours takes"
                        " smaller ones."
                    ),
                    "Rate times gradient: both are factors.",
                ),
                x - eta * x / a,
            ),
            M(
                "a1-update-implicit",
                "This is the implicit step, with the gradient where it lands; descent takes it where it starts",
                "confuses explicit and implicit Euler",
                (
                    "At which x is the gradient taken: the present one or the next?",
                    "Can your step overshoot, however large η is? That of gradient descent can.",
                ),
                x / (1 + eta * a),
            ),
            without_brackets("a1-update", "Brackets are missing: x must multiply all of the factor", 1 - eta * a * x),
        ),
        accepted={
            "factored": (1 - eta * a) * x,
            "expanded": x - a * eta * x,
            "text": "x - eta*a*x",
            "greek": "(1 - η*a)*x",
        },
        lecture="Write the update in words first: new place = old place − rate × gradient at the old place. Put in a = "
        "1, x = 1, η = 0.1: the new place is 0.9.",
    ),
    "a1-closed_form": Question(
        reference=(1 - eta * a) ** t * x0,
        probes=lambda rng: draw(rng, ("a", "eta", "x0", "t"), 10),
        misconceptions=(
            M(
                "a1-closed_form-times_t",
                "The factor is multiplied t times: that is a power, not t times the factor",
                "adds equal steps in place of multiplying",
                (
                    "Write out x₂ in terms of x₀. Is it a product of two factors or twice one factor?",
                    "Each step multiplies what the last one left.",
                ),
                (1 - eta * a) * t * x0,
            ),
            M(
                "a1-closed_form-linear",
                "This takes t equal steps from x₀; the steps shrink as x does",
                "uses the first gradient for every step",
                (
                    "Is the gradient at x₁ the same as at x₀?",
                    "Write x₂ = factor · x₁ and put x₁ in.",
                ),
                x0 - t * eta * a * x0,
            ),
            M(
                "a1-closed_form-t_minus_1",
                "One factor too few: off by one in t",
                "counts the start as step 1",
                (
                    "Put t = 0: nothing has happened yet. What does your formula give?",
                    "Put t = 1: exactly one step has been taken.",
                ),
                (1 - eta * a) ** (t - 1) * x0,
            ),
            M(
                "a1-closed_form-t_plus_1",
                "One factor too many: off by one in t",
                "counts one step too many",
                (
                    "Put t = 0: nothing has happened yet. What does your formula give?",
                    "How many steps lead from x₀ to x_t?",
                ),
                (1 - eta * a) ** (t + 1) * x0,
            ),
            M(
                "a1-closed_form-forgets_x0",
                "The start x₀ is missing",
                "gives the contraction and forgets the start",
                (
                    "Start twice as far away: every iterate should be twice as far. Is yours?",
                    "Put t = 0: the result must be the start.",
                ),
                (1 - eta * a) ** t,
            ),
            M(
                "a1-closed_form-sign",
                "The sign inside the power is turned: this grows",
                "goes uphill",
                (
                    "For a small positive η the iterates must shrink. Do yours?",
                    "Take the factor from your update.",
                ),
                (1 + eta * a) ** t * x0,
            ),
            M(
                "a1-closed_form-swapped",
                "1 − ηa became ηa − 1: the sign flips at every odd step",
                "turns the difference round",
                (
                    "Take one step with a tiny η: x should hardly move. Yours jumps to the other side.",
                    "Factor x out of x − ηax with care for the signs.",
                ),
                (eta * a - 1) ** t * x0,
            ),
            M(
                "a1-closed_form-power_of_product",
                "Only the step is raised to the power t, the 1 is not part of it",
                "raises ηa in place of 1 − ηa",
                (
                    "Which factor takes x₀ to x₁? All of it is repeated.",
                    "Compare t = 2 with the square of the whole factor.",
                ),
                x0 - (eta * a) ** t * x0,
            ),
            M(
                "a1-closed_form-exp",
                "This is the limit of infinitely small steps (gradient flow), not of steps of size η",
                "solves the differential equation in place of the recurrence",
                (
                    "Steps of a finite size can overshoot. Can your formula become negative?",
                    "Repeat the factor of the update t times.",
                ),
                "exp(-eta*a*t)*x0",
            ),
            M(
                "a1-closed_form-forgets_half",
                "The factor uses twice the gradient",
                "uses the gradient of a·x²",
                (
                    "At η = 1/a a single step should reach 0. Does yours?",
                    "Take the factor from a right update.",
                ),
                (1 - 2 * eta * a) ** t * x0,
            ),
            M(
                "a1-closed_form-implicit",
                "This repeats the implicit step, with the gradient where it lands",
                "confuses explicit and implicit Euler",
                (
                    "Which factor takes x₀ to x₁? Take it from your update.",
                    "Can your formula change its sign, however large η is? The iterates can.",
                ),
                x0 / (1 + eta * a) ** t,
            ),
            M(
                "a1-closed_form-loss_rate",
                "This is how f shrinks; x itself shrinks by one factor a step, not two",
                "takes the rate of the loss for that of x",
                (
                    "f goes with the square of x. Which of them was asked for?",
                    "How often has the factor of one step been applied to x after t steps?",
                ),
                (1 - eta * a) ** (2 * t) * x0,
            ),
            M(
                "a1-closed_form-base_for_exponent",
                "Base and exponent have changed places",
                "swaps base and exponent",
                (
                    "What is repeated, and how often? What is repeated is the base.",
                    "Put t = 1: what must come out?",
                ),
                t ** (1 - eta * a) * x0,
            ),
            without_brackets("a1-closed_form", "Brackets are missing: the power acts on a alone", x0 - eta * a**t),
        ),
        accepted={
            "order": x0 * (1 - a * eta) ** t,
            "even": x0 * (-1) ** t * (a * eta - 1) ** t,
            "text": "x0*(1-eta*a)**t",
            "split": x0 * (1 - eta * a) * (1 - eta * a) ** (t - 1),
        },
        lecture="Work out x₁, x₂ and x₃ on the board: each step multiplies by the same factor 1 − ηa. Equal factors "
        "make a power, equal steps would make a sum. Then check t = 0: it must give x₀.",
    ),
    "a1-derivation": Question(
        reference=[
            "|1 - eta*a| < 1",
            "-1 < 1 - eta*a < 1",
            "-2 < -eta*a < 0",
            "0 < eta*a < 2",
            "0 < eta < 2/a",
        ],
        probes=lambda rng: around(
            rng,
            ("a", "eta"),
            "eta",
            (
                lambda p: -2 / p["a"],
                lambda p: -1 / p["a"],
                lambda p: 1 / p["a"],
                lambda p: 2 / p["a"],
                lambda p: 2 + 0 * p["a"],
                lambda p: 2 * p["a"],
            ),
        ),
        misconceptions=(
            M(
                "a1-derivation-no_flip",
                "Multiplying by −1 turns the < signs round",
                "changes the sign of the middle alone",
                (
                    "Is 3 < 5 still true after both sides are multiplied by −1?",
                    "Multiply all three parts, then read the line from right to left.",
                ),
                [
                    "|1 - eta*a| < 1",
                    "-1 < 1 - eta*a < 1",
                    "-2 < -eta*a < 0",
                    "-2 < eta*a < 0",
                    "-2/a < eta < 0",
                ],
            ),
            M(
                "a1-derivation-signs_only",
                "The ends changed sign but the < signs did not turn: no number lies there",
                "multiplies by −1 without turning the relation",
                (
                    "Is there a number above 2 and below 0?",
                    "When the signs change, the order changes.",
                ),
                ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "-2 < -eta*a < 0", "2 < eta*a < 0"],
            ),
            M(
                "a1-derivation-middle_only",
                "The 1 was taken away in the middle only",
                "subtracts from one part of a chain",
                (
                    "What is done to the middle must be done to both ends.",
                    "Test η = 3/(2a): does it satisfy both lines?",
                ),
                ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "-1 < -eta*a < 1", "-1/a < eta < 1/a"],
            ),
            M(
                "a1-derivation-one_end",
                "The 1 was taken away on one side only",
                "forgets one end of the chain",
                (
                    "A chain has three parts: subtract from each.",
                    "Test a small negative η in both lines.",
                ),
                ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "-2 < -eta*a < 1", "-1/a < eta < 2/a"],
            ),
            M(
                "a1-derivation-drops_negative",
                "Values between −1 and 0 are lost: a small size allows both signs",
                "takes |u| < 1 for 0 < u < 1",
                (
                    "Is the size of −1/2 below 1?",
                    "Which numbers lie closer to 0 than 1 does?",
                ),
                ["|1 - eta*a| < 1", "0 < 1 - eta*a < 1", "0 < eta*a < 1", "0 < eta < 1/a"],
            ),
            M(
                "a1-derivation-upper_only",
                "Only one of the two inequalities is left: a factor far below −1 would pass",
                "removes the bars and keeps one side",
                (
                    "Does a factor of −5 satisfy your line? Does it satisfy the first one?",
                    "Without bars there must be two inequalities.",
                ),
                ["|1 - eta*a| < 1", "1 - eta*a < 1", "-eta*a < 0", "eta > 0"],
            ),
            M(
                "a1-derivation-lower_only",
                "Only one of the two inequalities is left: a factor above 1 would pass",
                "keeps the bound that is talked about and drops the other",
                (
                    "Does a factor of 5 satisfy your line? Does it satisfy the first one?",
                    "Without bars there must be two inequalities.",
                ),
                ["|1 - eta*a| < 1", "1 - eta*a > -1", "eta*a < 2", "eta < 2/a"],
            ),
            M(
                "a1-derivation-or",
                "“Or” holds for every number: both inequalities are needed at once",
                "joins the two cases with or",
                (
                    "Does a factor of 5 satisfy one of your two inequalities?",
                    "Lying between two ends means both.",
                ),
                ["|1 - eta*a| < 1", "1 - eta*a < 1 or 1 - eta*a > -1", "eta > 0 or eta < 2/a"],
            ),
            M(
                "a1-derivation-second_sign",
                "The second inequality points the wrong way: above −1, not below it",
                "writes u < 1 and u < −1",
                (
                    "Which side of −1 is 0 on? Its size is below 1.",
                    "Between two ends: above the lower, below the upper.",
                ),
                [
                    "|1 - eta*a| < 1",
                    "1 - eta*a < 1 and 1 - eta*a < -1",
                    "eta*a > 0 and eta*a > 2",
                    "eta > 2/a",
                ],
            ),
            M(
                "a1-derivation-divides_one",
                "a was divided away in the middle but not at the end",
                "divides one part of a chain",
                (
                    "Divide all three parts by a. What becomes of 2, and what of 0?",
                    "Test a = 10 and η = 1 in both lines.",
                ),
                ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "0 < eta*a < 2", "0 < eta < 2"],
            ),
            M(
                "a1-derivation-times_a",
                "The end was multiplied by a where it should be divided",
                "moves a factor to the other side as a factor",
                (
                    "To free η of its factor a, which operation undoes the multiplication?",
                    "Test a = 10 and η = 1 in both lines.",
                ),
                ["|1 - eta*a| < 1", "-1 < 1 - eta*a < 1", "0 < eta*a < 2", "0 < eta < 2*a"],
            ),
            M(
                "a1-derivation-closed",
                "The strict < became ≤: the borders have come in",
                "is careless about the borders",
                (
                    "Put η = 0 into both lines.",
                    "Adding or multiplying does not turn < into ≤.",
                ),
                ["|1 - eta*a| < 1", "-1 <= 1 - eta*a <= 1", "0 <= eta*a <= 2", "0 <= eta <= 2/a"],
            ),
        ),
        accepted={
            "SymPy": [
                Abs(1 - eta * a) < 1,
                And(-1 < 1 - eta * a, 1 - eta * a < 1),
                And(0 < eta * a, eta * a < 2),
                Interval.open(0, 2 / a),
            ],
            "two by two": [
                "abs(1-η·a) < 1",
                "1 - η*a < 1 and 1 - η*a > -1",
                "-η*a < 0 and -η*a > -2",
                "η*a > 0 and η*a < 2",
                "η > 0 and η < 2/a",
            ],
            "squared": [
                "1 > |eta*a - 1|",
                "(1 - eta*a)**2 < 1",
                "eta*a*(eta*a - 2) < 0",
                "0 < eta*a < 2",
                "0 < eta < 2/a",
            ],
            "centred": ["|1 - eta*a| < 1", "|eta - 1/a| < 1/a", "-1/a < eta - 1/a < 1/a", "0 < eta < 2/a"],
        },
        lecture="Take |u| < 1 apart on the number line: both −1 < u and u < 1 at once. Then do the same to all three "
        "parts of the chain at every step, and turn both signs when multiplying by −1.",
    ),
    "a1-condition": Question(
        reference=And(0 < eta, eta < 2 / a),
        probes=lambda rng: around(
            rng,
            ("a", "eta"),
            "eta",
            (
                lambda p: 1 / p["a"],
                lambda p: 2 / p["a"],
                lambda p: 4 / p["a"],
                lambda p: 2 + 0 * p["a"],
                lambda p: 2 * p["a"],
                lambda p: p["a"] / 2,
            ),
            far=FAR,
        ),
        misconceptions=(
            M(
                "a1-condition-no_lower",
                "The lower bound is missing: a negative rate climbs",
                "thinks only of rates that are too large",
                (
                    "What does a negative rate do to the iterates?",
                    "A size below 1 makes two inequalities; you solved one.",
                ),
                eta < 2 / a,
            ),
            M(
                "a1-condition-no_upper",
                "The upper bound is missing: a large rate overshoots more each step",
                "believes that every positive rate converges",
                (
                    "Try a large rate, such as η = 10/a, and write down three iterates.",
                    "A size below 1 makes two inequalities; you solved one.",
                ),
                eta > 0,
            ),
            M(
                "a1-condition-monotone",
                "Half the range is missing: between 1/a and 2/a the iterates alternate, but shrink",
                "asks for 0 < 1 − ηa, no overshooting; or uses a gradient that is twice too large",
                (
                    "Is overshooting the same as diverging? Try η = 1.5/a.",
                    "Compare the size of the factor with 1, not its sign with 0.",
                ),
                And(0 < eta, eta < 1 / a),
            ),
            M(
                "a1-condition-closed_right",
                "The upper border is in: there x flips sign for ever",
                "takes ≤ for <",
                (
                    "Put η on your upper border and compute x₁ and x₂.",
                    "A factor of −1 keeps the distance.",
                ),
                And(0 < eta, eta <= 2 / a),
            ),
            M(
                "a1-condition-closed_left",
                "η = 0 is in: with it nothing moves",
                "takes ≤ for < at 0",
                (
                    "What does the update do at η = 0?",
                    "x_t must go to 0, not merely stay put.",
                ),
                And(0 <= eta, eta < 2 / a),
            ),
            M(
                "a1-condition-closed",
                "Both borders are in: at one nothing moves, at the other x flips sign for ever",
                "takes ≤ for < at both borders",
                (
                    "Try each border: compute x₁ and x₂.",
                    "A factor of size exactly 1 keeps the distance.",
                ),
                And(0 <= eta, eta <= 2 / a),
            ),
            M(
                "a1-condition-keeps_half",
                "The bound is twice what it should be: its factor has the ½ of f still in it",
                "uses half the gradient",
                (
                    "Take η = 3/a: what is the factor of your closed form there?",
                    "Look at the gradient again.",
                ),
                And(0 < eta, eta < 4 / a),
            ),
            M(
                "a1-condition-inverted",
                "The fraction stands on its head: steeper bowls need smaller rates",
                "turns 2/a round",
                (
                    "Take a bowl four times as steep. Should its rate be larger or smaller?",
                    "Divide both sides of ηa < 2 by a.",
                ),
                And(0 < eta, eta < a / 2),
            ),
            M(
                "a1-condition-either_sign",
                "Negative rates are in: the absolute value is that of the factor, not of η",
                "bounds the size of η in place of that of the factor",
                (
                    "What does a negative rate do to the iterates?",
                    "What must lie between −1 and 1: the rate, or the factor?",
                ),
                Abs(eta) < 2 / a,
            ),
            M(
                "a1-condition-alternating",
                "The rates below 1/a are missing: they converge too, without overshooting",
                "believes that the factor must be negative",
                (
                    "Take a tiny rate: do the iterates shrink?",
                    "A factor may have either sign; only its size matters.",
                ),
                And(1 / a < eta, eta < 2 / a),
            ),
            M(
                "a1-condition-times_a",
                "The bound grows with a, but steeper bowls need smaller rates",
                "multiplies by a in place of dividing",
                (
                    "Take a bowl four times as steep. Should its rate be larger or smaller?",
                    "Solve ηa < 2 for η again.",
                ),
                And(0 < eta, eta < 2 * a),
            ),
            M(
                "a1-condition-constant",
                "The curvature a is missing from the bound",
                "treats a as 1",
                (
                    "Does the same rate work on every parabola? Try a = 10.",
                    "Solve ηa < 2 for η again.",
                ),
                And(0 < eta, eta < 2),
            ),
            M(
                "a1-condition-diverges",
                "This is where it diverges: the answer is turned round",
                "gives the condition for divergence",
                (
                    "Pick a rate that your condition admits and take two steps.",
                    "Which side of the border did the question ask for?",
                ),
                "eta > 2/a",
            ),
            M(
                "a1-condition-factor_above_1",
                "This is where the factor is larger than 1 in size: there the iterates grow",
                "turns the inequality for the factor round",
                (
                    "A power of a number goes to 0 for which numbers?",
                    "Pick a rate that your condition admits and take two steps.",
                ),
                Abs(1 - eta * a) > 1,
            ),
        ),
        accepted={
            "interval": Interval.open(0, 2 / a),
            "abs": Abs(1 - eta * a) < 1,
            "two conditions": (eta > 0, eta < 2 / a),
            "turned": And(2 / a > eta, eta > 0),
            "text": "0 < eta < 2/a",
            "product": And(eta * a > 0, eta * a < 2),
            "square": (1 - eta * a) ** 2 < 1,
            "chained with &": (eta > 0) & (eta < 2 / a),
            "abs turned": 1 > Abs(eta * a - 1),
        },
        lecture="Plot |1 − ηa| against η: it falls to 0 at η = 1/a and is back at 1 at η = 2/a. Ask for the range "
        "below 1 by eye, then for its ends: at 0 nothing moves, at 2/a x flips sign for ever.",
        families=(
            (
                "no_lower either_sign",
                "Ask what a negative rate does: it climbs, from every start. A condition on η has two ends, and "
                "the absolute value is that of the factor 1 − ηa, not of η.",
            ),
            (
                "no_upper",
                "Run η = 3/a: every step doubles the distance, with alternating sign. Small enough is a "
                "condition, not a habit.",
            ),
            (
                "monotone alternating",
                "Between 0 and 1/a the iterates come in from one side, between 1/a and 2/a they alternate; both "
                "shrink. Overshooting is not diverging.",
            ),
        ),
    ),
}
