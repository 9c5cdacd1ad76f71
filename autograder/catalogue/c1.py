"""C1: which rate is best, and what too low means. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
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
                        "0.001": [0.3, 0.3, 0.28, 0.25, 0.22, 0.16],
                        "0.464": [0.3, 0.23, 0.13, 0.07, 0.04, 0.01],
                        "2.15": [0.3, 0.1, 0.05, 0.02, 0.01, 0.003],
                    }
                },
            ),
        ),
        lecture="Put the sketches beside the curves. Beyond 2/λ the error grows with every step, from the first on: "
        "the largest rate is not the fastest.",
    ),
}

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "If the learning rate is too high, the loss explodes, you can see it in the figure where two curves "
        "shoot up. If it is too low the network gets stuck in a local minimum and never finds the global one. "
        "A good rate is somewhere in the middle and gives fast, steady training. It is the most important "
        "hyperparameter because training is very sensitive to it, although I have read that this is only a "
        "rule of thumb.",
        (1, 1, 1, 1, 0, 1),
        (
            "It explodes, and no reason why.",
            "“Stuck in a local minimum”, and no more; the experiment shows the opposite.",
            "“Fast, steady” is what it gives; “in the middle” alone would not do.",
            "“Very sensitive” says important in other words.",
            "Curves that shoot up are an observation; no number stands here.",
            "It says that “most important” is a rule of thumb.",
        ),
    ),
    Sample(
        "The update is θ ← θ − ηg, so η multiplies every change of every weight. Along a direction of "
        "curvature λ the distance is multiplied by 1 − ηλ: above η = 2/λ it grows with alternating sign, "
        "which is why my run with the largest rate was lost after a few steps. With the smallest rate the "
        "same road is walked, but at step 300 the loss was still 1.2. The best rate stood right below the "
        "first that exploded. With a bad η nothing else can be judged: a better initialization looks useless "
        "if the rate is wrong.",
        (3, 2, 1, 2, 1, 0),
        (
            "Overshooting with alternating sign, and 1 − ηλ says why.",
            "The same road, and not there when the steps are over: slow within the budget.",
            "Right below the first that exploded.",
            "It multiplies every change, and nothing else can be judged.",
            "1.2 at step 300 is a number with what it is of. Whether it is right is not asked by this line.",
            "Everything is said as if it held always.",
        ),
    ),
)
