"""B3: trajectories on x² + 10y² and their figure. Source: the course document, solution B3."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from autograder.catalogue import Misconception, Question
from autograder.catalogue.gradients import SIGNS, Probe, odd, wide
from autograder.catalogue.made import mistakes, model_of
from autograder.catalogue.made import run as made_run
from autograder.catalogue.words import ADAM, BOWL, MOMENTUM, RMSPROP, SGD
from autograder.references.trajectories import (
    gradient,
    run_adam,
    run_momentum,
    run_rmsprop,
    run_sgd,
    visualize_optimizers_2d,
)
from lrtutorial.answers.arrays import pack
from lrtutorial.exercises.b3 import EXERCISE
from lrtutorial.kinds import Trajectories

M = Misconception
RUNS = ("run_sgd", "run_momentum", "run_rmsprop", "run_adam")
REFERENCE: dict[str, object] = {
    "run_sgd": run_sgd,
    "run_momentum": run_momentum,
    "run_rmsprop": run_rmsprop,
    "run_adam": run_adam,
    "visualize_optimizers_2d": visualize_optimizers_2d,
}
ON = Trajectories.of(EXERCISE.steps[0]).bowl
START, STEPS = np.array(ON.start), 50
RATES = {  # of the course document's figure
    "sgd": [0.05],
    "momentum": [0.05, 0.9],
    "rmsprop": [0.5, 0.9, 1e-8],
    "adam": [0.5, 0.9, 0.999, 1e-8],
}


def draw_probes(rng: np.random.Generator) -> list[Probe]:
    """Draw the runs, for each function: the points, tiny gradients, form, no steps, integers, the figure's rates."""
    rates: dict[str, Callable[[], list[float]]] = {
        "sgd": lambda: [odd(rng, 0.01, 0.045)],
        "momentum": lambda: [odd(rng, 0.01, 0.045), odd(rng, 0.5, 0.8)],
        "rmsprop": lambda: [odd(rng, 0.03, 0.1), odd(rng, 0.6, 0.85), odd(rng, 0.01, 0.05)],
        "adam": lambda: [odd(rng, 0.03, 0.1), odd(rng, 0.6, 0.8), odd(rng, 0.9, 0.97), odd(rng, 0.01, 0.05)],
    }
    probes: list[Probe] = []
    for word, draw in rates.items():

        def ask(what: str, start: np.ndarray, arguments: list[float], word: str = word, **more: object) -> None:
            key = f"{word}_{what}" if what else word
            probes.append({"id": key, "answer": f"run_{word}", "start": pack(start), "arguments": arguments, **more})

        start = rng.choice(SIGNS, 2) * np.array([odd(rng, 12, 15), odd(rng, 0.6, 1)])
        if word == "adam":  # y overshoots at once, so that its second step is longer than lr
            near = np.array([start[0], odd(rng, 1, 3) * 1e-3])
            small_epsilon = odd(rng, 0.001, 0.003)  # beside the gradient at near, so that the first step is long enough
            ask("", near, [odd(rng, 0.03, 0.1), odd(rng, 0.08, 0.2), draw()[2], small_epsilon, 12])
        else:
            ask("", start, [*draw(), 12])
        if word in ("rmsprop", "adam"):
            small = [odd(rng, 1, 3) * 1e-10, *draw()[1:-1], 1e-8]
            ask("tiny", wide(rng, (2,), 1e-9), [*small, 6])
        else:  # a run that ends when it is near enough has too few rows
            ask("tiny", wide(rng, (2,), 1e-9), [*draw(), 6])
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

MODELS = {name: model_of(EXERCISE, name) for name in RUNS}


def all_runs(*mistakes):
    """All four functions with the same mistakes."""
    return {name: made_run(MODELS[name], *mistakes, bowl=ON) for name in RUNS}


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


KEPT: dict[str, float] = {}  # outlives each call of ``lasting``


def lasting(run):
    """A push that is left from the last call, as a velocity that nobody sets back."""

    def wrapped(start, *arguments):
        rows = run(start, *arguments)
        rows[1:] += KEPT.get("push", 0.0)
        KEPT["push"] = 0.5
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


IN_ALL = {
    "ascends": (
        "It goes uphill: the sign of the update is turned",
        "adds the step",
        ("From (5, 4), which way is the minimum?", "Look at the sign in the line that moves the position."),
    )
}
UNSEEN = {  # what a run on one position, at a constant rate and with all settings passed, can't show
    "ascends", "frozen_rate", "classical", "rate_inside", "other_default", "shared_velocity", "shared_state",
    "t_per_parameter", "first_only", "last_only", "skips_first", "skips_last", "momentum_of_last", "mean", "rate_twice",
}  # fmt: skip


SPOKEN = {"MomentumSGD": "Momentum", "optimizer.lr": "lr", "self.": "", "line of step": "line"}  # no class is asked for


def _spoken(text):
    for of_a_class, of_a_function in SPOKEN.items():
        text = text.replace(of_a_class, of_a_function)
    return text


def _own(words):
    """What is said of optimizers, of those mistakes that a run can show."""
    return {
        name: (_spoken(title), reveals, tuple(map(_spoken, hints)))
        for name, (title, reveals, hints) in words.items()
        if name not in UNSEEN
    }


FORM = (
    "How many points are there after so many steps, the start included? Print the result's shape.",
    "The task asks for an array of shape (steps + 1, 2), row 0 being the start.",
)
DRAW = (
    "Look at your picture next to the list of what it should show.",
    "Axes objects have a method for it; the Matplotlib cheat sheet names it.",
)

MISCONCEPTIONS = (
    *(M(f"b3-{name}", *said, all_runs(name), True) for name, said in (IN_ALL | BOWL).items()),
    M("b3-last_only", "Only the last point comes back, not the whole trajectory", "returns the position",
      FORM, returned(lambda rows, start: rows[-1]), True),
    M("b3-no_start", "The start is missing from the trajectory", "appends after moving, and nothing before",
      FORM, returned(lambda rows, start: rows[1:]), True),
    M("b3-one_less", "The last point is missing: there are as many rows as steps",
      "appends before the step, and nothing after", FORM, returned(lambda rows, start: rows[:-1]), True),
    M("b3-one_more", "One step too many is taken", "counts the start as a step", FORM, for_all(one_more), True),
    M("b3-list", "A list comes back, where an array was asked for", "returns the list of points",
      FORM, returned(lambda rows, start: list(rows)), True),
    M("b3-transposed", "Rows and columns have changed places", "stacks coordinates, not points",
      FORM, returned(lambda rows, start: rows.T), True),
    M("b3-no_return", "Nothing comes back", "prints or draws the trajectory, but has no return",
      FORM, returned(lambda rows, start: None), True),
    M("b3-aliased", "The rows are the last point again and again: the same array was appended each time",
      "appends the array that moves, without a copy", (
          "After the loop, print the first three rows. Should they be equal?",
          "What does a list hold after l.append(pos), once pos moves on?",
      ), for_all(aliased), True),
    M("b3-moves_start", "The caller's start is moved along", "works on start itself", (
        "Print start before and after the call.",
        "What should the position be at first: start, or a copy of it?",
    ), for_all(moves_start), True),
    M("b3-lasting", "Something outlives the call: the next one goes on from what this one left",
      "keeps a velocity or moments in a default argument, or outside the function", (
          "Call it twice with the same arguments: do you get the same points?",
          "Where are the velocity and the moments set to zero: once in the notebook, or at the beginning of each run?",
      ), for_all(lasting), True),
    M("b3-rounds", "A start of integers makes every point an integer",
      "gives the trajectory the start's dtype", (
        "Run it from np.array([5, 4]) and look at row 1.",
        "Which dtype has your trajectory, and where does it come from?",
    ), returned(rounded), True),
    M("b3-single", "The start is rounded to single precision: seven digits, where float64 has sixteen",
      "makes arrays of float32", (
        "Print the dtype of what comes back. Is it float64?",
        "Which line makes the first array, and with which dtype?",
    ), returned(lambda rows, start: rows.astype(np.float32)), True),
    *mistakes(MODELS["run_sgd"], "run_sgd", _own(SGD), bowl=ON),
    *mistakes(MODELS["run_momentum"], "run_momentum", _own(MOMENTUM), bowl=ON),
    *mistakes(MODELS["run_rmsprop"], "run_rmsprop", _own(RMSPROP), bowl=ON, title="RMSprop: {}"),
    *mistakes(MODELS["run_adam"], "run_adam", _own(ADAM), bowl=ON, title="Adam: {}"),
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
          "Compare what each line shows with the task: which function at which rates, x across and y upwards.",
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
                "gradient_no_ten gradient_no_two gradient_swapped gradient_value gradient_sum",
                "f = x² + 10y² has the gradient (2x, 20y) and the curvatures 2 and 20, not 1 and 10. So plain "
                "descent is stable below η = 0.1, and best at 1/11.",
            ),
            (
                "rmsprop_epsilon_inside rmsprop_no_epsilon adam_epsilon_inside adam_no_epsilon",
                "B3 has ε beside the root, √s + ε. Under the root it is A3's convention: the two differ where "
                "gradients are small, which is near the minimum.",
            ),
            (
                "aliased moves_start lasting rounds single",
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
                "momentum_average momentum_nesterov momentum_not_stored momentum_moves_first momentum_fixed_momentum",
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
