"""B3: four trajectories on x² + 10y², and their picture."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Bowl, Model, Trajectories

WORDS = ("sgd", "momentum", "rmsprop", "adam")
NAMES = {"sgd": "SGD", "momentum": "Momentum", "rmsprop": "RMSprop", "adam": "Adam"}

ARGUMENTS = {
    "sgd": {"lr": "lr"},
    "momentum": {"lr": "lr", "momentum": "b1"},
    "rmsprop": {"lr": "lr", "beta": "b2", "eps": "eps"},
    "adam": {"lr": "lr", "beta1": "b1", "beta2": "b2", "eps": "eps"},
}
BOWL = Bowl(
    factors=(1.0, 10.0),
    start=(5.0, 4.0),
    mistaken={
        "gradient_no_ten": ("g*row(1, 0.1)",),
        "gradient_no_two": ("g*0.5",),
        "gradient_swapped": ("g*row(10, 0.1)",),
        "gradient_ten": ("g*row(1, 0.5)",),
        "gradient_value": ("x**2*row(1, 10)", "sum(x**2*row(1, 10)) + 0*g"),
        "gradient_sum": ("sum(g) + 0*g",),
    },
)
IN_COMMON = ("ascends", *BOWL.mistaken)


def _model(word: str, arguments: dict[str, str]) -> Model:
    return Model(word, f"b3-{word}_", arguments, {}, common={name: f"b3-{name}" for name in IN_COMMON})


EXERCISE = Exercise(
    id="b3",
    part="part_b",
    notebook="b3_trajectories",
    title="Four trajectories on one bowl",
    minutes=50,
    difficulty="medium",
    gives="Four paths through one ravine, drawn by your code",
    after=("b1", "a3"),
    steps=(
        Step(
            id="b3",
            kind=Trajectories(
                own_work=True,
                signatures={
                    "run_sgd": "run_sgd(start, lr, steps)",
                    "run_momentum": "run_momentum(start, lr, momentum, steps)",
                    "run_rmsprop": "run_rmsprop(start, lr, beta, eps, steps)",
                    "run_adam": "run_adam(start, lr, beta1, beta2, eps, steps)",
                    "visualize_optimizers_2d": "visualize_optimizers_2d()",
                },
                bowl=BOWL,
                settings=tuple((word, f"{word}_drawn") for word in WORDS),
                figure={
                    "labels": "labels on both axes",
                    "aspect": "an equal aspect of the axes",
                    "contours": "contours",
                    "bowl": "contours along which x² + 10y² is constant",
                    "names": "four lines in one picture, with SGD, Momentum, RMSprop and Adam in its legend",
                    "runs": "the four runs at the rates asked for, 50 steps from (5, 4)",
                    "start": "a mark at the start (5, 4)",
                    "minimum": "a mark at the minimum (0, 0)",
                },
                says={
                    **{word: f"{NAMES[word]} from a generic start" for word in WORDS},
                    **{f"{word}_tiny": f"{NAMES[word]} with gradients near 1e-8" for word in WORDS},
                    **{f"{word}_form": f"{NAMES[word]}: what comes back" for word in WORDS},
                    **{f"{word}_no_steps": f"{NAMES[word]} with no step at all" for word in WORDS},
                    **{f"{word}_integers": f"{NAMES[word]} from a start of integers" for word in WORDS},
                    "figure": "The figure",
                },
                models={f"run_{word}": _model(word, arguments) for word, arguments in ARGUMENTS.items()},
            ),
            answers=("run_sgd", "run_momentum", "run_rmsprop", "run_adam", "visualize_optimizers_2d"),
            asks="the four trajectories on x² + 10y² and their figure",
            rubric=(
                RubricLine("sgd", "run_sgd: the right points", 2, ("sgd", "sgd_tiny")),
                RubricLine("momentum", "run_momentum: the right points", 3, ("momentum", "momentum_tiny")),
                RubricLine(
                    "rmsprop",
                    "run_rmsprop: the right points, tiny gradients included",
                    3,
                    ("rmsprop", "rmsprop_tiny"),
                ),
                RubricLine("adam", "run_adam: the right points, tiny gradients included", 4, ("adam", "adam_tiny")),
                RubricLine(
                    "form",
                    "Arrays (steps + 1, 2) that begin with the start, which is left as it was",
                    2,
                    tuple(f"{word}_{what}" for word in WORDS for what in ("form", "no_steps")),
                ),
                RubricLine(
                    "integers",
                    "A start of integers is not rounded on the way",
                    1,
                    tuple(f"{word}_integers" for word in WORDS),
                ),
                RubricLine("axes", "Figure: both axes labelled, equal aspect", 1, ("figure:labels", "figure:aspect")),
                RubricLine("contours", "Figure: contours of x² + 10y²", 1, ("figure:contours", "figure:bowl")),
                RubricLine("lines", "Figure: each of the four runs, by name", 2, ("figure:names", "figure:runs")),
                RubricLine("marks", "Figure: start and minimum marked", 1, ("figure:start", "figure:minimum")),
            ),
            hints=(
                "Write the gradient of x² + 10y² first, and print it at (5, 4): each coordinate has its own factor.",
                "Print the state after steps 1 and 2 from (5, 4) and work both out on paper.",
                "Draw in this order: contours, one labelled line for each run, the two marks, labels, legend, aspect.",
            ),
        ),
    ),
)
