"""B1: SGD and momentum."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Model, Optimizer

EXERCISE = Exercise(
    id="b1",
    part="part_b",
    notebook="b1_optimizers",
    title="SGD and momentum",
    minutes=35,
    difficulty="gentle",
    gives="Two optimizers of your own that train a small network",
    after=("a2",),
    steps=(
        Step(
            id="b1",
            kind=Optimizer(
                own_work=True,
                signatures={
                    "SGD": "SGD(params, lr=…)",
                    "MomentumSGD": "MomentumSGD(params, lr=…, momentum=…)",
                },
                says={
                    "sgd_step": "One step of SGD",
                    "sgd_long": "Five steps of SGD",
                    "sgd_rate_change": "SGD with optimizer.lr cut after step 2",
                    "sgd_shapes": "SGD on a matrix and a vector together",
                    "sgd_zero_d": "SGD on a 0-d array beside a vector",
                    "sgd_float32": "SGD on float32 parameters",
                    "sgd_in_place": "SGD on the caller's own arrays, far from 0, looked at from outside",
                    "sgd_reused_gradients": "SGD with the same gradient array handed over at every step",
                    "momentum_step": "One step of momentum, from rest",
                    "momentum_long": "Eight steps with an odd momentum",
                    "momentum_positional": "Momentum with its settings passed by position",
                    "momentum_default": "Four steps with the default momentum",
                    "momentum_rate_change": "Momentum with optimizer.lr cut after step 3",
                    "momentum_shapes": "Momentum on a matrix and a vector together",
                    "momentum_zero_d": "Momentum on a 0-d array beside a vector",
                    "momentum_float32": "Momentum on float32 parameters",
                    "momentum_in_place": "Momentum on the caller's own arrays, far from 0, looked at from outside",
                    "momentum_reused_gradients": "Momentum with the same gradient array at every step",
                    "momentum_side_by_side": "Two momentum optimizers at work, stepped in turn",
                },
                models={
                    "SGD": Model(
                        "sgd",
                        "b1-sgd_",
                        {"lr": "lr"},
                        {"step": ("sgd",), "rate": ("sgd_rate",), "in_place": ("sgd_manners",)},
                    ),
                    "MomentumSGD": Model(
                        "momentum",
                        "b1-",
                        {"lr": "lr", "momentum": "b1"},
                        {
                            "step": ("velocity",),
                            "memory": ("velocity",),
                            "rate": ("rate",),
                            "default": ("rate",),
                            "each": ("shapes",),
                            "in_place": ("manners",),
                        },
                        {"b1": 0.9},
                    ),
                },
                only=(
                    (
                        ("sgd_rate_change", "momentum_rate_change"),
                        "Only the runs in which optimizer.lr changes are off.",
                        "Between two steps somebody sets optimizer.lr. Which attribute does your update read?",
                    ),
                    (
                        ("momentum_default",),
                        "With a momentum passed in all runs are right; with the default they aren't.",
                        "Compare your signature's defaults with those asked for, one by one.",
                    ),
                    (
                        ("momentum_positional",),
                        "By name the settings arrive; by position they don't.",
                        "Compare the order of your parameters with the signature asked for.",
                    ),
                    (
                        ("sgd_float32", "momentum_float32"),
                        "Only the runs with float32 parameters are off.",
                        "Print the dtype of every array after one step: which one isn't float32?",
                    ),
                    (
                        ("sgd_zero_d", "momentum_zero_d"),
                        "Only the runs with a 0-d array are off.",
                        "Try it with np.array(3.0) as a parameter: which line needs an index?",
                    ),
                    (
                        ("sgd_shapes", "momentum_shapes"),
                        "Only the runs with a matrix and several vectors are off.",
                        "Try it with a parameter of shape (2, 2): which line sees only its rows?",
                    ),
                    (
                        ("sgd_in_place", "momentum_in_place"),
                        "Only the runs with parameters in the thousands are off.",
                        "Start at 2000 and print the parameter after a step: what depends on where it stands?",
                    ),
                    (
                        ("momentum_side_by_side",),
                        "One optimizer alone works; of two, stepped in turn, one is off.",
                        "Make two optimizers and step them in turn: what do they share?",
                    ),
                ),
            ),
            answers=("SGD", "MomentumSGD"),
            asks="SGD and heavy-ball momentum, with the rate outside the velocity",
            rubric=(
                RubricLine("sgd", "SGD: steps against the gradient", 4, ("sgd_step", "sgd_long")),
                RubricLine("sgd_rate", "SGD: a learning rate that changes while training", 2, ("sgd_rate_change",)),
                RubricLine(
                    "sgd_manners",
                    "SGD: any shape, in place, gradients untouched",
                    2,
                    ("sgd_shapes", "sgd_zero_d", "sgd_float32", "sgd_in_place", "sgd_reused_gradients"),
                ),
                RubricLine(
                    "velocity",
                    "Momentum: a velocity over many steps",
                    5,
                    ("momentum_step", "momentum_long"),
                ),
                RubricLine(
                    "rate",
                    "Momentum: a learning rate that changes while training, and the default momentum",
                    2,
                    ("momentum_rate_change", "momentum_default"),
                ),
                RubricLine(
                    "shapes",
                    "Momentum: any shape and dtype, a velocity for each parameter",
                    2,
                    ("momentum_shapes", "momentum_zero_d", "momentum_float32"),
                ),
                RubricLine(
                    "manners",
                    "Momentum: in place; gradients untouched; nothing shared between optimizers",
                    3,
                    (
                        "momentum_in_place",
                        "momentum_reused_gradients",
                        "momentum_side_by_side",
                        "momentum_positional",
                    ),
                ),
            ),
            hints=(
                "One gradient and one parameter at a time: which array must change, and by how much?",
                "Work out two steps of momentum on paper with momentum 0.5 and the gradient 1 both times. "
                "The second step should be one and a half times as long as the first.",
                "The velocity remembers gradients, not steps. Where does the rate come in, then?",
            ),
        ),
    ),
)
