"""This course as data: what each exercise asks for, the names to hand in, points by rubric line, and its hints.

One module an exercise; each defines ``EXERCISE``. To add one, write the module and name it in ``COURSE``.
"""

from __future__ import annotations

from fractions import Fraction

from lrtutorial.course import Course, exercise_with, exercises, find_exercise, find_step, gathered, steps
from lrtutorial.course.letters import COUNT, DECAY, POSITIVE, Domain, Symbol

__all__ = ["COURSE", "exercise_with", "exercises", "find_exercise", "find_step", "steps"]

#: Modules that hold ready optimizers or schedules. Whatever is in them or below them counts.
LIBRARIES = (
    "torch.optim", "torch.distributed.optim", "torch_optimizer", "pytorch_optimizer", "keras", "tensorflow", "tf_keras",
    "jax", "optax", "flax", "sklearn", "scipy.optimize", "mxnet", "paddle", "mindspore", "transformers", "timm",
    "fastai",    "lightning", "pytorch_lightning", "ignite", "nevergrad", "autograder",
    "lrtutorial.explorer.recurrences", "lrtutorial.kinds.variants", "lrtutorial.experiments.descent",
)  # fmt: skip

COURSE = Course(
    home="lrtutorial.exercises",
    id="learning_rate",
    title="Learning rates and optimizers",
    parts={"part_a": "A · Derive", "part_b": "B · Code", "part_c": "C · Predict and explain"},
    exercises=gathered(__name__, "a1 a2 a3 a4 a5 b1 b2 b3 b4 b5 c1 c2 c3 c4 c5 c6"),
    symbols={
        "a": Symbol((0.3, 4), POSITIVE),
        "x": Symbol((-4, 4)),
        "x0": Symbol((-4, 4)),
        "eta": Symbol((0.05, 2.2)),
        "t": Symbol(range(2, 8), COUNT),
        "k": Symbol(range(1, 7), COUNT),
        "beta": Symbol((0.15, 0.95), DECAY),
        "beta1": Symbol((0.15, 0.95), DECAY),
        "beta2": Symbol((0.55, 0.99), DECAY),
        "epsilon": Symbol((0.02, 0.6), POSITIVE),
        "g": Symbol((-3, 3)),
        "g_seq": Symbol(letter="g"),
        "m_t": Symbol((-3, 3)),
        "E_g": Symbol((-3, 3), letter="E[g]"),
        "lambda_min": Symbol((0.2, 1.5), POSITIVE),
        "lambda_max": Symbol((2, 9), Domain(Fraction(0), least="lambda_min")),
        "kappa": Symbol((1.5, 40), Domain(Fraction(1), open=False)),
    },
    unknowns=("eta", "S"),  # the rate, and the S that a sum is called while it is worked out
    libraries=LIBRARIES,
    finished="Everything is done. Take your own Adam to a problem that matters to you.",
)
