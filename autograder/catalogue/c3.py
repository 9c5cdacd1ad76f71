"""C3: what Adam's scaling buys. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c3-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c3-prediction_1-like_sgd",
                "That is how SGD's steps grow; Adam divides each coordinate's size out",
                "expects Adam to feel the condition number as SGD does",
                (
                    "Multiply one coordinate's gradients by 100 and follow them through m and v.",
                    "The factor cancels in the ratio.",
                ),
                "hundredfold",
            ),
        ),
        lecture="Adam divides the size of each coordinate out, so a diagonal condition number hardly costs it steps. "
        "That is scaling along the axes, not a cure for conditioning.",
    ),
    "c3-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c3-prediction_2-invariant",
                "Adam scales along the coordinate axes, so turning them changes its path",
                "takes Adam for blind to coordinates",
                (
                    "Which quantities in Adam belong to single coordinates?",
                    "A rotation mixes the coordinates.",
                ),
                "neither",
            ),
            M(
                "c3-prediction_2-sgd_changes",
                "SGD's update turns with the problem: nothing changes for it",
                "takes SGD for dependent on coordinates",
                (
                    "Rotate x and the gradient alike: does x − ηg notice?",
                    "Only a rule with one number per coordinate can notice.",
                ),
                "sgd",
            ),
        ),
        lecture="Turn the bowl by 45°: SGD's path turns with it, Adam's does not stay the same. Adam is invariant to "
        "rescaling each coordinate, not to rotation.",
    ),
    "c3-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c3-prediction_3-adam_always",
                "Adam's lead came from the axes; rotated, momentum with one rate is ahead",
                "expects Adam to be best always",
                ("What did Adam gain by scaling along the axes?", "What does momentum lose by a rotation?"),
                ["adam", "momentum", "sgd"],
            ),
        ),
        lecture="Show the rotated bowl again: Adam's lead came from the axes, and momentum with one rate is ahead "
        "there. Which optimizer is best depends on the problem's axes.",
    ),
}

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "Adam adapts the learning rate of each parameter automatically. Therefore it works well with default "
        "settings and needs no tuning, while SGD needs a lot of tuning. Bias correction is needed because "
        "otherwise the first steps would be too small. It can generalize worse than SGD in some cases, for "
        "example for images. In the experiment Adam's curve was below SGD's at most rates.",
        (1, 0, 0, 1, 1),
        (
            "“Adapts the rate of each parameter”, and no more.",
            (
                "That it needs no tuning repeats the question; neither that one rate serves different sizes, "
                "nor why SGD's one rate can't."
            ),
            "“Too small” is backwards at the defaults.",
            "A situation (images), with no reason.",
            "An observation in words.",
        ),
    ),
    Sample(
        "For each parameter Adam keeps a running mean of g² and divides the step by its root. So a weight "
        "with gradients of 0.001 and one with gradients of 100 both move about η per step, and one rate is "
        "good for both; in our badly scaled network one range of η worked for all scalings while SGD's best η "
        "moved by a factor of 40. At the start both means are too close to zero, which the correction 1 − βᵗ "
        "repairs. It helps less if the problem is not along the axes.",
        (3, 1, 1, 1, 2),
        (
            "Root of a running mean of squares, and the step is about η whatever the size.",
            (
                "One rate serves both. That SGD's rate must suit the steepest and is then too small for the "
                "flattest is not said; that it moved is a number, not the reason."
            ),
            "Means too close to zero at the start, repaired: unbiased early moments.",
            (
                "“Not along the axes” is named, but not that the scaling itself follows the axes: no "
                "rotation, no coupling."
            ),
            "A factor of 40, of SGD's best rate.",
        ),
    ),
)
