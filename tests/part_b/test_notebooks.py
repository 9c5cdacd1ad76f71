"""B1 to B3 in real kernels: the solution runs through; wrong answers put into its cell get their verdict
shown below.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from autograder.catalogue import misconceptions_by_id
from autograder.release import Skeletons
from lrtutorial.exercises import find_exercise

ROOT = Path(__file__).parents[2]
EXERCISES = ["b1", "b2", "b3"]
every_exercise = pytest.mark.parametrize("exercise", EXERCISES)

# What a student may have written: a line of the solution, what stands there instead, and the mistake it is.
WRONG = {
    "b1": [
        ("param -= self.lr * grad", "param += self.lr * grad", "b1-sgd_ascends"),
        ("param -= self.lr * grad", "param = param - self.lr * grad", "b1-sgd_local"),
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
        ("        self.t += 1\n        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):",
         "        for i, (param, grad) in enumerate(zip(self.params, grads, strict=True)):\n            self.t += 1",
         "b2-t_per_parameter"),
        ("grad**2", "np.abs(grad)", "b2-absolute"),
        ("param -= self.lr", "self.params[i] = param - self.lr", "b2-rebinds"),
        ("self.t = 0", "pass", None),
    ],
    "b3": [
        ("20 * pos[1]", "2 * pos[1]", "b3-gradient_no_ten"),
        ("range(1, steps + 1)", "range(steps)", "b3-adam_t_from_zero"),
        ("velocity = momentum * velocity + grad(pos)", "velocity = grad(pos)", "b3-momentum_none"),
        ("(np.sqrt(s) + eps)", "np.sqrt(s + eps)", "b3-rmsprop_inside"),
        ("points.append(pos.copy())", "points.append(pos)", None),
        ('    ax.set_aspect("equal")\n', "", "b3-figure_aspect"),
        ("    ax.legend()\n", "", "b3-figure_names"),
    ],
}  # fmt: skip


def read(exercise):
    return nbformat.read(ROOT / f"solutions/part_b/{find_exercise(exercise).notebook}.ipynb", as_version=4)


class Session:
    """A running notebook: its cells by id, executed in one kernel."""

    def __init__(self, notebook, folder):
        self.client = NotebookClient(
            notebook, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}}
        )
        self.places = {cell["id"]: i for i, cell in enumerate(notebook.cells)}

    def run(self, name, source=None):
        """Execute a cell, with another source if one is given; return its outputs."""
        index = self.places[name]
        cell = self.client.nb.cells[index]
        if source is not None:
            cell.source = source
        return self.client.execute_cell(cell, index)["outputs"]

    def text(self, name, source=None):
        """What a cell shows as plain text."""
        outputs = self.run(name, source)
        return "\n".join(
            "".join(output.get("data", {}).get("text/plain", output.get("text", output.get("evalue", ""))))
            for output in outputs
        )


@pytest.fixture(scope="module", params=EXERCISES)
def session(request, tmp_path_factory):
    """One kernel for all tests of an exercise, the solution run through from top to bottom."""
    notebook = read(request.param)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("NBGRADER_EXECUTION", raising=False)
        patch.setenv("PYTHONPATH", str(ROOT))
        opened = Session(notebook, tmp_path_factory.mktemp(request.param))
        opened.exercise = request.param
        with opened.client.setup_kernel():
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    opened.run(cell["id"])
            yield opened


pytestmark = pytest.mark.filterwarnings("ignore")  # the kernel's own libraries warn


@every_exercise
def test_the_rhythm_is_goal_predict_do_explain_further(exercise) -> None:
    text = "\n\n".join(cell.source for cell in read(exercise).cells)
    marks = ["# B", "## Goal", "## Predict", "## Do", f'check("{exercise}"', "## Explain", "## Go further"]
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    found = find_exercise(exercise)
    assert f"*{found.minutes} minutes · {found.difficulty} · {found.points:g} points*" in text


@every_exercise
def test_cells_carry_the_contracts_names(exercise) -> None:
    cells = {cell["id"]: cell for cell in read(exercise).cells}
    graded = {key: cell.metadata.nbgrader for key, cell in cells.items() if "nbgrader" in cell.metadata}
    assert set(graded) == {f"{exercise}-answer", f"{exercise}-test"}
    assert graded[f"{exercise}-test"].points == 20
    answers = ", ".join(find_exercise(exercise).steps[0].answers)
    assert cells[f"{exercise}-test"].source == f'check("{exercise}", {answers})'
    assert not any(cell.get("outputs") for cell in cells.values())


def test_the_solution_runs_from_top_to_bottom_without_torch(session) -> None:
    for cell in session.client.nb.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", (cell["id"], output)
            assert "Write " not in str(output.get("data", {}).get("text/plain", "")), cell["id"]
    assert "20 of 20 points" in str(session.client.nb.cells[session.places[f"{session.exercise}-test"]].outputs)
    assert session.text("imports", "import sys; print('torch' in sys.modules)") == "False\n"


def test_wrong_answers_in_the_cell_get_their_verdict_below_it(session) -> None:
    exercise = session.exercise
    right = next(cell.source for cell in read(exercise).cells if cell["id"] == f"{exercise}-answer")
    session.run("imports", next(cell.source for cell in read(exercise).cells if cell["id"] == "imports"))
    titles = {key: mistake.title for key, (_, mistake) in misconceptions_by_id().items()}
    for line, instead, mistake in WRONG[exercise]:
        assert line in right, line
        session.run(f"{exercise}-answer", right.replace(line, instead))
        shown = session.text(f"{exercise}-test")
        assert "Not yet" in shown or "Partly right" in shown, shown
        assert "20 of 20" not in shown
        if mistake:
            assert titles[mistake] in shown, shown
            assert "Counterexample: " in shown and "Hint: " in shown
    session.run(f"{exercise}-answer", right)
    assert "20 of 20 points" in session.text(f"{exercise}-test")


def test_an_exception_is_shown_with_the_line_of_the_students_cell(session) -> None:
    exercise = session.exercise
    right = next(cell.source for cell in read(exercise).cells if cell["id"] == f"{exercise}-answer")
    line, broken = {
        "b1": ("param -= self.lr * self.velocities[i]", "param -= self.rate * self.velocities[i]"),
        "b2": ("v_hat = self.v[i]", "v_hat = self.w[i]"),
        "b3": ("pos -= lr * velocity", "pos -= lr * speed"),
    }[exercise]
    session.run(f"{exercise}-answer", right.replace(line, broken))
    shown = session.text(f"{exercise}-test")
    number = right[: right.index(line)].count("\n") + 1
    assert f"Where: line {number} of your cell" in shown and broken in shown, shown
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
        elif cell["id"] in ("bound", "spirals", "correction", "picture", "distances"):
            assert "first, in the cell above" in str(outputs)
