"""C5: the rate as resolution. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c5-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c5-prediction_1-small_is_fine",
                "Early on the larger rate is ahead: progress goes with rate times steps",
                "takes small rates for finer at any time",
                (
                    "How far along the same road is each after 1000 steps?",
                    "Compare 0.01 × 1000 with 0.2 × 1000.",
                ),
                "small",
            ),
        ),
        lecture="Early on, progress is rate times steps. A small rate is not finer then, it is only late.",
    ),
    "c5-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c5-prediction_2-large_always_ahead",
                "Late in training the large rate cannot rest in the sharp fits that pass through the noise",
                "expects the faster run to stay ahead",
                ("Which sharpness can a rate of 0.4 bear?", "What does a curve through noisy points need?"),
                "large",
            ),
        ),
        lecture="Show the crossing of the two curves: the large rate is ahead early, and later cannot rest in what a "
        "small rate can fit. That this reads as a resolution is an analogy: say so.",
    ),
    "c5-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c5-prediction_3-large_generalizes",
                "At its best moment the large rate is no better than the others here",
                "takes the large rate for better at generalizing",
                ("Where on the road is the held-out error lowest?", "All rates pass that place."),
                "large",
            ),
            M(
                "c5-prediction_3-small_generalizes",
                "At its best moment the small rate is no better than the others here",
                "takes care for quality",
                ("Where on the road is the held-out error lowest?", "All rates pass that place."),
                "small",
            ),
        ),
        lecture="Compare the runs at their best moments, over seeds, with the spread: here no rate is better at "
        "generalizing than the others. One experiment; the literature is divided, too.",
    ),
}
