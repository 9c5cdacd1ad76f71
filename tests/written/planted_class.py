"""Sixty written answers to C1 whose marks are known, line by line of the rubric: sentences drawn by level.

Some are copies of an earlier one in other spaces and capitals, some differ from one in a word that costs no point, as
in a class that learns together.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: For each line of the rubric: for each level, ways to say it.
SENTENCES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (
        ("A high rate is a bad choice.", "High rates are risky.", "One should be careful with high rates."),
        ("If the rate is too high, training diverges.", "Too high and the loss explodes.",
         "With a large rate the curve goes up instead of down."),
        ("Too high: every step jumps over the minimum, so that the loss swings and explodes.",
         "When the rate is too large the update overshoots the valley and lands higher on the other side.",
         "A large rate overshoots: the parameter is thrown past the lowest point again and again."),
        ("Too high: beyond 2/λ the factor 1 − ηλ is below −1, so the step overshoots and the error grows.",
         "Past 2/λ, the border that the curvature sets, each step lands farther away on the other side.",
         "The step is then too long for how steeply the curve bends: 1 − ηλ leaves −1, it overshoots and diverges."),
    ),
    (
        ("Low rates are safe.", "A low rate never hurts.", "Small rates are what beginners should take."),
        ("Too low and it gets stuck in local minima.", "A small rate ends in the first local minimum it meets.",
         "With a tiny rate one is caught by a local minimum."),
        ("Too low: each step does so little that it has not arrived when the steps are over.",
         "With a small rate every update is tiny, and the budget ends long before the goal.",
         "If it is too small, training crawls and does not get there in the time there is."),
    ),
    (
        ("The rest is a matter of luck.", "Somewhere one has to begin.", "Then one trains the network."),
        ("The best rate lies just below the first that diverges.", "Just right is large and stable: fast progress.",
         "The sweet spot is high, right before things blow up."),
    ),
    (
        ("Everybody talks about the rate.", "It is chapter one of the book.", "I liked this exercise."),
        ("It is very important.", "It matters a lot, more than the rest.", "Training is very sensitive to it."),
        ("It scales every update of every weight, so a bad rate hides what all other choices would have done.",
         "As all updates are multiplied by it, a wrong rate spoils every other setting.",
         "No other choice gets a fair trial with a bad rate, since it multiplies each step."),
    ),
    (
        ("The plots show it well.", "One sees it in the figure.", "The experiment agrees."),
        ("In my run the smallest rate was 4.64 times slower than the next.", "I measured 0.02 at the best rate.",
         "In the experiment the two largest rates were lost after 5 and 3 steps."),
    ),
    (
        ("That is all.", "This is certain.", "So much for the rate."),
        ("That it is the most important one is a rule of thumb.", "The 2/λ border is proved for quadratics alone.",
         "With other ranges the order could change, so I would not call it a law."),
    ),
)  # fmt: skip
#: What a grader says to whoever misses a line: reused.
COMMENTS = (
    "Say why it diverges: compare the step with the curvature.",
    "It was slow here and not stuck: look at the curves once more.",
    "Say where the best rate lies, too.",
    "What does the rate multiply, and what follows for all other choices?",
    "Give one number that you measured, and say of what.",
    "",
)
FILLERS = ("Well, ", "So, ", "Briefly: ", "I think: ", "In short: ", "My answer: ")


@dataclass(frozen=True)
class Planted:
    """One answer with its marks and what the grader wants to say."""

    text: str
    lines: tuple[float, ...]
    comment: str


def planted(count: int = 60, seed: int = 5, copies: float = 0.15, near: float = 0.2) -> list[Planted]:
    """Return the class. ``copies`` and ``near``: the shares that are like an earlier answer."""
    rng = random.Random(seed)
    made: list[Planted] = []
    while len(made) < count:
        fate = rng.random()
        if made and fate < copies:
            old = rng.choice(made)
            text = old.text.replace(". ", ".\n").upper() if rng.random() < 0.5 else f"**{old.text}**"
            made.append(Planted(text, old.lines, old.comment))
        elif made and fate < copies + near:
            old = rng.choice(made)
            made.append(Planted(rng.choice(FILLERS) + old.text, old.lines, old.comment))
        else:
            able = rng.random()
            levels = [min(len(line) - 1, int((able + rng.random()) * len(line) / 1.7)) for line in SENTENCES]
            text = " ".join(rng.choice(line[level]) for line, level in zip(SENTENCES, levels, strict=True))
            weak = next((n for n, level in enumerate(levels) if level < len(SENTENCES[n]) - 1), 5)
            made.append(Planted(text, tuple(map(float, levels)), COMMENTS[weak] if rng.random() < 0.7 else ""))
    return made
