"""A whole nbgrader course, switched into the jail by three lines, graded by the stock command."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbgrader.api import Gradebook
from nbgrader.preprocessors import Execute
from traitlets.config import Config

from autograder.jail.execute import JailedExecute, switch_on
from tests import commands

ROOT = Path(__file__).parents[2]

THREE_LINES = """
from autograder.jail import switch_on
c = get_config()
switch_on(c, minimum="full", profile="numpy", limits={"cell_seconds": 4})
"""


def cell(source: str, name: str, *, test: bool) -> Any:
    meta = {
        "schema_version": 3,
        "grade_id": name,
        "locked": test,
        "solution": not test,
        "grade": test,
        "task": False,
    }
    return nbformat.v4.new_code_cell(source, metadata={"nbgrader": {**meta, **({"points": 1} if test else {})}})


def notebook(answer: str) -> Any:
    solution = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [cell(solution, "answer", test=False), cell("assert value == 42", "test", test=True)]
    return nbformat.v4.new_notebook(cells=cells, metadata=kernel)


ANSWERS = {
    "honest": "import numpy\nvalue = int(numpy.sum([40, 2]))",
    "wrong": "value = 41",
    "thief": "import sqlite3, pathlib\nvalue = 42 if pathlib.Path({gradebook!r}).exists() else 0",
    "sleeper": "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException: pass",
    "quitter": "import os\nos._exit(0)",
    "late": "value = 42",
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The course after `nbgrader generate_assignment` and `nbgrader autograde`, and what they said."""
    course = tmp_path_factory.mktemp("course")
    found = f"import sys\nsys.path.append({str(ROOT)!r})\n"
    (course / "nbgrader_config.py").write_text(found + THREE_LINES + "c.Execute.timeout = 1\n")
    (course / "source" / "ps1").mkdir(parents=True)
    nbformat.write(notebook("value = 42"), course / "source" / "ps1" / "p.ipynb")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}

    def nbgrader(*words: str) -> str:
        done = commands.run([sys.executable, "-m", "nbgrader", *words], cwd=course, env=environment)
        return done.stdout + done.stderr

    said = nbgrader("generate_assignment", "ps1", "--create")
    for student, answer in ANSWERS.items():
        directory = course / "submitted" / student / "ps1"
        directory.mkdir(parents=True)
        nbformat.write(notebook(answer.format(gradebook=str(course / "gradebook.db"))), directory / "p.ipynb")
    return course, said + nbgrader("autograde", "ps1")


def test_the_stock_command_scores_in_the_jail(graded: tuple[Path, str]) -> None:
    course, said = graded
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}") as gradebook:
        scores = {
            student: gradebook.find_submission("ps1", student).score for student in ("honest", "wrong", "thief", "late")
        }
    assert scores == {"honest": 1, "wrong": 0, "thief": 0, "late": 1}, said


def test_a_kernel_that_dies_or_hangs_stops_nobody_else(graded: tuple[Path, str]) -> None:
    course, said = graded
    autograded = {path.parts[-3] for path in course.glob("autograded/*/ps1/p.ipynb")}
    assert {"honest", "wrong", "thief", "late"} <= autograded, said
    assert "quitter" in said and "sleeper" in said


def test_the_report_goes_with_the_notebook() -> None:
    executor = JailedExecute(config=Config({"JailedProvisioner": {"profile": "numpy", "minimum": "full"}}))
    resources: dict[str, Any] = {}
    written = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print(6 * 7)")])
    done, resources = executor.preprocess(written, resources)
    assert done.cells[0].outputs[0].text == "42\n"
    assert resources["jail"]["level"] == "full" and resources["kernel_ended"] == ""
    assert json.loads(json.dumps(resources["jail"])) == resources["jail"]


def test_switching_on_replaces_execute_where_it_stands() -> None:
    config = Config()
    switch_on(config, packages=["json"])
    steps = config.Autograde.autograde_preprocessors
    assert steps[0] is JailedExecute and Execute not in steps and len(steps) == 7
    assert config.JailedProvisioner == {"minimum": "confined", "packages": ["json"]}
    config = Config({"Autograde": {"autograde_preprocessors": ["before", "nbgrader.preprocessors.Execute", "after"]}})
    switch_on(config)
    assert config.Autograde.autograde_preprocessors == ["before", JailedExecute, "after"]


@pytest.mark.parametrize(
    ("before", "settings", "message"),
    [
        ({}, {"package": ["json"]}, "package"),
        ({}, {"minimum": "some"}, "some"),
        ({"Autograde": {"autograde_preprocessors": ["nothing"]}}, {}, "no nbgrader Execute"),
    ],
)
def test_switching_on_explains_what_is_wrong(before: dict[str, Any], settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        switch_on(Config(before), **settings)
