"""C3: what Adam's scaling buys. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question
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
