"""The variance of a count."""

from __future__ import annotations

from probability.symbols import n, p

from autograder.catalogue import Misconception, Question
from autograder.catalogue.points import draw

QUESTIONS = {
    "coins-variance": Question(
        reference=n * p * (1 - p),
        probes=lambda rng: draw(rng, ("n", "p")),
        misconceptions=(
            Misconception(
                "coins-variance-mean",
                "This is the mean number of heads, not how far they spread",
                "takes the mean for the variance",
                ("At p = 1 every toss is heads: do the results still differ?", "Which factor is 0 at p = 1?"),
                n * p,
            ),
            Misconception(
                "coins-variance-one_toss",
                "This is the variance of a single toss",
                "forgets that the variances of independent tosses add up",
                ("Toss twice as often: does yours notice?", "Independent variances add up."),
                p * (1 - p),
            ),
            Misconception(
                "coins-variance-squared",
                "The number of tosses enters squared: that is the variance of n times one toss",
                "multiplies one result instead of adding independent ones",
                ("Is tossing n times the same as tossing once and multiplying?", "Add variances, toss by toss."),
                n**2 * p * (1 - p),
            ),
        ),
        accepted={"text": "n p (1 - p)", "expanded": n * p - n * p**2},
    ),
}
