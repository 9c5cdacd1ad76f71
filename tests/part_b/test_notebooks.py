"""Part B in real kernels: the solution runs through, wrong answers in its cell are named, the release stays calm."""

from __future__ import annotations

import contextlib
import copy
import re
from functools import cache
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.catalogue import misconceptions_by_id
from autograder.hooks.skeletons import Skeletons
from lrtutorial.course import find_exercise

ROOT = Path(__file__).parents[2]
EXERCISES = ["b1", "b2", "b3", "b4", "b5"]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)
pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore")]  # the kernel's own libraries warn

# What a student may have written: a line of the solution, what stands there instead, and the mistake it is.
WRONG = {
    "b1": [
        ("param -= self.lr * grad", "param += self.lr * grad", "b1-sgd_ascends"),
        ("param -= self.lr * grad", "param = param - self.lr * grad", "b1-sgd_copies"),
        ("param -= self.lr * grad", "grad *= self.lr; param -= grad", "b1-sgd_mutates"),
        ("self.velocities[i] + grad", "self.velocities[i] + (1 - self.momentum) * grad", "b1-average"),
        ("self.velocities[i] = self.mom", "self.velocity = self.mom", None),
        (
            "self.velocities[i] + grad\n            param -= self.lr *",
            "self.velocities[i] + self.lr * grad\n            param -= 1 *",
            "b1-classical",
        ),
        ("momentum=0.9", "momentum=0.5", "b1-other_default"),
    ],
    "b2": [
        ("self.m[i] / (1 - self.beta1**self.t)", "self.m[i]", "b2-only_second"),
        ("(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat + self.eps)", "b2-epsilon_inside"),
        ("self.t = 0", "self.t = 1", "b2-t_from_two"),
        (
            "        self.t += 1\n        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):",
            "        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):\n            self.t += 1",
            "b2-t_per_parameter",
        ),
        ("grad**2", "np.abs(grad)", "b2-absolute"),
        ("param -= self.lr", "self.params[i] = param - self.lr", "b2-rebinds"),
        ("self.t = 0", "pass", None),
    ],
    "b3": [
        ("20 * pos[1]", "2 * pos[1]", "b3-gradient_no_ten"),
        ("range(1, steps + 1)", "range(steps)", "b3-adam_t_from_zero"),
        ("velocity = momentum * velocity + grad(pos)", "velocity = grad(pos)", "b3-momentum_not_stored"),
        ("(np.sqrt(s) + eps)", "np.sqrt(s + eps)", "b3-rmsprop_epsilon_inside"),
        ("points.append(pos.copy())", "points.append(pos)", None),
        ('    ax.set_aspect("equal")\n', "", "b3-figure_aspect"),
        ('    ax.legend(loc="upper left"', "    dict(loc=1", "b3-figure_names"),
    ],
    "b4": [
        ("copy.deepcopy(model.state_dict())", "model.state_dict()", "b4-alias"),
        ("            optimizer.zero_grad()\n", "", "b4-no_zero_grad"),
        ("not np.isfinite(losses[-1]) or ", "", "b4-nan"),
        ("        torch.set_rng_state(random_state)\n", "", "b4-rng"),
        ("        model.train()\n", "", "b4-evaluates"),
        ("plt.semilogx(lrs, losses)", "plt.plot(lrs, losses)", "b4-linear_axis"),
        ("    return lrs, losses, suggested_lr", "    return losses, lrs, suggested_lr", "b4-order"),
        ("lr *= factor", "lr += (max_lr - min_lr) / num_steps", "b4-linear"),
    ],
    "b5": [
        ("T_cur >= T_i", "T_cur > T_i", "b5-late_by_one"),
        ("0.5 * (self", "(self", "b5-no_half"),
        ("np.pi * T_cur / T_i", "np.pi * T_cur / self.T_0", "b5-divided_by_T_0"),
        ("T_i = T_i * self.T_mult", "T_i = T_i + self.T_mult", "b5-added"),
        ("self.lr_max - self.lr_min", "self.lr_max", "b5-lr_min_on_top"),
        ("        return rates\n", "", "b5-plot-returns_nothing"),
        ('        plt.xlabel("Epoch")\n        plt.ylabel("Learning rate")\n', "", "b5-plot-no_labels"),
    ],
}
# A line of the solution, and the same with a name that isn't defined.
BROKEN = {
    "b1": ("param -= self.lr * self.velocities[i]", "param -= self.rate * self.velocities[i]"),
    "b2": ("v_hat = self.v[i]", "v_hat = self.w[i]"),
    "b3": ("pos -= lr * velocity", "pos -= lr * speed"),
    "b4": ("loss = criterion(model(x), y)", "loss = criterium(model(x), y)"),
    "b5": ("T_cur = T_cur - T_i", "T_cur = T_now - T_i"),
}
DO_NOT_LOOK = """
from lrtutorial import locating
_kept, locating.places_apart = locating.places_apart, lambda *asked: []
"""
LOOK_AGAIN = "locating.places_apart = _kept"
# Cells that need an answer and say so when there is none.
WAITING = {
    "bound", "memory", "scale", "warmup",
    "spirals", "correction", "picture", "distances", "compare-rates", "annealed-run", "look", "sweep",
    "ready-plot",
}  # fmt: skip


def read(exercise):
    return nbformat.read(ROOT / f"solutions/part_b/{find_exercise(exercise).notebook}.ipynb", as_version=4)


def source(exercise, name):
    return next(cell.source for cell in read(exercise).cells if cell["id"] == name)


class Session:
    """A running notebook: its cells by id, executed in one kernel."""

    def __init__(self, exercise, folder):
        self.exercise = exercise
        resources = {"metadata": {"path": str(folder)}}
        self.client = NotebookClient(read(exercise), timeout=300, allow_errors=True, resources=resources)
        self.places = {cell["id"]: i for i, cell in enumerate(self.client.nb.cells)}

    def run(self, name, text=None):
        """Execute a cell, with another source if one is given; return its outputs."""
        cell = self.client.nb.cells[self.places[name]]
        cell.source = cell.source if text is None else text
        return self.client.execute_cell(cell, self.places[name])["outputs"]

    def text(self, name, text=None):
        """What a cell shows as plain text."""
        return plain(self.run(name, text))

    def shown(self, name):
        """What a cell of the solution showed as plain text, run from the top: an experiment isn't run again for it."""
        return plain(self.from_the_top[self.places[name]]["outputs"])


def plain(outputs):
    return "\n".join(
        "".join(output.get("data", {}).get("text/plain", output.get("text", output.get("evalue", ""))))
        for output in outputs
    )


@pytest.fixture(scope="module")
def sessions(tmp_path_factory):
    """One kernel for all tests of an exercise, the solution run through from top to bottom.

    Not a fixture with parameters: pytest would end and begin a kernel wherever a test asks for two of the five.
    """
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as kernels:
        patch.delenv("NBGRADER_EXECUTION", raising=False)
        patch.setenv("PYTHONPATH", str(ROOT))

        @cache
        def open_session(exercise):
            opened = Session(exercise, tmp_path_factory.mktemp(exercise))
            kernels.enter_context(opened.client.setup_kernel())
            for cell in opened.client.nb.cells:
                if cell.cell_type == "code":
                    opened.run(cell["id"])
            opened.from_the_top = copy.deepcopy(opened.client.nb.cells)  # other tests run cells again
            opened.loaded_torch = opened.text("imports", "import sys; print('torch' in sys.modules)").split() == [
                "True"
            ]
            return opened

        yield open_session


@pytest.fixture(params=EXERCISES)
def session(request, sessions):
    return sessions(request.param)


@every_exercise
def test_the_rhythm_and_the_names_are_the_contracts(exercise) -> None:
    cells = {cell["id"]: cell for cell in read(exercise).cells}
    text = "\n\n".join(cell.source for cell in cells.values())
    marks = ["# B", "## Goal", "## Predict", "## Do", f'check("{exercise}"', "## Explain", "## Go further"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    found = find_exercise(exercise)
    assert f"*{found.minutes} minutes · {found.difficulty} · {found.points:g} points*" in text
    graded = {key: cell.metadata.nbgrader for key, cell in cells.items() if "nbgrader" in cell.metadata}
    assert set(graded) == {f"{exercise}-answer", f"{exercise}-test"}
    assert graded[f"{exercise}-test"].points == found.points == 20
    answers = ", ".join(found.steps[0].answers)
    assert cells[f"{exercise}-test"].source == f'check("{exercise}", {answers})'
    assert not any(cell.get("outputs") for cell in cells.values())


def test_the_solution_runs_from_top_to_bottom(session) -> None:
    for cell in session.from_the_top:
        for output in cell.get("outputs", []):
            assert output.output_type != "error" and output.get("name") != "stderr", (cell["id"], output)
            shown = str(output.get("text", "")) + str(output.get("data", {}).get("text/plain", ""))
            assert "Write " not in shown and "first." not in shown, cell["id"]
    assert "20 of 20 points" in str(session.from_the_top[session.places[f"{session.exercise}-test"]].outputs)
    if session.exercise != "b4":  # which trains with torch
        assert not session.loaded_torch


@pytest.mark.parametrize("session", ["b4", "b5"], indirect=True)
def test_what_the_prose_says_of_the_training_runs_is_what_they_print(session) -> None:
    if session.exercise == "b4":
        printed = session.shown("compare-rates")
        rows = {row.split("×")[0].strip(): row for row in printed.splitlines() if "epoch, " in row}
        ends = {times: float(row.split("epoch, ")[1].split()[0]) for times, row in rows.items()}
        starts = {times: float(row.split("loss ")[1].split()[0]) for times, row in rows.items()}
        assert starts["1"] < starts["0.1"] and ends["1"] < ends["0.1"] < ends["10"]
        assert "ten epochs has 1 × your suggestion" in printed
        assert printed.count("of the training pictures") == 3
    else:
        rows = [row for row in session.shown("annealed-run").splitlines() if "30:" in row]
        numbers = [[float(word) for word in re.findall(r"\d\.\d{4}", row)] for row in rows]
        constant, single, restarts = numbers
        assert all(a < b for a, b in zip(restarts, constant, strict=True))
        assert single[-1] < 0.85 * constant[-1] and restarts[-1] < 0.85 * constant[-1]
        assert abs(single[-1] - restarts[-1]) < 0.05 * single[-1]
        broken = [int(row.split(":")[1].split()[0]) for row in session.shown("warmup").splitlines() if "broken" in row]
        assert broken[0] > 10 > broken[1] > broken[2]


def test_wrong_answers_in_the_cell_get_their_verdict_below_it(session) -> None:
    exercise = session.exercise
    right = source(exercise, f"{exercise}-answer")
    session.run("imports", source(exercise, "imports"))
    titles = {key: mistake.title for key, (_, mistake) in misconceptions_by_id().items()}
    for count, (line, instead, mistake) in enumerate(WRONG[exercise]):
        assert line in right, line
        if count == 1:  # for the first alone the line to mend is looked for, which takes up to two seconds
            session.run("imports", DO_NOT_LOOK)
        session.run(f"{exercise}-answer", right.replace(line, instead))
        shown = session.text(f"{exercise}-test")
        assert "Partly right" in shown or "Not yet" in shown, shown
        assert "20 of 20" not in shown
        if mistake:
            assert titles[mistake] in shown and "Hint: " in shown, shown
            assert "Counterexample: " in shown or "-plot-" in mistake, shown
    session.run("imports", LOOK_AGAIN)
    session.run(f"{exercise}-answer", right)
    assert "20 of 20 points" in session.text(f"{exercise}-test")


def test_an_exception_is_shown_with_the_line_of_the_students_cell(session) -> None:
    exercise = session.exercise
    right = source(exercise, f"{exercise}-answer")
    line, broken = BROKEN[exercise]
    session.run(f"{exercise}-answer", right.replace(line, broken))
    shown = session.text(f"{exercise}-test")
    number = right[: right.index(line)].count("\n") + 1
    places = (f"Where: line {number} of your cell", f"Where: raised in line {number} of your cell")  # sought, or not
    assert any(place in shown for place in places) and broken in shown, shown
    assert "Traceback" not in shown


def test_the_untouched_release_runs_through_and_earns_nothing(session) -> None:
    release, _ = Skeletons().preprocess(read(session.exercise), {})
    assert "BEGIN SOLUTION" not in str(release)
    for cell in release.cells:
        if cell.cell_type != "code":
            continue
        outputs = session.run(cell["id"], cell.source)
        assert not [output for output in outputs if output.output_type == "error"], (cell["id"], outputs)
        if cell["id"].endswith("-test"):
            assert "Unfinished" in str(outputs) and "0 of 20 points" in str(outputs)
        elif cell["id"] in WAITING:
            assert "first" in str(outputs), cell["id"]


@pytest.mark.parametrize("session", ["b4", "b5"], indirect=True)
def test_a_library_schedule_is_worth_nothing_in_the_notebook_too(session) -> None:
    """Last of all: the session's history keeps it."""
    if session.exercise == "b4":  # where torch.optim.SGD is what the exercise asks for
        session.run("b4-answer", source("b4", "b4-answer"))
        assert "20 of 20 points" in session.text("b4-test")
        return
    session.run("imports", "from torch.optim.lr_scheduler import LambdaLR")
    session.run("b5-answer", source("b5", "b5-answer"))
    assert "20 of 20 points" in session.text("b5-test")  # imported and left alone
    session.run("b5-answer", f"{source('b5', 'b5-answer')}\n\n\nclass CosineAnnealingWarmRestarts(LambdaLR):\n    pass")
    shown = session.text("b5-test")
    assert "0 of 20 points" in shown and "torch.optim.lr_scheduler" in shown
