"""A1: when does gradient descent on f = a x²/2 converge?"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Derivation, Formula, OtherForm
from lrtutorial.kinds.formula import describe_point, say

Point = Mapping[str, Fraction]


def _gradient(point: Point, yours: object, right: object) -> str:
    return f"at {describe_point(point)} your gradient is {say(yours)}, but the slope of f there is {say(right)}."


def _update(point: Point, yours: object, right: object) -> str:
    return (
        f"at {describe_point(point)} your next iterate is {say(yours)}, but one step of gradient descent "
        f"lands on {say(right)}."
    )


def _closed_form(point: Point, yours: object, right: object) -> str:
    steps = point["t"]
    return (
        f"at {describe_point(point)} your formula gives {say(yours)}, but taking the {steps} "
        f"step{'' if steps == 1 else 's'} one by one ends at {say(right)}."
    )


def _condition(point: Point, yours: bool, right: bool) -> str:
    a, eta = point["a"], point["eta"]
    iterates = [Fraction(1)]
    for _ in range(4):
        iterates.append(iterates[-1] - eta * a * iterates[-1])
    run = ", ".join(f"{float(value):.3g}" for value in iterates)
    said = "your condition says it converges" if yours else "your condition says it does not converge"
    fate = "they shrink" if right else "they stay away from 0"
    return f"at {describe_point(point)} {said}, but from x₀ = 1 the iterates run {run}, …: {fate}."


def update_from_gradient(gradient: ex.Tree, point: Point) -> object:
    """Carry a gradient on: x − η · gradient at ``point``."""
    step = ex.evaluate(["mul", ["symbol", "eta"], gradient], point)
    return ex.evaluate(["add", ["symbol", "x"], ["mul", ["number", "-1"], ["symbol", "step"]]], {**point, "step": step})


def iterate_update(update: ex.Tree, point: Point) -> object:
    """Carry an update on: apply it t times from x0."""
    value: object = point["x0"]
    for _ in range(int(point["t"])):
        value = ex.evaluate(update, {**point, "x": value})
    return value


def shrinks(closed_form: ex.Tree, point: Point) -> bool:
    """Carry a closed form on: does it go to 0 as t grows? Compares |x_t| far out, from x0 = 1."""
    far, farther = (
        abs(ex.real(ex.evaluate(closed_form, {**point, "x0": Fraction(1), "t": Fraction(t)}))) for t in (400, 800)
    )
    return bool(farther < far or farther == 0)


EXERCISE = Exercise(
    id="a1",
    part="part_a",
    notebook="a1_convergence",
    title="When does gradient descent converge?",
    minutes=25,
    difficulty="gentle",
    profile="sympy",
    gives="The rule that says which rates converge, derived step by step",
    steps=(
        Step(
            id="a1-gradient",
            kind=Formula(
                symbols=("a", "x"),
                counterexample=_gradient,
                limits=(("Put x = 0: at the minimum the slope is 0. Is yours?", {"x": "0"}, "0"),),
            ),
            answers=("gradient",),
            asks="the gradient of f = a·x²/2 with respect to x",
            rubric=(RubricLine("gradient", "The gradient", 3),),
            hints=(
                "Differentiate with respect to x and treat a as a number.",
                "The derivative of x² is 2x. What does the ½ in front do to the 2?",
                "Test your formula: it must be 0 at x = 0, and its slope in x must be the curvature.",
            ),
        ),
        Step(
            id="a1-update",
            kind=Formula(
                symbols=("a", "x", "eta"),
                counterexample=_update,
                limits=(
                    ("Put η = 0: nothing may move. Does yours stay at x?", {"eta": "0"}, "x"),
                    (
                        "Put x = 0: at the minimum there is nothing to move. Does yours stay there?",
                        {"x": "0"},
                        "0",
                    ),
                ),
                follows=("a1-gradient", update_from_gradient),
                others=(
                    OtherForm(
                        ("x", "eta", "g"),
                        "This is right with g for the gradient: put the gradient that you found in its place.",
                        lambda point: [{**point, "g": point["a"] * point["x"]}],
                    ),
                    OtherForm(
                        ("a", "x", "eta", "x0"),
                        "The gradient is taken at the start x₀ here; each step takes it where it is, at x.",
                        lambda point: [{**point, "x0": point["x"]}],
                        share=0,
                    ),
                ),
            ),
            answers=("update",),
            asks="the next iterate x_{t+1} in terms of the present x",
            rubric=(RubricLine("update", "The update rule", 4),),
            hints=(
                "Gradient descent moves against the gradient, by the learning rate times the gradient.",
                "Write x minus the learning rate times the gradient that you found.",
                "Put your gradient in place of the symbol and see whether x can be factored out.",
            ),
        ),
        Step(
            id="a1-closed_form",
            kind=Formula(
                symbols=("a", "eta", "x0", "t"),
                counterexample=_closed_form,
                limits=(
                    ("Put t = 0: no step has been taken. Does yours give the start?", {"t": "0"}, "x0"),
                    ("Put η = 0: nothing moves. Does yours stay at the start?", {"eta": "0"}, "x0"),
                    (
                        "Put t = 1: one step has been taken. Does yours agree with your update?",
                        {"t": "1"},
                        "x0 - eta*a*x0",
                    ),
                ),
                follows=("a1-update", iterate_update),
                others=(
                    OtherForm(
                        ("a", "eta", "x", "t"),
                        "This is right with x for the start: write x0, where the steps begin.",
                        lambda point: [{**point, "x": point["x0"]}],
                    ),
                ),
            ),
            answers=("closed_form",),
            asks="the iterate x_t in terms of the start x0 and t",
            rubric=(RubricLine("closed_form", "The closed form", 5),),
            hints=(
                "Write out x₁, x₂ and x₃ from x₀. What repeats?",
                "Each step multiplies by the same factor. How often has it been applied after t steps?",
                "Check t = 0: your formula must give x₀ back. Then check t = 1 against your update.",
            ),
        ),
        Step(
            id="a1-derivation",
            kind=Derivation(
                given="|1 - eta*a| < 1",
                begins="the factor of the closed form is smaller than 1 in size, |…| < 1",
                symbols=("a", "eta"),
                variable="eta",
                condition=True,
                between=2,
                follows=("a1-closed_form", shrinks),
            ),
            answers=("chain",),
            asks="a chain of lines from the size of the factor to η alone",
            rubric=(
                RubricLine("steps", "Every line goes with the one above", 4),
                RubricLine("solved", "The last line has η alone", 2),
            ),
            hints=(
                (
                    "The size of a number is below 1 exactly when the number lies strictly between −1 and 1."
                    " Write that without bars."
                ),
                (
                    "Do the same to all three parts of the chain: first take away the 1, then turn the sign,"
                    " then divide."
                ),
                "Multiplying by −1 turns both < signs round. Which end is then on the left?",
            ),
        ),
        Step(
            id="a1-condition",
            kind=Formula(
                symbols=("a", "eta"),
                condition=True,
                variable="eta",
                counterexample=_condition,
                follows=("a1-closed_form", shrinks),
            ),
            answers=("condition",),
            asks="the condition on η for which x_t → 0 from every start",
            rubric=(RubricLine("condition", "The convergence condition", 2),),
            hints=(
                ("A power of a fixed number goes to 0 exactly when that number lies strictly between −1 and 1."),
                ("Write that as two inequalities and solve each for η. Dividing by a positive a keeps the direction."),
                "Try the borders: what do the iterates do at η = 0, and where does the factor reach −1?",
            ),
        ),
    ),
)
