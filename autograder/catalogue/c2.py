"""C2: momentum in ravines, under noise and in pits. The outcome is computed by the experiment itself, on seeds."""

from __future__ import annotations

from autograder.catalogue import Misconception as M
from autograder.catalogue import Question, Sample
from autograder.catalogue.seeds import PUBLIC, draw

#: The reference of a prediction is `...`: whatever the experiment gives.
QUESTIONS = {
    "c2-prediction_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c2-prediction_1-kappa",
                "The gain is of the order of √κ, not κ",
                "expects momentum to remove conditioning altogether",
                ("The heavy ball's best rate of shrinking is (√κ−1)/(√κ+1).", "Compare √κ with κ."),
                100,
            ),
        ),
        lecture="Steps go with κ for plain descent and with √κ for tuned momentum, on quadratics. At κ = 100 that is "
        "about ten in theory and seven in our run, not a hundred; and no tuning gives it on every convex "
        "function.",
    ),
    "c2-prediction_2": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c2-prediction_2-effective_rate",
                "1/(1−β) is how far steps add up, not how far variance goes down",
                "takes the effective rate for the noise reduction",
                (
                    "The weights are (1−β)βᵏ. Variances add with their squares.",
                    "The sum of the squares is a geometric series in β².",
                ),
                10,
            ),
            M(
                "c2-prediction_2-squared",
                "(1−β)² is only the newest gradient's share of the variance",
                "forgets that older gradients add their noise too",
                (
                    "Add the squares of all the weights, not only of the first.",
                    "It is a geometric series in β².",
                ),
                100,
            ),
        ),
        lecture="Variances add with squared weights: (1 − β)²(1 + β² + β⁴ + …) = (1 − β)/(1 + β). At β = 0.9 the "
        "variance is divided by 19. The 10 of 1/(1 − β) is how far steps add up.",
    ),
    "c2-prediction_3": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c2-prediction_3-filter",
                "A smoother direction is not a steadier parameter: the steps are longer too",
                "carries the low-pass filter over to the parameter",
                (
                    "How long is a step of momentum 0.9 at the same η?",
                    "Compare with plain descent at ten times the rate.",
                ),
                "smaller",
            ),
            M(
                "c2-prediction_3-cancels",
                "Smoother direction and longer steps do not cancel here",
                "expects the two effects to balance",
                (
                    "At the same η, which effect is linear and which is not?",
                    "Compare with plain descent at ten times the rate.",
                ),
                "same",
            ),
        ),
        lecture="Separate two things: the direction is smoother, the steps are longer. At the same η the parameter "
        "shakes more with momentum; at the matched rate η/(1 − β), about as much.",
    ),
    "c2-prediction_4": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c2-prediction_4-finds_better",
                "Inertia does not choose the better minimum, it passes what is too shallow to stop it",
                "takes momentum for a search for the best minimum",
                (
                    "What does the ball know of the depth ahead?",
                    "Whether it stops depends on its speed at the pit.",
                ),
                "stays",
            ),
        ),
        lecture="A ball knows its speed, not the depth of a valley. Inertia passes what is too shallow to hold it, the "
        "better minimum included.",
    ),
    "c2-sketch_1": Question(
        reference=...,
        probes=draw,
        public=PUBLIC,
        misconceptions=(
            M(
                "c2-sketch_1-damped",
                "At its own best rate momentum swings wider than plain descent, before it is faster",
                "takes momentum for a damper across the ravine",
                (
                    "Momentum's best rate is larger than plain descent's.",
                    "Take the first two steps by hand, with v = 0 at the start.",
                ),
                {
                    "sketch_1": {
                        "plain": [1, -0.98, 0.96, -0.94, 0.92, -0.9, 0.89],
                        "momentum": [1, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1],
                    }
                },
            ),
        ),
        lecture="Momentum cancels swings at equal η. At each one's best settings it swings wider, up to 3.7 times its "
        "start here, and is faster all the same.",
    ),
}

#: Two marked answers for graders to agree on; the points and reasons are by line of the rubric.
SAMPLES = (
    Sample(
        "a) In a ravine momentum damps the zigzag and speeds up along the valley, with β = 0.9 up to 10 "
        "times. b) With noise the path becomes smoother because of the averaging: random errors cancel and "
        "the gradient's mean stays. c) In a local minimum the ball has inertia and rolls out of shallow ones; "
        "that way momentum finds the global minimum.",
        (1, 2, 1, 0, 0),
        (
            (
                "Damps and speeds up, but not why: nothing on signs that alternate or agree. “Up to 10 times” "
                "is no reason for the damping."
            ),
            "Random errors cancel, the mean stays.",
            "Inertia carries it out of shallow ones.",
            "No limit is named; that it finds the global minimum is the very claim that fails.",
            "10 follows from β; nothing was measured.",
        ),
    ),
    Sample(
        "a) Across the ravine the gradients point back and forth, so in v they cancel; along the floor they "
        "agree and add up to 1/(1−β). Tuned, I needed 7 times fewer steps than plain descent. Too much β "
        "swings along the floor and was slower than none. b) v is smoother than g, but I see no reason given "
        "in the plot; the variance I measured was 1/19 for the average. At the same η the weight itself "
        "shakes more, not less. c) The ball passed all shallow pits. It also passed the deeper one, so "
        "inertia does not choose.",
        (2, 1, 1, 3, 2),
        (
            "Cancel across, agree along.",
            "Smoother, and no reason: independent noise is not mentioned. The number counts in the last line.",
            "It passed the shallow pits.",
            "A limit in each: too much β; the weight shakes more; it does not choose.",
            "7 times and 1/19: two parts.",
        ),
    ),
)
