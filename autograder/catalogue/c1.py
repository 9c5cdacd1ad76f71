"""C1: which rate is best, and what too low means. The outcome is computed by the experiment "
f"itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c1-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c1-prediction_1-smallest_is_safest",
                "The smallest rate is safe, and after 3000 steps it has hardly moved",
                "takes a small rate for an accurate one",
                (
                    "How far can 3000 steps of this size go?",
                    "Rate times steps is the distance. Compare it for the smallest and the middle rates.",
                ),
                "0.001",
            ),
            M(
                "c1-prediction_1-largest_is_fastest",
                "The largest rate is the fastest only while it does not overshoot",
                "expects speed to grow with the rate without end",
                (
                    "What happens once ηλ is larger than 2?",
                    "Too large a rate multiplies the error at each step.",
                ),
                "10",
            ),
        ),
        lecture="Show the loss after a fixed budget against the rate, on a log axis: a valley. Left of it the run is "
        "slow, right of it it overshoots. Safe and small is also wrong.",
    ),
    "c1-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c1-prediction_2-none",
                "Plain gradient descent has nothing that bounds its steps: some rates diverge",
                "expects that training always stays finite",
                (
                    "What does A1's factor 1 − ηλ do for η = 10?",
                    "A factor beyond −1 multiplies the error again and again.",
                ),
                0,
            ),
        ),
        lecture="Plain gradient descent has no brake: on a parabola the factor 1 − ηλ is beyond −1 as soon as η > 2/λ. "
        "For networks that is a local statement, not a theorem about the whole run.",
    ),
    "c1-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c1-prediction_3-same_step",
                "The second rate is not only better in the end, it is ahead all along",
                "expects that runs differ only at the end",
                (
                    "Compare rate times steps for the two runs.",
                    "A 4.64 times larger rate gets as far in fewer steps.",
                ),
                3000,
            ),
        ),
        lecture="Lay the runs over each other from the first step on: a better rate is ahead early, not only in the "
        "end.",
    ),
    "c1-sketch_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c1-sketch_1-diverges_only_later",
                "Too large a rate multiplies its error from the first steps on",
                "expects the largest rate to fall first",
                (
                    "Along a curvature λ each step multiplies the error by 1 − ηλ.",
                    "What is that at η = 2.15, if λ is of the order of ten?",
                ),
                {
                    "sketch_1": {
                        "0.001": [0.3, 0.3, 0.28, 0.25, 0.22, 0.2, 0.16],
                        "0.464": [0.3, 0.23, 0.13, 0.07, 0.04, 0.02, 0.01],
                        "2.15": [0.3, 0.1, 0.05, 0.02, 0.01, 0.005, 0.003],
                    }
                },
            ),
        ),
        lecture="Put the sketches beside the curves. Beyond 2/λ the error grows with every step, from the first on: "
        "the largest rate is not the fastest.",
    ),
}
