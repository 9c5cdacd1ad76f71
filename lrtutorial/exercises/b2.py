"""B2: Adam."""

from __future__ import annotations

from lrtutorial.kinds import Optimizer
from lrtutorial.steps import Exercise, RubricLine, Step

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
                    "in_place": "The caller's own arrays, looked at from outside",
                    "reused_gradients": "The same gradient arrays handed over at every step",
                    "side_by_side": "Two Adams at work, stepped in turn",
                },
                breaks={
                    "first_step": "The very first step is off.",
                    "long": "The first step is right, a later one isn't: something carried from step to "
                    "step goes wrong.",
                    "late": "The correction works, but the moments themselves go wrong over many steps.",
                    "defaults": "With hyperparameters passed in it works; with the defaults it doesn't.",
                    "large_epsilon": "Everything holds while ε is invisible: it is ε that acts in the wrong place.",
                    "tiny_gradients": "Everything holds until gradients are as small as ε.",
                    "zero_gradients": "Everything holds until gradients are zero.",
                    "shapes": "One small parameter works; a matrix and a vector together don't.",
                    "zero_d": "Vectors work; a 0-d array doesn't.",
                    "float32": "float64 works; float32 doesn't.",
                    "rate_change": "Everything holds at a constant rate; after a change of optimizer.lr it doesn't.",
                    "in_place": "The numbers are right, but the caller's own arrays don't move.",
                    "reused_gradients": "The numbers are right, but gradients handed over twice don't work.",
                    "side_by_side": "One optimizer alone works; two side by side disturb each other.",
                },
            ),
            answers=("Adam",),
            asks="Adam (Algorithm 1 of Kingma & Ba 2015)",
            rubric=(
                RubricLine("correction", "Bias correction, from the first step on", 6, ("first_step", "long")),
                RubricLine("memory", "Both moments over many steps", 4, ("late",)),
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
                    ("in_place", "reused_gradients", "side_by_side"),
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
