"""B2: Adam."""

from __future__ import annotations

from lrtutorial.exercises import Exercise, RubricLine, Step

EXERCISE = Exercise(
    id="b2",
    part="part_b",
    notebook="b2_adam",
    title="Adam, from its two moments",
    minutes=45,
    difficulty="medium",
    steps=(
        Step(
            id="b2",
            kind="optimizer",
            answers=("Adam",),
            asks="Adam (Algorithm 1 of Kingma & Ba 2015)",
            rubric=(
                RubricLine("first_step", "The first step, with bias correction", 4, ("first_step", "defaults")),
                RubricLine("memory", "Both moments over many steps", 5, ("first_step", "long", "late")),
                RubricLine("epsilon", "ε outside the root, seen at tiny, huge and zero gradients", 4,
                           ("tiny_gradients", "huge_gradients", "zero_gradients")),
                RubricLine("shapes", "Several parameters, any shape and dtype, each with its own state", 3,
                           ("shapes", "float32", "first_step")),
                RubricLine("rate", "A learning rate that changes while training", 2, ("rate_change", "first_step")),
                RubricLine("manners", "In place; gradients untouched; nothing shared between two optimizers", 2,
                           ("reused_gradients", "side_by_side", "first_step")),
            ),
            options={
                "says": {
                    "first_step": "One step from fresh state",
                    "defaults": "Three steps with the default hyperparameters",
                    "long": "Twelve steps with beta1 = 0.7, beta2 = 0.95, eps = 1e-3",
                    "late": "Sixty steps, long after the correction has faded",
                    "tiny_gradients": "Gradients near 1e-9, smaller than eps = 1e-8",
                    "huge_gradients": "Gradients near 1e9",
                    "zero_gradients": "Gradients that are zero for three steps, then not",
                    "shapes": "A matrix, a vector and a 0-d array together",
                    "float32": "float32 parameters",
                    "rate_change": "optimizer.lr is cut to a tenth after step 4",
                    "reused_gradients": "The same gradient array handed over at every step",
                    "side_by_side": "Two Adams at work, stepped in turn",
                },
            },
            hints=(
                "Follow Algorithm 1 line by line: count the step, update m, update v, correct both, then move.",
                "Print m, v and both corrected values for one parameter at steps 1 and 2, and work them out on paper: "
                "at step 1 the corrected m must be the gradient itself.",
                "Compare the size of your first step with lr: whatever the gradient's size, they should nearly agree.",
            ),
        ),
    ),
)
