"""Who is in the sample class: each student is a set of answer cells, put into the released notebooks.

Nothing is stored as a notebook, so the samples never go stale: ``submission`` takes the release of the day. A student
answers like the solutions, except where ``changes`` says otherwise; ``attempts`` limits it to some exercises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nbformat.notebooknode import NotebookNode

from autograder.cells import RESTORE, answer_cells, read_notebook, without_markers


@dataclass(frozen=True)
class Student:
    """One sample student: what it is an example of, and how its answer cells differ from the solutions."""

    name: str
    example: str
    changes: Mapping[str, str] = field(default_factory=dict)  #: {grade_id of an answer cell: its source}
    attempts: tuple[str, ...] | None = None  #: exercises answered; the others stay as released (None: all)
    forgery: str = ""  #: code put in front of every answer cell


ADAM = """class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.params, self.lr, self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps
        self.m = [np.zeros_like(p) for p in params]
        self.v = [np.zeros_like(p) for p in params]
        self.t = 0

    def step(self, grads):
        self.t += 1
        for i, grad in enumerate(grads):
            self.m[i] = self.beta1 * self.m[i] + (1 - self.beta1) * grad
            self.v[i] = self.beta2 * self.v[i] + (1 - self.beta2) * grad**2
            m_hat = self.m[i] / (1 - self.beta1**self.t)
            v_hat = self.v[i] / (1 - self.beta2**self.t)
            self.params[i] -= self.lr * m_hat / (np.sqrt(v_hat) + self.eps)
"""
FORGERY = """import lrtutorial.checking, lrtutorial.answers.evidence, lrtutorial.kinds
class Always:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *args, **kwargs): return self
check = lambda *args: print("all tests passed, 100 points")
lrtutorial.checking.check = check
def forged(self, step, answers, probes=None):
    return {"kind": self.name, "status": "right", "points": 100, "tree": ["true"], "problems": {}, "runs": {}}
lrtutorial.kinds.InModule.collect = forged
print("20.0")
"""

OF = "lrtutorial.exercises"  #: the course whose exercises they answer
STUDENTS = (
    Student("sample_ada", "everything right"),
    Student("sample_bo", "forgets bias correction; drops the ½ of f; overlooks the lower bound; says no why", {
        "a1-gradient-answer": "gradient = 2 * a * x",
        "a1-update-answer": "update = x - eta * 2 * a * x",
        "a1-closed_form-answer": "closed_form = (1 - 2 * eta * a) ** t * x0",
        "a1-condition-answer": "condition = eta < 2 / a",
        "b2-answer": ADAM.replace("self.m[i] / (1 - self.beta1**self.t)", "self.m[i]").replace(
            "self.v[i] / (1 - self.beta2**self.t)", "self.v[i]"),
        "c1-prediction_1-answer": 'prediction_1 = "0.464"',
    }),
    Student("sample_cy", "ε inside the root; asks for no overshooting; predicts honestly and wrong", {
        "c1-prediction_1-answer": 'prediction_1 = "10"\nwhy_1 = "The larger the step, the faster it gets there."',
        "a1-condition-answer": "condition = And(0 < eta, eta < 1 / a)",
        "b2-answer": ADAM.replace("(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat + self.eps)"),
    }),
    Student("sample_dee", "swaps the betas; off by one in t", {
        "a1-closed_form-answer": "closed_form = (1 - eta * a) ** (t - 1) * x0",
        "b2-answer": ADAM.replace("self.beta1, self.beta2, self.eps = params, lr, beta1, beta2, eps",
                                  "self.beta2, self.beta1, self.eps = params, lr, beta1, beta2, eps"),
    }),
    Student("sample_eli", "half finished: the first exercises only", attempts=("a1", "a2", "b1", "c1")),
    Student("sample_fay", "handed in blank", attempts=()),
    Student("sample_gus", "raises an exception inside step, and misspells a symbol", {
        "a1-gradient-answer": "gradient = a * y",
        "b2-answer": ADAM.replace("self.m[i] = self.beta1", "self.momentum[i] = self.beta1"),
    }),
    Student("sample_hal", "loops for ever", {  # asleep: the others need the processor
        "a1-condition-answer": (
            "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt:\n        pass"
        ),
        "b2-answer": "import time\n\n" + ADAM.replace(
            "        self.t += 1\n", "        while True:\n            self.t += 1\n            time.sleep(1)\n"),
    }),
    Student("sample_ivy", "tries to forge the tests", attempts=(), forgery=FORGERY),
    Student("sample_jo", "the kernel dies halfway", {
        "a1-closed_form-answer": "import os\nos._exit(0)",
        "b2-answer": ADAM + "\nimport os\nos._exit(1)",
    }),
)  # fmt: skip


def submission(student: Student, release: Path, solution: Path) -> NotebookNode:
    """Return what a student hands in for one notebook: the release with the student's answers."""
    notebook = read_notebook(release, "make it anew: make release")
    right = answer_cells(read_notebook(solution, RESTORE))
    exercise = release.stem.split("_")[0]
    for grade_id, cell in answer_cells(notebook).items():
        if grade_id in student.changes:
            cell.source = student.changes[grade_id]
        elif student.attempts is None or exercise in student.attempts:
            cell.source = without_markers(right[grade_id])
        if student.forgery and cell.cell_type == "code":
            cell.source = f"{student.forgery}\n{cell.source}"
    return notebook
