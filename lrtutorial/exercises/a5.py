"""A5: the best rate on f = xᵀAx/2, and what the condition number costs."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Derivation, Formula, OtherForm
from lrtutorial.kinds.formula import UNDEFINED, describe_point, say

Point = Mapping[str, Fraction]


def _condition(point: Point, yours: bool, right: bool) -> str:
    eta = point["eta"]
    said = "your condition says it converges" if yours else "your condition says it does not converge"
    runs = []
    for name in ("lambda_max", "lambda_min"):
        factor = 1 - eta * point[name]
        run = ", ".join(f"{float(factor**t):.3g}" for t in range(5))
        runs.append(
            f"along the direction of {describe_point(point, (name,)).split(' = ')[0]} the iterates run {run}, …"
        )
    fate = "both shrink" if right else "not both shrink"
    return f"at {describe_point(point)} {said}, but from 1 {' and '.join(runs)}: {fate}."


def worst_factor(eta: object, point: Point) -> object:
    """Return the larger of |1 − η λ_max| and |1 − η λ_min|: what a step leaves of the distance, at worst."""
    one = ex.real(Fraction(1))
    return max(abs(one - ex.real(eta) * ex.real(point[name])) for name in ("lambda_max", "lambda_min"))


def _optimal_lr(point: Point, yours: object, right: object) -> str:
    best = f"the rate {say(right)} leaves {say(worst_factor(right, point))} of the distance per step"
    if yours == UNDEFINED:
        return f"at {describe_point(point)} yours is undefined, but {best}."
    left = say(worst_factor(yours, point))
    return (
        f"at {describe_point(point)} yours is {say(yours)}, which leaves {left} of the distance per "
        "step in the "
        f"slower direction, but {best}."
    )


def _condition_number(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} yours is {say(yours)}, but the steepest direction is "
        f"{say(right)} times as "
        "steep as the flattest."
    )


def _rate(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} yours is {say(yours)}. Take the eigenvalues 1 and "
        f"{point['kappa']} and the best "
        f"rate for them: a step leaves {say(right)} of the distance, in either direction."
    )


def _rate_100(point: Point, yours: object, right: object) -> str:
    after = yours if yours == UNDEFINED else say(ex.real(yours) ** 75)
    return (
        "take the eigenvalues 1 and 100 and the best rate for them. By your number 75 steps leave "
        f"{after} of the distance; running them leaves {say(ex.real(right) ** 75)}."
    )


def rate_of(optimal_lr: ex.Tree, point: Point) -> object:
    """Carry an optimal rate on: what a step leaves at worst with the eigenvalues 1 and κ."""
    eta = ex.evaluate(optimal_lr, {"lambda_max": point["kappa"], "lambda_min": Fraction(1)})
    return ex.evaluate(_WORST, {"kappa": point["kappa"], "eta": eta})


def rate_at_100(rate: ex.Tree, point: Point) -> object:
    """Carry a rate on to κ = 100."""
    return ex.evaluate(rate, {"kappa": Fraction(100)})


_WORST = ex.read_text("max(abs(1 - eta), abs(1 - eta*kappa))")

EXERCISE = Exercise(
    id="a5",
    part="part_a",
    notebook="a5_optimal_rate",
    title="The best learning rate on a quadratic",
    minutes=40,
    difficulty="hard",
    profile="sympy",
    gives="The best rate for a bowl with any curvatures, and the price of a narrow one",
    after=("a1",),
    steps=(
        Step(
            id="a5-derivation",
            kind=Derivation(
                given="|1 - eta*lambda_max| < 1 and |1 - eta*lambda_min| < 1",
                begins="both factors are smaller than 1 in size, |…| < 1 and |…| < 1",
                symbols=("lambda_max", "lambda_min", "eta"),
                variable="eta",
                condition=True,
                between=2,
            ),
            answers=("chain",),
            asks="a chain of lines from the factors of both directions to η alone",
            rubric=(
                RubricLine("steps", "Every line goes with the one above", 4),
                RubricLine("solved", "The last line has η alone", 1),
            ),
            hints=(
                "Treat each of the two sizes as in A1: write it without bars, as a chain with two ends.",
                "Solve each chain for η. The eigenvalues are positive, so dividing turns no sign round.",
                "Two upper bounds hold at once, joined by “and”. Which of them says everything?",
            ),
        ),
        Step(
            id="a5-condition",
            kind=Formula(
                symbols=("lambda_max", "lambda_min", "eta"), condition=True, variable="eta", counterexample=_condition
            ),
            answers=("condition",),
            asks="the condition on η for which every direction of f = xᵀAx/2 converges",
            rubric=(RubricLine("condition", "The convergence condition", 2),),
            hints=(
                "In the eigenbasis every coordinate is one-dimensional descent with its own curvature λ_i. "
                "What did A1 ask of η there?",
                "You now have one such condition for every λ_i. Which of them is the strictest?",
                "Try a rate that suits the flattest direction only, and watch the steepest one. Then try η = 0.",
            ),
        ),
        Step(
            id="a5-optimal_lr",
            kind=Formula(
                symbols=("lambda_max", "lambda_min"),
                counterexample=_optimal_lr,
                limits=(
                    (
                        "Make both curvatures 1: one step at the rate 1 reaches the minimum. Is that your rate?",
                        {"lambda_max": "1", "lambda_min": "1"},
                        "1",
                    ),
                ),
                others=(
                    OtherForm(
                        ("lambda_max", "lambda_min", "kappa"),
                        "This is right with κ in it; it was asked for in λ_max and λ_min alone.",
                        lambda point: [{**point, "kappa": point["lambda_max"] / point["lambda_min"]}],
                    ),
                ),
            ),
            answers=("optimal_lr",),
            asks="the rate η* whose worst factor per step is smallest",
            rubric=(RubricLine("optimal_lr", "The optimal learning rate", 4),),
            hints=(
                "Sketch |1 − ηλ_min| and |1 − ηλ_max| over η. Where is the higher of the two curves lowest?",
                "There the two curves cross: one factor is still positive, the other is already negative.",
                "Write the crossing without bars, one side with its sign turned, and solve for η.",
            ),
        ),
        Step(
            id="a5-condition_number",
            kind=Formula(
                symbols=("lambda_max", "lambda_min"),
                counterexample=_condition_number,
                limits=(
                    (
                        "Make both curvatures 3: a round bowl has the condition number 1. Is yours 1?",
                        {"lambda_max": "3", "lambda_min": "3"},
                        "1",
                    ),
                ),
            ),
            answers=("condition_number",),
            asks="the condition number κ of A",
            rubric=(RubricLine("condition_number", "The condition number", 2),),
            hints=(
                "It says how many times steeper the steepest direction is than the flattest.",
                "It has no unit, it is never below 1, and it is 1 for a round bowl.",
            ),
        ),
        Step(
            id="a5-rate",
            kind=Formula(
                symbols=("kappa",),
                counterexample=_rate,
                follows=("a5-optimal_lr", rate_of),
                limits=(
                    (
                        "Put κ = 1: a round bowl is solved in one step. Is it, with yours?",
                        {"kappa": "1"},
                        "0",
                    ),
                ),
                others=(
                    OtherForm(
                        ("lambda_max", "lambda_min", "kappa"),
                        "This is the factor in the eigenvalues. Divide above and below by λ_min to have it in κ.",
                        lambda point: [
                            {**point, "lambda_min": low, "lambda_max": point["kappa"] * low}
                            for low in (Fraction(3, 7), Fraction(8, 5))
                        ],
                    ),
                    OtherForm(
                        ("lambda_max", "lambda_min", "kappa", "eta"),
                        "This is right at η = η*, but η is still in it. Put η* in, then write it in κ alone.",
                        lambda point: [
                            {
                                **point,
                                "lambda_min": low,
                                "lambda_max": point["kappa"] * low,
                                "eta": 2 / ((point["kappa"] + 1) * low),
                            }
                            for low in (Fraction(3, 7), Fraction(8, 5))
                        ],
                    ),
                ),
            ),
            answers=("rate",),
            asks="what one step at η* leaves of the distance, in terms of κ",
            rubric=(RubricLine("rate", "The convergence factor at η*", 4),),
            hints=(
                "Put η* into |1 − ηλ| for either eigenvalue: at the best rate both give the same.",
                "Bring it over one denominator, then divide top and bottom by λ_min.",
                "Check κ = 1: a round bowl is solved in one step. And for κ → ∞ nothing is left of the progress.",
            ),
        ),
        Step(
            id="a5-rate_100",
            kind=Formula(
                symbols=(),
                counterexample=_rate_100,
                digits=4,
                follows=("a5-rate", rate_at_100),
                others=(
                    OtherForm(
                        ("kappa",),
                        "This is right for any κ: put κ = 100 in.",
                        lambda point: [{"kappa": Fraction(100)}],
                    ),
                ),
            ),
            answers=("rate_100",),
            asks="the factor at κ = 100, exactly or rounded to at least four digits",
            rubric=(RubricLine("rate_100", "The factor at κ = 100", 3),),
            hints=(
                "Put κ = 100 into your factor. Rational(1, 3) is how SymPy writes a third exactly.",
                "It must be a little below 1. If yours has two digits only, keep more of them.",
            ),
        ),
    ),
)
