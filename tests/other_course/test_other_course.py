"""A course of another subject, from its folder alone: released, checked, graded by both doors, reported, exported.

``course/`` beside this file holds what its author writes, as docs/author.md says; no line of the engine is changed.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook

from tests import commands
from tests.copying import without
from tests.other_course.ours import course_files

pytestmark = pytest.mark.whole

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = Path(__file__).with_name("course")
AT_LEAST_ONE = "def at_least_one(n, p):\n    {}\n"
#: What each student hands in: (the variance, the body of the function), and the points of coins and tries.
STUDENTS = {
    "right": (("n * p * (1 - p)", "return 1 - (1 - p) ** n"), (40, 60)),
    "as_text": (("'n p - n p^2'", "return 1 - (1 - p) ** n"), (40, 60)),
    "mean_and_sum": (("n * p", "return n * p"), (0, 10)),
    "one_and_all": (("p * (1 - p)", "return p ** n"), (0, 20)),
    "squared_and_none": (("n**2 * p * (1 - p)", "return (1 - p) ** n"), (0, 0)),
    "open": (("...", "..."), (0, 0)),
    "out_of_reach": (
        ("n * p * (1 - p)", "from scipy.special import expm1, log1p\n    return float(-expm1(n * log1p(-p)))"),
        (40, 0),  # nothing of libraries, but the course's own profile hides all of SciPy
    ),
    "delegates": (("n * p * (1 - p)", "import scipy.stats\n    return 1 - scipy.stats.binom.cdf(0, n, p)"), (40, 0)),
}
MISTAKES = {
    "mean_and_sum": ("This is the mean number of heads", "The chances of single tries are added up"),
    "one_and_all": ("This is the variance of a single toss", "This is the chance that every try succeeds"),
    "squared_and_none": ("The number of tosses enters squared", "This is the chance that no try succeeds"),
}


def graded(name: str, source: str, points: float | None = None):
    """An answer cell, or with points a test cell."""
    about = {"grade_id": name, "schema_version": 3, "cell_type": "code", "task": False}
    about |= {"grade": points is not None, "solution": points is None, "locked": points is not None}
    if points is not None:
        about["points"] = points
    return new_code_cell(source, id=name, metadata={"nbgrader": about})


def notebook(title: str, imports: str, *cells):
    """A notebook of the course as its author writes it."""
    begins = (new_markdown_cell(f"# {title}", id="title"), new_code_cell(imports, id="imports"))
    made = new_notebook(cells=[*begins, *cells])
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return made


def run(course: Path, *command: str) -> str:
    """Run Python in the course's folder; it must succeed."""
    unwanted = ("LRTUTORIAL", "AUTOGRADER", "PYTEST")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment |= {"PATH": path, "LRTUTORIAL_PROGRESS": "off"}
    done = commands.run([sys.executable, *command], cwd=course, env=environment)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The engine, as it is, with the other course in the place of ours: released, answered, graded by the engine."""
    folder = tmp_path_factory.mktemp("other") / "chance"
    for name in ("autograder", "lrtutorial"):
        shutil.copytree(ROOT / name, folder / name, ignore=without("__pycache__", "static", ".*"))
    for ours in course_files(folder):  # what still imports a piece of our own course fails
        shutil.rmtree(ours) if ours.is_dir() else ours.unlink()
    shutil.copytree(WRITTEN, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    solutions = folder / "solutions" / "week_1"
    solutions.mkdir(parents=True)
    begin, end = "### BEGIN SOLUTION\n", "\n### END SOLUTION"
    nbformat.write(
        notebook(
            "Coins",
            "from probability import check, hint\nfrom probability.symbols import n, p",
            graded("coins-variance-answer", f"{begin}variance = n * p * (1 - p){end}"),
            graded("coins-variance-test", 'check("coins-variance", variance)', points=40),
        ),
        solutions / "coins.ipynb",
    )
    nbformat.write(
        notebook(
            "Tries",
            "from probability import check, hint",
            graded("tries-answer", f"{begin}{AT_LEAST_ONE.format('return 1 - (1 - p) ** n')}{end}"),
            graded("tries-test", 'check("tries", at_least_one)', points=60),
        ),
        solutions / "tries.ipynb",
    )
    run(folder, "-m", "autograder", "record")
    run(folder, "-m", "nbgrader", "generate_assignment", "week_1", "--create")
    for student, (answers, _) in STUDENTS.items():
        hand_in(folder, student, *answers)
    run(folder, "-m", "autograder", "grade", "week_1", "--workers", "2")
    return folder


def hand_in(course: Path, student: str, variance: str, body: str) -> None:
    """Answer the released notebooks, and hand them in."""
    sources = {"coins-variance-answer": f"variance = {variance}", "tries-answer": AT_LEAST_ONE.format(body)}
    folder = course / "autograder" / "course" / "submitted" / student / "week_1"
    folder.mkdir(parents=True)
    for path in (course / "notebooks" / "week_1").glob("*.ipynb"):
        answered = nbformat.read(path, as_version=4)
        for cell in answered.cells:
            cell.source = sources.get(cell.metadata.get("nbgrader", {}).get("grade_id", ""), cell.source)
        nbformat.write(answered, folder / path.name)


def scores(course: Path) -> dict[str, tuple[float, float]]:
    """Return each student's points of both notebooks."""
    with Gradebook(f"sqlite:///{course}/autograder/course/gradebook.db") as gradebook:
        return {
            student: tuple(
                gradebook.find_submission_notebook(name, "week_1", student).score for name in ("coins", "tries")
            )
            for student in STUDENTS
        }


EXPECTED = {student: points for student, (_, points) in STUDENTS.items()}


def test_the_release_holds_no_answer(course: Path) -> None:
    for name, answer in (("coins", "(1 - p)"), ("tries", "1 - (1")):
        text = (course / "notebooks" / "week_1" / f"{name}.ipynb").read_text()
        assert "= ..." in text and answer not in text


def test_checks_and_hints_know_the_mistakes(course: Path) -> None:
    said = run(
        course,
        "-c",
        "from probability import check, hint\nfrom probability.symbols import n, p\n"
        "check('coins-variance', n*p)\nhint('coins-variance')\ncheck('coins-variance', 'n p (1-p)')\n"
        "check('tries', lambda n, p: (1 - p)**n)\nhint('tries')\ncheck('coins', 1)",
    )
    assert "This is the mean number of heads" in said and "the squared distances average to" in said
    assert "Hint 1 of 4 for coins-variance: At p = 1 every toss is heads" in said
    assert "[40 of 40 points]" in said
    assert "This is the chance that no try succeeds" in said and "at_least_one(1, " in said
    assert "Hint 1 of 4 for tries: What does yours give at p = 1?" in said
    assert "Did you mean 'coins-variance'" in said


def test_the_map_is_that_of_the_course(course: Path) -> None:
    said = run(course, "-c", "import probability\nfrom lrtutorial import course_map\nprint(course_map())")
    assert "0 of 2 exercises done" in said and "Begin with COINS: How far from the mean?" in said


def test_both_doors_give_what_each_answer_deserves(course: Path) -> None:
    assert scores(course) == EXPECTED
    for student in STUDENTS:
        kept = course / "autograder" / "course" / "autograded" / student / "week_1"
        assert (kept / "coins.ipynb").exists()
    run(course, "-m", "nbgrader", "autograde", "week_1", "--force")
    assert scores(course) == EXPECTED


def test_feedback_says_which_mistake_it_was(course: Path) -> None:
    run(course, "-m", "nbgrader", "generate_feedback", "week_1", "--force")
    for student, words in MISTAKES.items():
        folder = course / "autograder" / "course" / "feedback" / student / "week_1"
        for name, said in zip(("coins", "tries"), words, strict=True):
            assert said in (folder / f"{name}.html").read_text(), (student, name)


def test_the_report_says_what_to_say(course: Path) -> None:
    run(course, "-m", "autograder", "report", "--output", "report")
    data = json.loads((course / "report" / "class_report.json").read_text())
    assert [part["title"] for part in data["parts"]] == ["Week 1 · Chance"]
    said = {one["id"]: one["say"] for one in data["parts"][0]["misconceptions"]}
    assert said["tries-adds"].startswith("Draw the tree of two tries")  # the author's own
    assert "takes the mean for the variance" in said["coins-variance-mean"]  # where the author says no more


def test_the_export_has_every_points(course: Path) -> None:
    run(course, "-m", "nbgrader", "export", "--to", "grades.csv")
    rows = list(csv.DictReader((course / "grades.csv").read_text(encoding="utf-8-sig").splitlines()))
    found = {row["student_id"]: float(row["score"]) for row in rows}
    assert found == {student: sum(points) for student, points in EXPECTED.items()}


def test_similar_compares_the_programs(course: Path) -> None:
    run(course, "-m", "autograder", "similar", "week_1")
    page = (course / "autograder" / "course" / "similar" / "similar.html").read_text("utf-8")
    assert "<h1>Similar answers in Week 1 · Chance</h1>" in page and "Part B" not in page and "Adam" not in page
