"""C6: SGD against Adam. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c6-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c6-prediction_1-adam_always",
                "At rates from 0.1 on, Adam's steps of about η are far too long",
                "expects Adam to be better at any rate",
                (
                    "How far does Adam move each weight in one step at η = 0.1?",
                    "Compare with the size of the weights themselves.",
                ),
                "adam",
            ),
        ),
        lecture="Adam's step is about η long, whatever the gradient. So its good rates lie lower than SGD's, and a "
        "comparison at one common rate compares nothing.",
    ),
    "c6-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c6-prediction_2-sgd_generalizes",
                "With all rates allowed the mean gap is far below 2.5 points",
                "takes a reported ranking for a law",
                (
                    "Which rates may each method use now?",
                    "Compare them task by task: how large is the mean of the eight differences?",
                ),
                "sgd",
            ),
            M(
                "c6-prediction_2-adam_generalizes",
                "With all rates allowed the mean gap is far below 2.5 points",
                "takes a reported ranking for a law",
                (
                    "Which rates may each method use now?",
                    "Compare them task by task: how large is the mean of the eight differences?",
                ),
                "adam",
            ),
        ),
        lecture="Put Wilson et al. 2017 and Choi et al. 2019 side by side: the ranking went away when both were tuned "
        "over a wide enough range. In our experiment the mean of the paired gaps is no larger than chance makes it.",
    ),
    "c6-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c6-prediction_3-coin",
                "Adam does not guess here: it answers +1 nearly always",
                "takes failure for guessing",
                ("What does Adam answer on nearly every example?", "How often is that wrong, if 60% are +1?"),
                50,
            ),
        ),
        lecture="Look at what the failed run answers: not chance, but nearly always the same. A failure with a pattern "
        "has a cause to look for.",
    ),
    "c6-sketch_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c6-sketch_1-same_rates",
                "Adam's good rates are smaller than SGD's, as its step is about η long",
                "expects one rate to suit both methods",
                (
                    "How far does each method move a weight in one step at the same η?",
                    "Then whose best rate is smaller?",
                ),
                {"sketch_1": {"sgd": [60, 40, 20, 16, 22, 32], "adam": [60, 40, 20, 14, 20, 30]}},
            ),
        ),
        lecture="Show both bowls: the same shape, a decade or two apart. One common rate compares nothing.",
    ),
}

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "SGD finds flatter minima than Adam and therefore generalizes better. Adam has a small effective "
        "learning rate for some parameters, so it can go into sharp minima. In my experiment SGD won by 0.4 "
        "points, so the argument is right. On the constructed problem Adam had an error of 40 % and SGD 0, "
        "which also confirms it.",
        (2, 0, 1, 0, 0),
        (
            "One half of the reason: Adam's small rates. SGD's large rate as a regularizer is missing.",
            "Nothing on the search.",
            "A real difference, and not what closed it.",
            "A gap of 0.4 is called a win with no word on seeds or tasks.",
            "“The argument is right”, as a law.",
        ),
    ),
    Sample(
        "The classical story: SGD's single large rate works as a regularizer and cannot stay in sharp minima, "
        "Adam takes tiny steps in some directions and can. For it: on the separable problem Adam stayed at 40 "
        "% error, but with larger ε the gap closed. Against it: who wins on the classifier depends on the "
        "rates I search, low ones favour Adam, high ones SGD. Results differed between tasks by more than the "
        "gap I measured over all rates, so I would not call it a gap.",
        (3, 2, 2, 1, 0),
        (
            "Both halves.",
            "The winner turned with the range.",
            "A real difference, and ε closed it.",
            "The gap is set against the spread over tasks; in pairs it can be real and smaller than that.",
            (
                "It hedges on the gap, which the line before scores; on the sentence as a whole (sometimes, "
                "not as a law) it says nothing."
            ),
        ),
    ),
)
