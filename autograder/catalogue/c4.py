"""C4: sharpness, warmup, decay. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c4-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c4-prediction_1-one_over_eta",
                "That is 1/η; stability ends at 2/η",
                "takes 1/η for the limit of stability",
                ("At which ηλ is the factor 1 − ηλ equal to −1?", "Solve |1 − ηλ| = 1."),
                5,
            ),
        ),
        lecture="Stability of gradient descent at a minimum ends at sharpness 2/η: between 1/η and 2/η the iterates "
        "alternate and still shrink. Networks hover near 2/η (Cohen et al. 2021).",
    ),
    "c4-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c4-prediction_2-function_only",
                "Sharpness belongs to the weights, not to the function",
                "takes sharpness for a property of the function",
                (
                    "How does the loss respond to a small change of a weight that is now a tenth of its size?",
                    "A layer with ten times larger inputs responds ten times more strongly.",
                ),
                "same",
            ),
            M(
                "c4-prediction_2-cancels",
                "The layers' changes do not cancel: the larger inputs make the last layer much steeper",
                "expects the two factors to flatten",
                (
                    "Which of the two layers gets larger inputs?",
                    "Its curvature grows with the square of its inputs.",
                ),
                "flatter",
            ),
        ),
        lecture="The same function, other weights: scale one layer up and the next down, and the sharpness changes "
        "while no output does. So sharpness alone explains no generalization.",
    ),
    "c4-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c4-prediction_3-noise_only",
                "Warmup also helps without any noise: it lowers the curvature on the way",
                "takes unreliable gradients for warmup's only reason",
                (
                    "What happens to the sharpness while the rate rises?",
                    "Compare it with 2 over the rate at each step.",
                ),
                "diverges",
            ),
        ),
        lecture="Warmup has several causes, and which one counts is disputed: the variance of Adam's early averages "
        "(Liu et al. 2020), the size of updates (Ma & Yarats 2021), the curvature that a larger rate needs (Kalra & "
        "Barkeshli 2024). In our experiment it helps without any noise.",
    ),
    "c4-prediction_4": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c4-prediction_4-square",
                "The floor is proportional to η, not to η²",
                "counts the noise's variance η² and forgets that steps also undo less",
                (
                    "A smaller rate also removes less of the error in each step.",
                    "Divide the noise put in, η², by the share taken out, about 2η.",
                ),
                4,
            ),
            M(
                "c4-prediction_4-unchanged",
                "The floor moves with the rate",
                "takes the floor for a property of the noise alone",
                ("Which part of the noise does one step put into x?", "Try η → 0."),
                1,
            ),
        ),
        lecture="The floor under constant noise is a balance: noise comes in with η², descent takes out with η. So the "
        "floor goes with η: half the rate, half the floor.",
    ),
    "c4-sketch_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c4-sketch_1-flattens",
                "Sharpness rises during training, to 2/η",
                "expects training to find flatter places by itself",
                (
                    "What happens to the sharpness while the loss falls slowly?",
                    "Where can it rise no further? Solve |1 − ηλ| = 1 for both rates.",
                ),
                {"sketch_1": {"0.08": [8, 6, 4, 3, 2, 2, 2], "0.2": [8, 5, 3, 2, 1, 1, 1]}},
            ),
        ),
        lecture="Draw both curves and the lines 2/η = 25 and 10: sharpness rises until the rate can bear no more, and "
        "stays there (Cohen et al. 2021).",
    ),
}

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "a) Large learning rates find flat minima and flat minima generalize better, which is proved by the "
        "experiment. b) Warmup is needed since the weights are random in the beginning, so the gradients are "
        "bad and a large step in a bad direction destroys the training. c) Decay lets the optimizer make "
        "finer steps in the end so that it converges better.",
        (1, 2, 1, 0),
        (
            (
                "Flat, but no reason why a large rate ends there (2/η), so the step to generalizing can't "
                "earn the third point alone."
            ),
            (
                "The first steps are dangerous, with a reason (gradients that can't be relied on); nothing on "
                "exact gradients."
            ),
            "Finer steps at the end; no floor.",
            "“Proved by the experiment” is the confusion that this line asks to avoid.",
        ),
    ),
    Sample(
        "a) At a minimum with sharpness above 2/η gradient descent is unstable (proved for a quadratic), so a "
        "large η has to stop somewhere flatter; I measured that sharpness rises to 2/η and stays there. If "
        "the minimum is flat, a small shift between training and test loss changes little, which is the "
        "argument for generalization, but that is disputed because of rescaling. b) Our gradients had no "
        "noise and it still diverged without warmup, so the curvature at the start must have been too high "
        "for the rate. c) With noise a constant rate does not converge but stays at a level that grows with "
        "η. Lowering η lowers it.",
        (3, 3, 2, 2),
        (
            "2/η, and why a flat minimum may generalize: a shift changes little.",
            "Dangerous at the start, a reason, and what exact gradients show.",
            "A level that grows with η, and that decay lowers it.",
            "Proved (quadratic), measured (sharpness rises), disputed (generalization): one of each.",
        ),
    ),
)
