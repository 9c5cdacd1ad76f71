"""B4: a learning-rate finder."""

from __future__ import annotations

from lrtutorial.course.exercise import Exercise, RubricLine, Step
from lrtutorial.kinds import LRFinder

EXERCISE = Exercise(
    id="b4",
    part="part_b",
    notebook="b4_lr_finder",
    title="A learning-rate finder",
    minutes=60,
    difficulty="hard",
    profile="torch",
    gives="A sweep that finds a usable rate before training begins",
    after=("b1",),
    steps=(
        Step(
            id="b4",
            kind=LRFinder(
                says={
                    "sweep": "A small network, bounds given by name",
                    "scaled": "A network that needs far smaller rates",
                    "positional": "Bounds given by position",
                    "defaults": "Only model and loader given",
                    "explodes": "Rates far beyond what the network bears",
                    "not_a_number": "A batch that makes the loss NaN",
                    "bad_start": "A first loss that is not finite",
                    "short_loader": "A loader with fewer batches than num_steps",
                    "few": "Three steps only",
                    "restore": "A network with batch norm and dropout, in evaluation mode",
                    "loader_breaks": "A loader that raises an error in the middle",
                    "stop_button": "The stop button pressed in the middle",
                }
            ),
            answers=("lr_range_test",),
            asks="a learning-rate range test that leaves the model as it found it",
            rubric=(
                RubricLine(
                    "sweep",
                    "Rates that grow by one factor from min_lr towards max_lr",
                    4,
                    ("sweep", "scaled", "defaults", "positional"),
                ),
                RubricLine(
                    "losses",
                    "Each loss measured before the step with its rate, by plain SGD",
                    3,
                    ("sweep", "scaled", "positional"),
                ),
                RubricLine(
                    "stop",
                    "Stops when the loss explodes or is no number, and not before",
                    2,
                    ("sweep", "explodes", "not_a_number"),
                ),
                RubricLine(
                    "robust",
                    "A short loader starts again; few losses do not crash",
                    2,
                    ("short_loader", "few", "bad_start"),
                ),
                RubricLine(
                    "restore",
                    "Trains in training mode; leaves weights, buffers, mode and torch's RNG as they were",
                    3,
                    ("sweep", "restore"),
                ),
                RubricLine(
                    "interrupted",
                    "Leaves them so when it is interrupted",
                    1,
                    ("loader_breaks", "stop_button"),
                ),
                RubricLine(
                    "suggestion",
                    "A suggested rate from where the loss falls steeply",
                    3,
                    ("sweep", "scaled"),
                ),
                RubricLine("figure", "The figure: loss over rate, log axis, both axes labelled", 2, ("sweep",)),
            ),
            hints=(
                "Write the plain training loop first, for num_steps batches, and only then let the rate grow in it.",
                "List what your function changes in the model that it was lent, and give all of it back, also when "
                "it is interrupted: which Python statement runs in every case?",
                "Print lrs[0], lrs[1]/lrs[0], lrs[-1] and the losses beside the first three; then compare "
                "model.state_dict() before and after.",
            ),
        ),
    ),
)
