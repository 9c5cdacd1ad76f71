"""B2: Adam."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import Model, Optimizer

EXERCISE = Exercise(
    id="b2",
    part="part_b",
    notebook="b2_adam",
    title="Adam, from its two moments",
    minutes=45,
    difficulty="medium",
    gives="Adam as a class of your own, compared with the reference step by step",
    after=("b1", "a4"),
    steps=(
        Step(
            id="b2",
            kind=Optimizer(
                own_work=True,
                signatures={"Adam": "Adam(params, lr=…, beta1=…, beta2=…, eps=…)"},
                says={
                    "first_step": "One step of two parameters from fresh state, gradients so large that ε is invisible",
                    "long": "Twelve steps with odd betas",
                    "late": "Long after the correction has faded",
                    "defaults": "Three steps with the default hyperparameters",
                    "large_epsilon": "Six steps with a large eps",
                    "tiny_gradients": "Gradients near 1e-9, smaller than eps = 1e-8",
                    "zero_gradients": "Gradients that are zero for three steps, then not",
                    "shapes": "A matrix and a vector together",
                    "zero_d": "A 0-d array beside a vector",
                    "float32": "float32 parameters",
                    "rate_change": "optimizer.lr is cut while training",
                    "in_place": "The caller's own arrays, far from 0, looked at from outside",
                    "positional": "Hyperparameters passed by position",
                    "reused_gradients": "The same gradient arrays handed over at every step",
                    "side_by_side": "Two Adams at work, stepped in turn",
                },
                models={
                    "Adam": Model(
                        "adam",
                        "b2-",
                        {"lr": "lr", "beta1": "b1", "beta2": "b2", "eps": "eps"},
                        {
                            "step": ("memory",),
                            "memory": ("memory",),
                            "correction": ("correction",),
                            "epsilon": ("epsilon",),
                            "default": ("epsilon",),
                            "each": ("shapes",),
                            "rate": ("rate",),
                            "in_place": ("manners",),
                        },
                        {"lr": 0.001, "b1": 0.9, "b2": 0.999, "eps": 1e-8},
                    ),
                },
                only=(
                    (
                        ("rate_change",),
                        "Only the run in which optimizer.lr changes is off.",
                        "Between two steps somebody sets optimizer.lr. Which attribute does your update read?",
                    ),
                    (
                        ("defaults",),
                        "With hyperparameters passed in all runs are right; with the defaults they aren't.",
                        "Compare your signature's defaults with those asked for, one by one.",
                    ),
                    (
                        ("positional",),
                        "By name the settings arrive; by position they don't.",
                        "Compare the order of your parameters with the signature asked for.",
                    ),
                    (
                        ("zero_gradients",),
                        "Only the run with gradients that are zero is off.",
                        "Feed zeros for three steps: what stands below the fraction bar then?",
                    ),
                    (
                        ("defaults", "large_epsilon", "tiny_gradients", "zero_gradients"),
                        "Only runs in which ε can be seen are off.",
                        "Take gradients near 1e-9: where does eps act, and with which sign?",
                    ),
                    (
                        ("float32",),
                        "Only the run with float32 parameters is off.",
                        "Print the dtype of every array after one step: which one isn't float32?",
                    ),
                    (
                        ("zero_d",),
                        "Only the run with a 0-d array is off.",
                        "Try it with np.array(3.0) as a parameter: which line needs an index?",
                    ),
                    (
                        ("shapes",),
                        "Only the run with a matrix and a vector together is off.",
                        "Try it with a parameter of shape (2, 2): which line sees only its rows?",
                    ),
                    (
                        ("in_place",),
                        "Only the run with parameters in the thousands is off.",
                        "Start at 2000 and print the parameter after a step: what depends on where it stands?",
                    ),
                    (
                        ("side_by_side",),
                        "One optimizer alone works; of two, stepped in turn, one is off.",
                        "Make two optimizers and step them in turn: what do they share?",
                    ),
                ),
            ),
            answers=("Adam",),
            asks="Adam (Algorithm 1 of Kingma & Ba 2015)",
            rubric=(
                RubricLine("correction", "Bias correction, from the first step on", 6, ("first_step", "long")),
                RubricLine("memory", "Both moments, and the step they give, over many steps", 4, ("late",)),
                RubricLine(
                    "epsilon",
                    "ε and the defaults: tiny and zero gradients",
                    4,
                    ("defaults", "large_epsilon", "tiny_gradients", "zero_gradients"),
                ),
                RubricLine(
                    "shapes",
                    "Parameters of any shape and dtype, each with moments of its own",
                    2,
                    ("shapes", "zero_d", "float32"),
                ),
                RubricLine("rate", "A learning rate that changes while training", 2, ("rate_change",)),
                RubricLine(
                    "manners",
                    "In place; gradients untouched; nothing shared between optimizers",
                    2,
                    ("in_place", "reused_gradients", "side_by_side", "positional"),
                ),
            ),
            hints=(
                "Follow Algorithm 1 line by line: count the step, update m, update v, correct both, then move.",
                "Print m, v and both corrected values for one parameter at steps 1 and 2, and work them out "
                "on paper: "
                "at step 1 the corrected m must be the gradient itself.",
                "Compare the size of your first step with lr: whatever the gradient's size, they should nearly agree.",
            ),
        ),
    ),
)
