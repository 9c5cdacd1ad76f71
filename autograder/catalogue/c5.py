"""C5: the rate as resolution. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
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

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "A large learning rate is like a low resolution picture, it only sees the coarse structure, while a "
        "small learning rate sees all the details and also the noise (overfitting). According to minimum "
        "description length the simplest model is the best. This was seen in the experiment: the large rate "
        "did not fit the noise. Therefore one should always use large learning rates.",
        (2, 1, 2, 0, 0),
        (
            "Both halves.",
            "“The simplest is best”, and no more: no bits, no precision.",
            "What was seen: the large rate did not fit the noise.",
            "No disagreement is named.",
            "No limit of the picture; “always” says the opposite.",
        ),
    ),
    Sample(
        "The rate as resolution is a nice picture: with a large η details are blurred. MDL says how: where "
        "the loss is flat, you may round the weights, so they cost fewer bits, and the total is these bits "
        "plus those for the remaining errors. The experiment agrees in the end, as I think. But at the "
        "beginning it was the other way round, the large rate had fitted more, because it is η times the "
        "number of steps that counts, and on the second network the large rate ignored nothing. The bits also "
        "depend on how finely I round and on the prior, so this is a picture and no law.",
        (1, 3, 1, 2, 1),
        (
            "Only the large rate's half.",
            "Low precision where it is flat, fewer bits, weights and errors together.",
            "It says that it agrees, and not in what.",
            "Two of what was seen, with a reason.",
            "Bits depend on rounding and prior; a picture and no law.",
        ),
    ),
)
