"""B3: trajectories on x² + 10y² and their figure. Source: the course document, solution B3."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autograder.catalogue import Misconception, Question
from autograder.catalogue.gradients import generic, odd
from autograder.references.trajectories import (
    gradient,
    run_adam,
    run_momentum,
    run_rmsprop,
    run_sgd,
    visualize_optimizers_2d,
)
from lrtutorial.arrays import pack

M = Misconception
RUNS = ("run_sgd", "run_momentum", "run_rmsprop", "run_adam")
REFERENCE: dict[str, Any] = {
    "run_sgd": run_sgd,
    "run_momentum": run_momentum,
    "run_rmsprop": run_rmsprop,
    "run_adam": run_adam,
    "visualize_optimizers_2d": visualize_optimizers_2d,
}
START, STEPS = np.array([5.0, 4.0]), 50
RATES = {  # of the course document's figure
    "sgd": [0.05],
    "momentum": [0.05, 0.9],
    "rmsprop": [0.5, 0.9, 1e-8],
    "adam": [0.5, 0.9, 0.999, 1e-8],
}


def draw_probes(rng: np.random.Generator) -> list[dict[str, Any]]:
    """Draw the runs, for each function: the points, tiny gradients, form, no steps, integers, the figure's rates."""
    rates: dict[str, Callable[[], list[float]]] = {
        "sgd": lambda: [odd(rng, 0.01, 0.045)],
        "momentum": lambda: [odd(rng, 0.01, 0.045), odd(rng, 0.5, 0.8)],
        "rmsprop": lambda: [odd(rng, 0.03, 0.1), odd(rng, 0.6, 0.85), odd(rng, 0.01, 0.05)],
        "adam": lambda: [odd(rng, 0.03, 0.1), odd(rng, 0.6, 0.8), odd(rng, 0.9, 0.97), odd(rng, 0.01, 0.05)],
    }
    probes: list[dict[str, Any]] = []
    for word, draw in rates.items():

        def ask(what: str, start: np.ndarray, arguments: list[float], word: str = word, **more: Any) -> None:
            key = f"{word}_{what}" if what else word
            probes.append({"id": key, "answer": f"run_{word}", "start": pack(start), "arguments": arguments, **more})

        start = generic(rng, (2,), 3.0, 1.5)
        ask("", start, [*draw(), 12])
        if word in ("rmsprop", "adam"):
            small = [odd(rng, 1, 3) * 1e-10, *draw()[1:-1], 1e-8]
            ask("tiny", generic(rng, (2,), 1e-9, 1.5), [*small, 6])
        ask("form", start, [*draw(), 3], form=True)
        ask("no_steps", start, [*draw(), 0])
        whole = rng.choice((-1, 1), 2) * rng.integers(2, 6, 2)
        chosen = [*draw(), 4]
        ask("floats", whole.astype(np.float64), chosen, drawn=True)
        ask("integers", whole, chosen, same_as=f"{word}_floats")
        ask("drawn", START, [*RATES[word], STEPS], drawn=True)
    drawn = {word: pack(REFERENCE[f"run_{word}"](START, *RATES[word], STEPS)) for word in RATES}
    return [*probes, {"id": "figure", "answer": "visualize_optimizers_2d", "runs": drawn}]


# ------------------------------------------------------------------------------------ wrong runs


def walk(start, steps, rule, slope=gradient):
    """Positions from start on; ``rule(g, t)`` is what step t subtracts."""
    position = np.array(start, dtype=float)
    rows = [position]
    for t in range(1, steps + 1):
        position = position - rule(slope(position), t)
        rows.append(position)
    return np.array(rows)


def sgd_with(slope=gradient, sign=1):
    def run(start, lr, steps):
        return walk(start, steps, lambda g, t: sign * lr * g, slope)

    return run


def momentum_with(
    velocity=lambda v, g, beta: beta * v + g,
    direction=lambda v, g, old, beta: v,
    slope=gradient,
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
    slope=gradient,
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
    slope=gradient,
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


def one_behind(m, v, b1, b2, t):
    """The correction with t counted from 0."""
    return m / (1 - b1 ** (t - 1)), v / (1 - b2 ** (t - 1))


def all_runs(**change):
    """All four functions with the same mistake."""
    makers = (sgd_with, momentum_with, rmsprop_with, adam_with)
    return {name: make(**change) for name, make in zip(RUNS, makers, strict=True)}


def returned(change):
    """All four functions, the result of each put through ``change(result, start)``."""

    def wrap(run):
        def wrapped(start, *arguments):
            return change(run(start, *arguments), start)

        return wrapped

    return {name: wrap(REFERENCE[name]) for name in RUNS}


def aliased(run):
    """One array moved along and appended over and over."""

    def wrapped(start, *arguments):
        rows = run(start, *arguments)
        return np.array([rows[-1]] * len(rows))

    return wrapped


def one_more(run):
    def wrapped(start, *arguments):
        return run(start, *arguments[:-1], arguments[-1] + 1)

    return wrapped


def moves_start(run):
    """The caller's array itself is moved along."""

    def wrapped(start, *arguments):
        rows = run(start, *arguments)
        start[...] = rows[-1]
        return rows

    return wrapped


def rounded(rows, start):
    """The trajectory in the start's own dtype."""
    return rows.astype(start.dtype)


def for_all(wrapper):
    return {name: wrapper(REFERENCE[name]) for name in RUNS}


# --------------------------------------------------------------------------------- wrong figures


def figure_with(
    labels=True, aspect="equal", contours="bowl", legend=True, lr=0.05, style=".-", start=True, minimum=True
):
    """A drawing function that leaves something out."""

    def draw():
        import matplotlib.pyplot as plt

        runs = {
            "SGD": run_sgd(START, lr, STEPS),
            "SGD with momentum": run_momentum(START, 0.05, 0.9, STEPS),
            "RMSprop": run_rmsprop(START, 0.5, 0.9, 1e-8, STEPS),
            "Adam": run_adam(START, 0.5, 0.9, 0.999, 1e-8, STEPS),
        }
        fig, ax = plt.subplots()
        x, y = np.meshgrid(np.linspace(-6, 6, 80), np.linspace(-5, 5, 80))
        if contours:
            ax.contour(x, y, x**2 + (10 if contours == "bowl" else 1) * y**2, 15)
        for name, run in runs.items():
            ax.plot(run[:, 0], run[:, 1], style, label=name)
        if start:
            ax.plot(5, 4, "o")
        if minimum:
            ax.plot(0, 0, "*")
        if labels:
            ax.set_xlabel("x")
            ax.set_ylabel("y")
        if legend:
            ax.legend()
        ax.set_aspect(aspect)

    return {"visualize_optimizers_2d": draw}


FORM = (
    "How many points are there after so many steps, the start included? Print the result's shape.",
    "The task asks for an array of shape (steps + 1, 2), row 0 being the start.",
)
SLOPE = (
    "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
    "Nudge y by 0.001 at (5, 4): by how much does f grow, and what slope is that?",
)
ROOT = (
    "With gradients near 1e-8, √s and ε are of a size. Work out such a step on paper and compare.",
    "The task puts ε beside the root; the derivation in A3 has it inside.",
)
DRAW = (
    "Look at your picture next to the list of what it should show.",
    "Axes objects have a method for it; the Matplotlib cheat sheet names it.",
)

MISCONCEPTIONS = (
    M("b3-gradient_no_ten", "The gradient forgets the 10: this is the bowl x² + y²", "copies the slope of x²",
      SLOPE, all_runs(slope=lambda p: 2 * p)),
    M("b3-gradient_no_two", "The gradient is half as large as it should be",
      "forgets the 2 of the power rule",
      SLOPE, all_runs(slope=lambda p: np.array([p[0], 10 * p[1]]))),
    M("b3-gradient_swapped", "x and y have changed places in the gradient", "swaps the coordinates",
      SLOPE, all_runs(slope=lambda p: np.array([20 * p[0], 2 * p[1]]))),
    M("b3-ascends", "It goes uphill: the sign of the update is turned", "adds the step", (
        "From (5, 4), which way is the minimum?",
        "Look at the sign in the line that moves the position.",
    ), all_runs(sign=-1)),
    M("b3-last_only", "Only the last point comes back, not the whole trajectory", "returns the position",
      FORM, returned(lambda rows, start: rows[-1])),
    M("b3-no_start", "The start is missing from the trajectory", "appends after moving, and nothing before",
      FORM, returned(lambda rows, start: rows[1:])),
    M("b3-one_more", "One step too many is taken", "counts the start as a step", FORM, for_all(one_more)),
    M("b3-list", "A list comes back, where an array was asked for", "returns the list of points",
      FORM, returned(lambda rows, start: list(rows))),
    M("b3-transposed", "Rows and columns have changed places", "stacks coordinates, not points",
      FORM, returned(lambda rows, start: rows.T)),
    M("b3-no_return", "Nothing comes back", "prints or draws the trajectory, but has no return",
      FORM, returned(lambda rows, start: None)),
    M("b3-aliased", "All rows are the last point: the same array was appended over and over",
      "appends the array that moves, without a copy", (
          "After the loop, print the first three rows. Should they be equal?",
          "What does a list hold after l.append(pos), once pos moves on?",
      ), for_all(aliased)),
    M("b3-moves_start", "The caller's start is moved along", "works on start itself", (
        "Print start before and after the call.",
        "What should the position be at first: start, or a copy of it?",
    ), for_all(moves_start)),
    M("b3-rounds", "A start of integers makes every point an integer",
      "gives the trajectory the start's dtype", (
        "Run it from np.array([5, 4]) and look at row 1.",
        "Which dtype has your trajectory, and where does it come from?",
    ), returned(rounded)),
    M("b3-momentum_nesterov", "This is Nesterov's momentum: it looks ahead along the velocity",
      "adds the look-ahead", (
          "Is the first step as long as SGD's? From rest it should be.",
          "What multiplies lr: the velocity alone, or more?",
      ), {"run_momentum": momentum_with(direction=lambda v, g, old, beta: g + beta * v)}),
    M("b3-momentum_average", "The velocity is an average: the gradient comes in with a factor 1 − momentum",
      "takes Adam's first moment for momentum", (
          "Is the first step as long as SGD's? From rest it should be.",
          "In B1, which weight did the new gradient have?",
      ), {"run_momentum": momentum_with(lambda v, g, beta: beta * v + (1 - beta) * g)}),
    M("b3-momentum_none", "There is no momentum: this is SGD", "never carries the velocity over", (
        "With momentum = 0 and momentum = 0.9 the trajectories should differ. Do they?",
        "Where is the velocity kept from one step to the next?",
    ), {"run_momentum": momentum_with(lambda v, g, beta: g)}),
    M("b3-momentum_late", "Each gradient acts one step late: the position moves before the velocity",
      "swaps two lines", (
          "Take one step from rest. Does anything move?",
          "In which order do velocity and position change?",
      ), {"run_momentum": momentum_with(direction=lambda v, g, old, beta: old)}),
    M("b3-momentum_fixed", "Momentum is fixed at 0.9, whatever is passed in", "hard-codes β", (
        "With momentum=0 it should be run_sgd. Is it?",
        "Search the function for 0.9.",
    ), {"run_momentum": momentum_with(lambda v, g, beta: 0.9 * v + g)}),
    M("b3-rmsprop_inside", "RMSprop's ε stands inside the root", "follows the derivation in A3",
      ROOT, {"run_rmsprop": rmsprop_with(divide=lambda g, s, eps, beta, t: g / np.sqrt(s + eps))}),
    M("b3-rmsprop_no_epsilon", "RMSprop's ε is missing", "forgets ε",
      ROOT, {"run_rmsprop": rmsprop_with(divide=lambda g, s, eps, beta, t: g / np.sqrt(s))}),
    M("b3-rmsprop_no_root", "RMSprop divides by s, not by its root", "forgets the root", (
        "Ten times the gradient should give the same step. Does it?",
        "Which unit has s, if the gradient is in metres?",
    ), {"run_rmsprop": rmsprop_with(divide=lambda g, s, eps, beta, t: g / (s + eps))}),
    M("b3-rmsprop_sum", "The factor 1 − beta is missing from s", "keeps a sum instead of an average", (
        "Feed the gradient 1 for ever: where should s settle?",
        "The two weights of an average add up to one.",
    ), {"run_rmsprop": rmsprop_with(second=lambda s, g, beta: beta * s + g**2)}),
    M("b3-rmsprop_swapped", "beta and 1 − beta have changed places in s", "swaps the weights", (
        "With beta near 1, should s change quickly or slowly?",
        "Most of the old average should survive a step.",
    ), {"run_rmsprop": rmsprop_with(second=lambda s, g, beta: (1 - beta) * s + beta * g**2)}),
    M("b3-rmsprop_corrected", "s is corrected for its start at zero, as in Adam: RMSprop has no correction",
      "adds Adam's correction", (
          "From s = 0, RMSprop's first step has length lr/√(1 − beta). How long is yours?",
          "Which of the two algorithms corrects its averages?",
      ), {"run_rmsprop": rmsprop_with(divide=lambda g, s, eps, b, t: g / (np.sqrt(s / (1 - b**t)) + eps))}),
    M("b3-rmsprop_warm", "s starts at the first squared gradient, where it should start at zero",
      "initializes s with g²", (
          "From s = 0, RMSprop's first step has length lr/√(1 − beta). How long is yours?",
          "What is s before the first step?",
      ), {"run_rmsprop": rmsprop_with(first=lambda g: g**2)}),
    M("b3-adam_no_correction", "Adam's moments are not corrected for their start at zero",
      "leaves the correction out", (
          "Adam's first step has length lr in each coordinate. How long is yours?",
          "Compare with your Adam of B2.",
      ), {"run_adam": adam_with(correct=lambda m, v, b1, b2, t: (m, v))}),
    M("b3-adam_only_first", "Adam's second moment is not corrected for its start at zero",
      "corrects m only", (
        "Adam's first step has length lr in each coordinate. How long is yours?",
        "Both averages start at zero.",
    ), {"run_adam": adam_with(correct=lambda m, v, b1, b2, t: (m / (1 - b1**t), v))}),
    M("b3-adam_t_from_zero", "t is 0 in the first step, so the correction divides by zero",
      "loops with range(steps)", (
          "Which values does t take in your loop? Print them.",
          "Algorithm 1 raises t before it uses it.",
      ), {"run_adam": adam_with(correct=one_behind)}),
    M("b3-adam_inside", "Adam's ε stands inside the root", "writes √(v̂ + ε)",
      ROOT, {"run_adam": adam_with(divide=lambda m, v, eps: m / np.sqrt(v + eps))}),
    M("b3-adam_no_epsilon", "Adam's ε is missing", "forgets ε",
      ROOT, {"run_adam": adam_with(divide=lambda m, v, eps: m / np.sqrt(v))}),
    M("b3-adam_no_root", "Adam divides by v̂, not by its root", "forgets the root", (
        "Adam's first step has length lr in each coordinate. How long is yours?",
        "Ten times the gradient should give the same first step. Does it?",
    ), {"run_adam": adam_with(divide=lambda m, v, eps: m / (v + eps))}),
    M("b3-adam_swapped", "beta1 and beta2 have changed places", "mixes up the betas", (
        "Which of the two averages should remember longer?",
        "Compare with your Adam of B2.",
    ), {"run_adam": adam_with(swap=True)}),
    M("b3-adam_sums", "The factors 1 − beta are missing from Adam's moments",
      "keeps sums instead of averages", (
        "Adam's first step has length lr in each coordinate. How long is yours?",
        "The two weights of an average add up to one.",
    ), {"run_adam": adam_with(lambda m, g, b: b * m + g, lambda v, g, b: b * v + g**2)}),
    M("b3-figure_labels", "The figure's axes have no labels", "forgets the labels",
      DRAW, figure_with(labels=False)),
    M("b3-figure_aspect", "The figure's axes are stretched: circles would not be round",
      "forgets the aspect", (
        "Is a unit of x as long as a unit of y on your screen?",
        "Only with an equal aspect do steps look as steep as they are.",
    ), figure_with(aspect="auto")),
    M("b3-figure_contours", "The figure has no contours",
      "draws the lines alone", DRAW, figure_with(contours="")),
    M("b3-figure_other_bowl", "The contours belong to another function: along them x² + 10y² isn't constant",
      "draws x² + y²", (
          "Are your contours circles or ellipses? Which should they be?",
          "Read the line that computes the heights.",
      ), figure_with(contours="round")),
    M("b3-figure_names", "No legend tells which line is which", "labels no lines, or forgets the legend",
      DRAW, figure_with(legend=False)),
    M("b3-figure_rates", "The lines are not the runs asked for: 50 steps from (5, 4) at the four rates given",
      "takes other rates, another start or other runs", (
          "Compare the rates in your function with those in the task.",
          "How many points has each line, and where does it begin?",
      ), figure_with(lr=0.04)),
    M("b3-figure_start", "The start isn't marked", "leaves the start's mark out", DRAW,
      figure_with(style="-", start=False)),
    M("b3-figure_minimum", "The minimum isn't marked", "leaves the minimum's mark out", DRAW,
      figure_with(minimum=False)),
)  # fmt: skip


# -------------------------------------------------------------------------------------- right ones


def run_sgd_closed(start, lr, steps):
    """The closed form: each coordinate shrinks by a factor of its own."""
    t = np.arange(steps + 1)[:, None]
    return start * (1 - lr * np.array([2, 20])) ** t


def run_momentum_classical(start, lr, momentum, steps):
    """At a constant rate the classical form gives the same points."""
    pos, vel = np.array(start, float), np.zeros(2)
    rows = np.empty((steps + 1, 2))
    rows[0] = pos
    for i in range(steps):
        vel = momentum * vel - lr * gradient(pos)
        pos += vel
        rows[i + 1] = pos
    return rows


def run_rmsprop_scalars(start, lr, beta, eps, steps):
    """Plain numbers, no arrays until the end."""
    x, y = map(float, start)
    sx = sy = 0.0
    points = [(x, y)]
    while len(points) <= steps:
        gx, gy = 2 * x, 20 * y
        sx, sy = sx + (1 - beta) * (gx**2 - sx), sy + (1 - beta) * (gy**2 - sy)
        x -= lr * gx / (sx**0.5 + eps)
        y -= lr * gy / (sy**0.5 + eps)
        points.append((x, y))
    return np.array(points)


def run_adam_folded(start, lr, beta1, beta2, eps, steps):
    """The correction folded into the rate, ε scaled along."""
    pos, m, v = start.astype(float), 0.0, 0.0
    path = [pos.copy()]
    for t in range(steps):
        g = pos * [2.0, 20.0]
        m, v = (1 - beta1) * g + beta1 * m, (1 - beta2) * g * g + beta2 * v
        root = np.sqrt(1 - beta2 ** (t + 1))
        pos -= lr * root / (1 - beta1 ** (t + 1)) * m / (np.sqrt(v) + eps * root)
        path.append(pos.copy())
    return np.stack(path)


def run_sgd_refuses_integers(start, lr, steps):
    """pos = start.copy() refuses integers aloud; that costs nothing."""
    pos = start.copy()
    trajectory = [pos.copy()]
    for _ in range(steps):
        pos -= lr * gradient(pos)
        trajectory.append(pos.copy())
    return np.array(trajectory)


def with_the_courses_plot():
    """The course's own helper draws a figure that has everything."""
    from lrtutorial.plots import plot_trajectories

    plot_trajectories(
        {
            "SGD": run_sgd(START, 0.05, STEPS),
            "Momentum": run_momentum(START, 0.05, 0.9, STEPS),
            "RMSprop": run_rmsprop(START, 0.5, 0.9, 1e-8, STEPS),
            "Adam": run_adam(START, 0.5, 0.9, 0.999, 1e-8, STEPS),
        }
    )


def with_pyplot():
    """pyplot alone, filled contours under lines, an annotated start, the figure returned and shown."""
    import matplotlib.pyplot as plt

    plt.figure(figsize=(6, 4))
    x, y = np.meshgrid(np.linspace(-6, 6, 60), np.linspace(-5, 5, 60))
    plt.contourf(x, y, x**2 + 10 * y**2, 12)
    plt.contour(x, y, np.log1p(x**2 + 10 * y**2), 12)
    for name, word, run in (
        ("plain sgd", "sgd", run_sgd),
        ("heavy-ball MOMENTUM", "momentum", run_momentum),
        ("RMSProp", "rmsprop", run_rmsprop),
        ("adam, lr 0.5", "adam", run_adam),
    ):
        plt.plot(*run(START, *RATES[word], STEPS).T, label=name)
    plt.annotate("start", (5, 4))
    plt.scatter(0, 0, marker="*", s=200)
    plt.xlabel("$x$")
    plt.ylabel("$y$")
    plt.legend(loc="upper left")
    plt.axis("equal")
    plt.tight_layout()
    plt.show()
    return plt.gcf()


ACCEPTED = {
    "closed form": {"run_sgd": run_sgd_closed},
    "classical form, filled array": {"run_momentum": run_momentum_classical},
    "plain numbers": {"run_rmsprop": run_rmsprop_scalars},
    "folded correction": {"run_adam": run_adam_folded},
    "integers refused aloud": {"run_sgd": run_sgd_refuses_integers},
    "the course's plot": {"visualize_optimizers_2d": with_the_courses_plot},
    "pyplot alone": {"visualize_optimizers_2d": with_pyplot},
    "pieces": {**all_runs(), **figure_with()},
}

QUESTIONS = {
    "b3": Question(
        REFERENCE,
        draw_probes,
        MISCONCEPTIONS,
        ACCEPTED,
        lecture="Compare the first two points of each run with a calculation by hand from the same start; where they "
        "differ is the line to look at.",
        families=(
            (
                "gradient_no_ten gradient_no_two gradient_swapped",
                "f = x² + 10y² has the gradient (2x, 20y) and the curvatures 2 and 20, not 1 and 10. So plain "
                "descent is stable below η = 0.1, and best at 1/11.",
            ),
            (
                "rmsprop_inside rmsprop_no_epsilon adam_inside adam_no_epsilon",
                "B3 has ε beside the root, √s + ε. Under the root it is A3's convention: the two differ where "
                "gradients are small, which is near the minimum.",
            ),
            (
                "aliased moves_start rounds",
                "An array appended is a reference, not a picture: append pos.copy(), start from a float copy of "
                "the start, and the caller's own start stays where it was.",
            ),
            (
                "adam_no_correction adam_only_first adam_t_from_zero",
                "Adam's first steps without correction are too long, not too short: 3.16 times at the default "
                "betas. Show both paths from the same start.",
            ),
            (
                "rmsprop_corrected",
                "RMSprop has no correction: from s₀ = 0 its first step is η/√(1 − β) long, 3.16η at β = 0.9. "
                "Correcting it is half of the way to Adam.",
            ),
            (
                "momentum_average momentum_nesterov momentum_none momentum_late momentum_fixed",
                "Write the heavy ball's two lines: v ← βv + g(x), then x ← x − ηv. Then show which line "
                "Nesterov, the average and a late velocity change.",
            ),
            (
                "figure_labels figure_aspect figure_contours figure_other_bowl figure_names figure_rates "
                "figure_start figure_minimum",
                "A figure is read without its author: labels, equal axes, a legend, start and minimum marked. "
                "With stretched axes the gradient no longer looks perpendicular to the contours.",
            ),
            (
                "last_only no_start one_more list transposed no_return",
                "Agree on the shape first: steps + 1 rows, the start is row 0. A shape written on the board "
                "saves an hour of plotting.",
            ),
        ),
    ),
}
