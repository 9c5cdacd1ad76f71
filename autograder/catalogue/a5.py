"""A5: the best rate on f = xᵀAx/2. Source: the course document, solution A5; the exact rate: Polyak 1964."""

from __future__ import annotations

from sympy import Abs, And, Eq, Float, Integer, Interval, Max, Rational, Symbol, exp, sqrt

from autograder.catalogue import Misconception, Question, without_brackets
from autograder.catalogue.a4 import a_number
from autograder.catalogue.points import FAR, around, draw
from lrtutorial.symbols import eta, kappa, lambda_max, lambda_min

M = Misconception

bound = 2 / lambda_max
best = 2 / (lambda_max + lambda_min)
rate = (kappa - 1) / (kappa + 1)
GIVEN = "|1 - eta*lambda_max| < 1 and |1 - eta*lambda_min| < 1"
CHAINS = "-1 < 1 - eta*lambda_max < 1 and -1 < 1 - eta*lambda_min < 1"
PRODUCTS = "0 < eta*lambda_max < 2 and 0 < eta*lambda_min < 2"
BOUNDS = "0 < eta < 2/lambda_max and 0 < eta < 2/lambda_min"
QUESTIONS = {
    "a5-derivation": Question(
        reference=[GIVEN, CHAINS, PRODUCTS, BOUNDS, "0 < eta < 2/lambda_max"],
        probes=lambda rng: around(
            rng,
            ("lambda_max", "lambda_min", "eta"),
            "eta",
            (
                lambda p: 2 / p["lambda_max"],
                lambda p: 2 / p["lambda_min"],
                lambda p: 1 / p["lambda_max"],
                lambda p: 4 / (p["lambda_max"] + p["lambda_min"]),
                lambda p: 2 * p["lambda_max"],
                lambda p: 0 * p["lambda_max"] + 2,
                lambda p: -1 / p["lambda_max"],
                lambda p: -2 / p["lambda_max"],
            ),
        ),
        misconceptions=(
            M(
                "a5-derivation-larger_bound",
                "The larger bound was kept; where both must hold, the smaller one decides",
                "takes the weaker of two conditions, or joins them with or",
                (
                    "Pick a rate between the two bounds. Does it satisfy both conditions above?",
                    "Below 3 and below 5 at once: below what?",
                ),
                [GIVEN, CHAINS, PRODUCTS, BOUNDS, "0 < eta < 2/lambda_min"],
            ),
            M(
                "a5-derivation-no_flip",
                "Multiplying by −1 turns the < signs round",
                "changes the sign of the middle alone",
                (
                    "Is 3 < 5 still true after both sides are multiplied by −1?",
                    "Multiply all three parts, then read the line from right to left.",
                ),
                [GIVEN, CHAINS, "-2 < eta*lambda_max < 0 and -2 < eta*lambda_min < 0"],
            ),
            M(
                "a5-derivation-drops_negative",
                "Factors between −1 and 0 are lost: a small size allows both signs",
                "takes |u| < 1 for 0 < u < 1",
                (
                    "Is the size of −1/2 below 1?",
                    "Which numbers lie closer to 0 than 1 does?",
                ),
                [GIVEN, "0 < 1 - eta*lambda_max < 1 and 0 < 1 - eta*lambda_min < 1"],
            ),
            M(
                "a5-derivation-middle_only",
                "The 1 was taken away in the middle only",
                "subtracts from one part of a chain",
                (
                    "What is done to the middle must be done to both ends.",
                    "Put η = 0 in: does it satisfy both lines?",
                ),
                [GIVEN, CHAINS, "-1 < eta*lambda_max < 1 and -1 < eta*lambda_min < 1"],
            ),
            M(
                "a5-derivation-no_lower",
                "The lower bound was lost: a negative rate would pass",
                "keeps the bound that is talked about and drops the other",
                (
                    "Does a rate of −1 satisfy your line? Does it satisfy the one above?",
                    "Without bars each size gives two inequalities.",
                ),
                [GIVEN, "-1 < 1 - eta*lambda_max and -1 < 1 - eta*lambda_min", "eta < 2/lambda_max"],
            ),
            M(
                "a5-derivation-no_upper",
                "The upper bound was lost: any large rate would pass",
                "removes the bars and keeps one side",
                (
                    "Does a huge rate satisfy your line? Does it satisfy the one above?",
                    "Without bars each size gives two inequalities.",
                ),
                [GIVEN, "1 - eta*lambda_max < 1 and 1 - eta*lambda_min < 1", "eta > 0"],
            ),
            M(
                "a5-derivation-between",
                "The two bounds became the two ends of one range",
                "reads two upper bounds as a lower and an upper one",
                (
                    "Pick a rate between the two bounds. What is the factor of the steepest direction?",
                    "Both ranges begin at 0. What do they have in common?",
                ),
                [GIVEN, CHAINS, PRODUCTS, "2/lambda_max < eta < 2/lambda_min"],
            ),
            M(
                "a5-derivation-added",
                "Adding the two lines says less than both of them: it does not lead back",
                "adds inequalities as if they were equations",
                (
                    "Two numbers with a small sum: must both be small?",
                    "Keep the two conditions apart until η is alone in each.",
                ),
                [GIVEN, CHAINS, PRODUCTS, "0 < eta*(lambda_max + lambda_min) < 4"],
            ),
            M(
                "a5-derivation-times",
                "The end was multiplied by the eigenvalue where it should be divided",
                "moves a factor to the other side as a factor",
                (
                    "To free η of its factor, which operation undoes the multiplication?",
                    "Put λ_max = 10 and η = 1 into both lines.",
                ),
                [GIVEN, CHAINS, PRODUCTS, "0 < eta < 2*lambda_max"],
            ),
            M(
                "a5-derivation-divides_one",
                "The eigenvalue was divided away in the middle but not at the end",
                "divides one part of a chain",
                (
                    "Divide all three parts. What becomes of the 2?",
                    "Put λ_max = 10 and η = 1 into both lines.",
                ),
                [GIVEN, CHAINS, PRODUCTS, "0 < eta < 2"],
            ),
            M(
                "a5-derivation-closed",
                "The strict < became ≤: the borders have come in",
                "is careless about the borders",
                (
                    "Put η = 0 into both lines.",
                    "Adding or multiplying does not turn < into ≤.",
                ),
                [GIVEN, "-1 <= 1 - eta*lambda_max <= 1 and -1 <= 1 - eta*lambda_min <= 1"],
            ),
            M(
                "a5-derivation-closed_right",
                "The upper < became ≤: at that border the steepest direction never settles",
                "is careless about the upper border",
                (
                    "Put the border itself in for η. What is the size of the factor?",
                    "Adding or multiplying does not turn < into ≤.",
                ),
                [GIVEN, CHAINS, PRODUCTS, BOUNDS, "0 < eta <= 2/lambda_max"],
            ),
        ),
        accepted={
            "SymPy": [
                And(Abs(1 - eta * lambda_max) < 1, Abs(1 - eta * lambda_min) < 1),
                And(0 < eta * lambda_max, eta * lambda_max < 2, 0 < eta * lambda_min, eta * lambda_min < 2),
                And(0 < eta, eta < 2 / lambda_max, eta < 2 / lambda_min),
                Interval.open(0, bound),
            ],
            "greek": [
                "|1 - η*λ_min| < 1 and |1 - η*λ_max| < 1",
                "0 < η*λ_min < 2 and 0 < η*λ_max < 2",
                "0 < η < 2/λ_min and 0 < η < 2/λ_max",
                "0 < η and η < 2/λ_max",
            ],
            "the flatter one dropped first": [
                GIVEN,
                CHAINS,
                PRODUCTS,
                "0 < eta*lambda_max < 2",
                "0 < eta < 2/lambda_max",
            ],
            "least bound": [
                GIVEN,
                CHAINS,
                PRODUCTS,
                "0 < eta < min(2/lambda_max, 2/lambda_min)",
                "0 < eta < 2/lambda_max",
            ],
        },
        lecture="Two conditions that must hold together: the steepest direction sets the bound, since 2/λ_max is the "
        "smaller of the two. Draw both ranges of η on one line and mark where they overlap.",
    ),
    "a5-condition": Question(
        reference=And(0 < eta, eta < bound),
        probes=lambda rng: around(
            rng,
            ("lambda_max", "lambda_min", "eta"),
            "eta",
            (
                lambda p: 2 / p["lambda_max"],
                lambda p: 2 / p["lambda_min"],
                lambda p: 1 / p["lambda_max"],
                lambda p: 2 / (p["lambda_max"] + p["lambda_min"]),
                lambda p: 1 / p["lambda_min"],
                lambda p: 2 * p["lambda_max"],
                lambda p: 0 * p["lambda_max"] + 2,
            ),
            far=FAR,
        ),
        misconceptions=(
            M(
                "a5-condition-no_lower",
                "The lower bound is missing: a negative rate climbs",
                "thinks only of rates that are too large",
                (
                    "What does a negative rate do to the iterates?",
                    "|1 − ηλ| < 1 holds two inequalities; you solved one.",
                ),
                eta < bound,
            ),
            M(
                "a5-condition-no_upper",
                "The upper bound is missing: a large rate overshoots more each step",
                "believes that every positive rate converges",
                (
                    "Try η = 10/λ_max and write down three iterates of the steepest direction.",
                    "|1 − ηλ| < 1 holds two inequalities; you solved one.",
                ),
                eta > 0,
            ),
            M(
                "a5-condition-flattest",
                "This suits the flattest direction; the steepest one diverges long before",
                "takes the least strict of the conditions",
                (
                    "Pick a rate just inside your border. What is the factor of the steepest direction?",
                    "Every direction has to converge. Which one gives the smallest upper bound?",
                ),
                And(0 < eta, eta < 2 / lambda_min),
            ),
            M(
                "a5-condition-monotone",
                "Half the range is missing: beyond your border the steepest direction alternates, but shrinks",
                "asks for no overshooting",
                (
                    "Is overshooting the same as diverging? Try a rate half as large again as your border.",
                    "Compare the size of the factor with 1, not its sign with 0.",
                ),
                And(0 < eta, eta < 1 / lambda_max),
            ),
            M(
                "a5-condition-closed_right",
                "The upper border is in: there the steepest direction flips sign for ever",
                "takes ≤ for <",
                (
                    "Put η on your upper border and compute two iterates of the steepest direction.",
                    "A factor of −1 keeps the distance.",
                ),
                And(0 < eta, eta <= bound),
            ),
            M(
                "a5-condition-closed_left",
                "η = 0 is in: with it nothing moves",
                "takes ≤ for < at 0",
                (
                    "What does the update do at η = 0?",
                    "The distance must shrink, not merely stay.",
                ),
                And(0 <= eta, eta < bound),
            ),
            M(
                "a5-condition-closed",
                "Both borders are in: at one nothing moves, at the other the steepest direction flips for ever",
                "takes ≤ for < at both borders",
                (
                    "Try each border: compute two iterates.",
                    "A factor of size exactly 1 keeps the distance.",
                ),
                And(0 <= eta, eta <= bound),
            ),
            M(
                "a5-condition-times",
                "The bound grows with the curvature, but steeper bowls need smaller rates",
                "multiplies in place of dividing",
                (
                    "Take a bowl four times as steep. Should its rate be larger or smaller?",
                    "Solve |1 − ηλ| < 1 for η again.",
                ),
                And(0 < eta, eta < 2 * lambda_max),
            ),
            M(
                "a5-condition-between",
                "Between these borders the flattest direction converges and the steepest diverges",
                "takes the two borders for the ends of the range",
                (
                    "Pick a rate between your borders and compute both factors.",
                    "Each direction allows a range from 0 up. What do the ranges have in common?",
                ),
                And(bound < eta, eta < 2 / lambda_min),
            ),
            M(
                "a5-condition-optimum",
                "This border is the best rate: larger ones still converge for a while",
                "takes the optimum for the limit",
                (
                    "Try a rate a little above your border: do both factors stay below 1 in size?",
                    "Only one direction decides where convergence ends.",
                ),
                And(0 < eta, eta < best),
            ),
            M(
                "a5-condition-constant",
                "The curvature is missing from the bound",
                "takes A1's result with a = 1",
                (
                    "Does the same rate work on every bowl? Try one with λ_max = 10.",
                    "Solve |1 − ηλ| < 1 for η again.",
                ),
                And(0 < eta, eta < 2),
            ),
            M(
                "a5-condition-diverges",
                "This is where it diverges: the answer is turned round",
                "gives the condition for divergence",
                (
                    "Pick a rate that your condition admits and take two steps.",
                    "Which side of the border did the question ask for?",
                ),
                "eta > 2/lambda_max",
            ),
        ),
        accepted={
            "interval": Interval.open(0, bound),
            "abs": Abs(1 - eta * lambda_max) < 1,
            "two conditions": (eta > 0, eta < bound),
            "both directions": And(Abs(1 - eta * lambda_max) < 1, Abs(1 - eta * lambda_min) < 1),
            "the larger factor": Max(Abs(1 - eta * lambda_max), Abs(1 - eta * lambda_min)) < 1,
            "text": "0 < eta < 2/lambda_max",
            "product": And(eta * lambda_max > 0, eta * lambda_max < 2),
            "with &": (eta > 0) & (bound > eta),
            "bars": "|1 - η*λ_max| < 1",
        },
        lecture="Draw |1 − ηλ| for two eigenvalues in one picture. Both must be below 1, so the steepest direction "
        "decides: 0 < η < 2/λ_max.",
    ),
    "a5-optimal_lr": Question(
        reference=best,
        probes=lambda rng: draw(rng, ("lambda_max", "lambda_min")),
        misconceptions=(
            M(
                "a5-optimal_lr-steepest_only",
                "This is best for the steepest direction alone, and leaves the flattest slow",
                "solves 1 − ηλ_max = 0",
                (
                    "Compute both factors at your rate. Are they the same size?",
                    "A slightly larger rate would speed the slow direction up. What would it cost the other?",
                ),
                1 / lambda_max,
            ),
            M(
                "a5-optimal_lr-flattest_only",
                "This is best for the flattest direction alone; the steepest one may diverge",
                "solves 1 − ηλ_min = 0",
                (
                    "Is your rate below the border of your condition?",
                    "Compute both factors at your rate.",
                ),
                1 / lambda_min,
            ),
            M(
                "a5-optimal_lr-border",
                "This is the border of convergence: there the steepest direction never settles",
                "takes the largest rate for the best",
                (
                    "What is the factor of the steepest direction at your rate?",
                    "The worst factor must be as small as possible. At yours it is 1.",
                ),
                bound,
            ),
            M(
                "a5-optimal_lr-forgets_2",
                "Half of the best rate: the ones on both sides add up",
                "loses the 2 when solving",
                (
                    "Put your rate into both factors. Are they the same size?",
                    "Solve 1 − ηλ_min = ηλ_max − 1 again: where do the two ones go?",
                ),
                1 / (lambda_max + lambda_min),
            ),
            M(
                "a5-optimal_lr-inverse",
                "Upside down: a rate has the unit of one over a curvature",
                "inverts the solution, or takes the mean curvature for the rate",
                (
                    "Make the bowl ten times steeper: the rate has to become ten times smaller.",
                    "Solve for η, not for 1/η.",
                ),
                (lambda_max + lambda_min) / 2,
            ),
            M(
                "a5-optimal_lr-minus",
                "A sign was lost: with a difference the rate explodes for a round bowl",
                "equates the factors without turning a sign",
                (
                    "Take λ_min = λ_max: one step should reach the minimum. Yours divides by 0.",
                    "At the best rate one factor is positive and the other negative.",
                ),
                2 / (lambda_max - lambda_min),
            ),
            M(
                "a5-optimal_lr-geometric",
                "The geometric mean of the two single-direction rates is not where the curves cross",
                "takes a mean that suits products",
                (
                    "Compute both factors at your rate. Are they the same size?",
                    "Equate |1 − ηλ_max| and |1 − ηλ_min|, and solve.",
                ),
                1 / sqrt(lambda_max * lambda_min),
            ),
            M(
                "a5-optimal_lr-mean_of_rates",
                "The mean of the two single-direction rates is too large for the steepest",
                "averages the rates in place of the curvatures",
                (
                    "Is your rate below the border of your condition when λ_min is tiny?",
                    "Equate |1 − ηλ_max| and |1 − ηλ_min|, and solve.",
                ),
                (1 / lambda_max + 1 / lambda_min) / 2,
            ),
            M(
                "a5-optimal_lr-heavy_ball",
                "This is the best rate with momentum, where β is tuned along with it",
                "looks up the heavy-ball rate",
                (
                    "Without momentum, what are the two factors at your rate?",
                    "Here nothing is remembered from step to step: no roots come in.",
                ),
                (2 / (sqrt(lambda_max) + sqrt(lambda_min))) ** 2,
            ),
            M(
                "a5-optimal_lr-flattest_border",
                "This is the border for the flattest direction; the steepest diverges",
                "takes the wrong direction's border",
                (
                    "Is your rate below the border of your condition?",
                    "Compute both factors at your rate.",
                ),
                2 / lambda_min,
            ),
            without_brackets(
                "a5-optimal_lr",
                "Brackets are missing: only one of the two eigenvalues is below the line",
                2 / lambda_max + lambda_min,
            ),
        ),
        accepted={
            "inverse mean": 1 / ((lambda_max + lambda_min) / 2),
            "text": "2/(lambda_max+lambda_min)",
            "factored": bound / (1 + lambda_min / lambda_max),
            "equation": Eq(Symbol("eta"), best),
            "greek": "2/(λ_min + λ_max)",
        },
        lecture="In the same picture, look for the lowest point of the upper of the two curves: it is where they "
        "cross, at 2/(λ_max + λ_min). There one direction alternates and both shrink equally fast.",
    ),
    "a5-condition_number": Question(
        reference=lambda_max / lambda_min,
        probes=lambda rng: draw(rng, ("lambda_max", "lambda_min")),
        misconceptions=(
            M(
                "a5-condition_number-inverse",
                "Upside down: this is never above 1",
                "inverts the ratio",
                (
                    "A round bowl has 1; a ravine has a large number. Which has yours?",
                    "The steeper direction counts from above.",
                ),
                lambda_min / lambda_max,
            ),
            M(
                "a5-condition_number-difference",
                "A difference depends on the scale of f; the condition number doesn't",
                "measures the spread by subtracting",
                (
                    "Multiply f by 10: the shape of its contours stays. Does your number?",
                    "How many times steeper, not by how much.",
                ),
                lambda_max - lambda_min,
            ),
            M(
                "a5-condition_number-root",
                "This is the ratio of the contours' axes, the root of the condition number",
                "takes the aspect ratio of the ellipse",
                (
                    "The contours' axes go with one over the root of the curvatures. Which ratio was asked for?",
                    "No root is needed.",
                ),
                sqrt(lambda_max / lambda_min),
            ),
            M(
                "a5-condition_number-squared",
                "This is the condition number of AᵀA",
                "squares it, as the normal equations do",
                (
                    "Does f have the matrix A or its square?",
                    "Take the eigenvalues of A itself.",
                ),
                (lambda_max / lambda_min) ** 2,
            ),
            M(
                "a5-condition_number-product",
                "This is how A scales areas, its determinant in two dimensions",
                "multiplies the eigenvalues",
                (
                    "Multiply f by 10: the shape of its contours stays. Does your number?",
                    "A round bowl must have 1, however steep it is.",
                ),
                lambda_max * lambda_min,
            ),
            M(
                "a5-condition_number-largest",
                "This is the largest curvature, whatever the smallest is",
                "takes steepness for bad conditioning",
                (
                    "A round bowl can be steep. Is it badly conditioned?",
                    "Compare it with the smallest curvature.",
                ),
                lambda_max,
            ),
            M(
                "a5-condition_number-rate",
                "This is already the convergence factor at the best learning rate",
                "goes one step ahead",
                (
                    "Yours is never above 1. Can a ravine have a large number?",
                    "Of which two numbers does that factor depend on the ratio?",
                ),
                (lambda_max - lambda_min) / (lambda_max + lambda_min),
            ),
            M(
                "a5-condition_number-sum",
                "This is the trace, in two dimensions",
                "adds the eigenvalues",
                (
                    "Multiply f by 10: the shape of its contours stays. Does your number?",
                    "How many times steeper is one direction than the other?",
                ),
                lambda_max + lambda_min,
            ),
        ),
        accepted={
            "power": lambda_max * lambda_min**-1,
            "text": "lambda_max/lambda_min",
            "greek": "λ_max/λ_min",
            "equation": Eq(kappa, lambda_max / lambda_min),
        },
        lecture="Scale f by 10: both eigenvalues grow, their ratio stays. The contours' axes have the ratio √κ, so an "
        "ellipse that is ten times as long as wide means κ = 100.",
    ),
    "a5-rate": Question(
        reference=rate,
        probes=lambda rng: draw(rng, ("kappa",)),
        misconceptions=(
            M(
                "a5-rate-approximation",
                "1 − 2/κ is the approximation for large κ; it is smaller than the factor, so it is no bound",
                "drops the 1 in κ + 1, or quotes the approximation",
                (
                    "Put κ = 1 and κ = 2 in. Can a round bowl have a negative factor?",
                    "Keep everything when you divide top and bottom by λ_min.",
                ),
                1 - 2 / kappa,
            ),
            M(
                "a5-rate-one_over_L",
                "This is the factor at η = 1/λ_max, not at η*",
                "uses the rate that is best for the steepest direction alone",
                (
                    "Which η did you put in? Compare it with your η*.",
                    "At η* both factors have the same size.",
                ),
                1 - 1 / kappa,
            ),
            M(
                "a5-rate-gap",
                "This is what a step leaves of f − f*; of the distance it leaves the root of that",
                "takes the loss for the distance",
                (
                    "f grows with the square of the distance. Which of the two was asked for?",
                    "The factor of a coordinate is |1 − ηλ|, without a square.",
                ),
                rate**2,
            ),
            M(
                "a5-rate-momentum",
                "This is momentum's factor, with √κ",
                "quotes the heavy-ball result",
                (
                    "Put η* into |1 − ηλ|. Does a root come in?",
                    "Plain gradient descent has κ where momentum has its root.",
                ),
                (sqrt(kappa) - 1) / (sqrt(kappa) + 1),
            ),
            M(
                "a5-rate-inverse",
                "Upside down: above 1 the distance grows",
                "inverts the factor",
                (
                    "Does a step leave more or less than the whole distance?",
                    "Check a large κ: it must approach 1 from below.",
                ),
                (kappa + 1) / (kappa - 1),
            ),
            M(
                "a5-rate-sign",
                "The size is right, but the factor of the steepest direction has its sign on: the size was asked for",
                "leaves out the bars of |1 − ηλ_max|",
                (
                    "A share of the distance cannot be negative.",
                    "Take the bars of |1 − ηλ| seriously.",
                ),
                -rate,
            ),
            M(
                "a5-rate-progress",
                "This is what a step takes away; what it leaves was asked for",
                "gives one minus the factor",
                (
                    "For a huge κ hardly anything is gained. Which number is near 0 then, and which near 1?",
                    "What is left and what is taken away add up to one.",
                ),
                2 / (kappa + 1),
            ),
            M(
                "a5-rate-forgets_2",
                "Half of the progress is lost: the 2 of η* is missing",
                "uses half of η*",
                (
                    "Put κ = 1: a round bowl is solved in one step. Is it, with yours?",
                    "Put η* in with its 2.",
                ),
                1 - 1 / (kappa + 1),
            ),
            M(
                "a5-rate-minus_one",
                "The 1 has the wrong sign in the denominator",
                "subtracts the eigenvalues in the denominator",
                (
                    "Put κ = 1 in. Is the result finite?",
                    "The denominator of η* is a sum.",
                ),
                1 - 2 / (kappa - 1),
            ),
            M(
                "a5-rate-flow",
                "This is continuous time; a step of size η* does a little better",
                "takes the exponential for the power",
                (
                    "Put κ = 1: one step at η* ends exactly at the minimum. Does yours?",
                    "Put η* into |1 − ηλ| itself.",
                ),
                exp(-2 / kappa),
            ),
            without_brackets("a5-rate", "Brackets are missing: κ − 1/κ + 1 divides the 1 alone", kappa - 1 / kappa + 1),
        ),
        accepted={
            "one minus": 1 - 2 / (kappa + 1),
            "text": "(kappa-1)/(kappa+1)",
            "by hand": Abs(1 - 2 * kappa / (kappa + 1)),
            "divided by kappa": (1 - 1 / kappa) / (1 + 1 / kappa),
            "greek": "1 - 2/(κ + 1)",
        },
        lecture="Put η* in: (κ − 1)/(κ + 1) is what a step leaves of the distance, its square what it leaves of f − "
        "f*. 1 − 2/κ is smaller than that: an approximation for large κ, and no bound.",
        families=(
            (
                "approximation",
                "1 − 2/κ drops the 1 in κ + 1. At κ = 2 it says 0, and the factor is 1/3: fine for large κ, but "
                "smaller than the factor, so it is no bound.",
            ),
        ),
    ),
    "a5-rate_100": Question(
        reference=Rational(99, 101),
        probes=a_number,
        misconceptions=(
            M(
                "a5-rate_100-approximation",
                "0.98 is the approximation 1 − 2/κ, or the factor rounded so far that the two can't be told apart",
                "quotes the approximation for large κ, or rounds to two digits",
                (
                    "Write 1 − 2/κ and your own formula with five digits each, at κ = 100. Where do they part?",
                    "Put κ = 100 into your own formula and let SymPy keep the fraction.",
                ),
                Rational(98, 100),
            ),
            M(
                "a5-rate_100-one_over_L",
                "This is the factor at η = 1/λ_max, not at η*",
                "uses the rate that is best for the steepest direction alone",
                (
                    "Which η belongs to your number?",
                    "Put κ = 100 into the factor at η*.",
                ),
                Rational(99, 100),
            ),
            M(
                "a5-rate_100-gap",
                "This is the factor of f − f*, the square of what was asked for",
                "takes the loss for the distance",
                (
                    "f grows with the square of the distance. Which of the two was asked for?",
                    "Leave the square out.",
                ),
                Rational(99, 101) ** 2,
            ),
            M(
                "a5-rate_100-momentum",
                "This is momentum's factor, or that of κ = 10",
                "puts in √κ",
                (
                    "Does plain gradient descent feel κ or its root?",
                    "Put κ = 100 into your own formula.",
                ),
                Rational(9, 11),
            ),
            M(
                "a5-rate_100-inverse",
                "Upside down: above 1 the distance grows",
                "inverts the factor",
                (
                    "Does a step leave more or less than the whole distance?",
                    "Check the order of your fraction.",
                ),
                Rational(101, 99),
            ),
            M(
                "a5-rate_100-progress",
                "This is what a step takes away; what it leaves was asked for",
                "gives one minus the factor",
                (
                    "Is a ravine with κ = 100 nearly solved in one step?",
                    "What is left and what is taken away add up to one.",
                ),
                Rational(2, 101),
            ),
            M(
                "a5-rate_100-progress_approximation",
                "This is about what a step takes away; what it leaves was asked for",
                "gives 2/κ",
                (
                    "Is a ravine with κ = 100 nearly solved in one step?",
                    "What is left and what is taken away add up to one.",
                ),
                Rational(2, 100),
            ),
            M(
                "a5-rate_100-forgets_2",
                "Half of the progress is lost: the 2 of η* is missing",
                "uses half of η*",
                (
                    "Put κ = 100 into your own formula, with the 2.",
                    "At half of η* the flattest direction moves half as far.",
                ),
                Rational(100, 101),
            ),
            M(
                "a5-rate_100-sign",
                "The size is right; a share of the distance cannot be negative",
                "leaves out the bars of |1 − ηλ_max|",
                (
                    "Which sign can what is left of a distance have?",
                    "Take the bars of |1 − ηλ| seriously.",
                ),
                Rational(-99, 101),
            ),
        ),
        accepted={
            "float": 99 / 101,
            "SymPy float": Float(99) / 101,
            "one minus": 1 - Rational(2, 101),
            "text": "99/101",
            "four digits": 0.9802,
            "six digits": 0.980198,
            "text decimal": "0.98020",
            "unsimplified": "(100 - 1)/(100 + 1)",
            "integers": Integer(99) / 101,
        },
        lecture="At κ = 100 a step leaves 99/101 of the distance. Ask how many steps divide it by ten: 116.",
    ),
}
