"""The exchange between people with accounts of their own: what each gets, and what none of them can read."""

from __future__ import annotations

import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

from autograder.cells import answer_cells, without_markers
from autograder.course import ROOT
from tests import commands
from tests.copying import without

PART, NOTEBOOK = "part_a", "a3_rmsprop"
STUDENTS = {"ada": 42001, "ben": 42002}  #: and the user ids they have where this test may give them some
WRONG = "second_moment = g**2"  #: Ben's


@dataclass(frozen=True)
class Class:
    """A course folder, the exchange beside it, and a home for each student."""

    course: Path
    exchange: Path
    homes: dict[str, Path]
    separate: bool  #: whether each student really is another user of this machine

    def teach(self, *command: str) -> str:
        """Run Python with these words as the instructor."""
        return self._run(self.course, {"HOME": str(self.course)}, None, command)

    def study(self, student: str, *command: str, folder: str = "") -> str:
        """Run Python with these words as a student, who knows of the course no more than its name and the exchange."""
        home = self.homes[student]
        own = {"HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data")}
        return self._run(home / folder, own, STUDENTS[student] if self.separate else None, command)

    def nbgrader(self, student: str, command: str) -> str:
        """Run one of nbgrader's commands as a student."""
        return self.study(
            student,
            "-m",
            "nbgrader",
            command,
            PART,
            "--course=learning_rate",
            f"--Exchange.root={self.exchange}",
            f"--CourseDirectory.student_id={student}",
        )

    def _run(self, where: Path, own: dict[str, str], user: int | None, command: tuple[str, ...]) -> str:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "LRTUTORIAL"))}
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        done = commands.run([sys.executable, *command], cwd=where, env={**kept, **own, "PATH": path}, user=user)
        assert done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr


def can_be_others() -> bool:
    """Say whether this process may run the course's programs as other users of the machine."""
    if os.geteuid() != 0:
        return False
    read_all = "import nbgrader, os\nfor module in (nbgrader, os):\n    open(module.__file__).close()"
    command = [sys.executable, "-c", read_all]  # what a command imports later must be readable to them, too
    return commands.run(command, cwd=Path("/"), env=os.environ, user=STUDENTS["ada"]).returncode == 0


@pytest.fixture(scope="module")
def taught() -> Iterator[Class]:
    """A course of one exercise and two students: released, fetched, submitted, collected, graded, fed back."""
    base = Path(tempfile.mkdtemp(prefix="term-"))  # pytest keeps its own folders from other users
    course, exchange = base / "course", base / "exchange"
    for package in ("lrtutorial", "autograder"):
        shutil.copytree(ROOT / package, course / package, ignore=without("__pycache__"))
    config = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    own = f'c = get_config()\nc.Exchange.root = "{exchange}"\n'
    (course / "nbgrader_config.py").write_text(config + own, encoding="utf-8")
    (course / "solutions" / PART).mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / PART / f"{NOTEBOOK}.ipynb", course / "solutions" / PART)
    exchange.mkdir()
    exchange.chmod(0o777)
    separate = can_be_others()
    homes = {name: base / f"home_{name}" for name in STUDENTS}
    people = Class(course, exchange, homes, separate)
    base.chmod(0o711)
    course.chmod(0o700)
    for name, home in homes.items():
        home.mkdir(mode=0o700)
        # what a student is given: the package, no autograder and no solutions
        shutil.copytree(ROOT / "lrtutorial", home / "lrtutorial", ignore=shutil.ignore_patterns("__pycache__"))
        if separate:
            for place, folders, files in os.walk(home):
                for entry in (place, *(os.path.join(place, one) for one in folders + files)):
                    os.chown(entry, STUDENTS[name], STUDENTS[name])
    people.teach("-m", "nbgrader", "generate_assignment", PART, "--create")
    people.teach("-m", "nbgrader", "release_assignment", PART)
    for name in STUDENTS:
        people.nbgrader(name, "fetch_assignment")
        answer(people, name)
        people.nbgrader(name, "submit")
    people.teach("-m", "nbgrader", "collect", PART)
    people.teach("-m", "autograder", "grade", PART)
    people.teach("-m", "nbgrader", "generate_feedback", PART)
    people.teach("-m", "nbgrader", "release_feedback", PART)
    for name in STUDENTS:
        people.nbgrader(name, "fetch_feedback")
    yield people
    shutil.rmtree(base)


def answer(people: Class, name: str) -> None:
    """Fill in the fetched notebook, as its owner."""
    path = people.homes[name] / PART / f"{NOTEBOOK}.ipynb"
    about = path.stat()
    notebook = nbformat.read(path, as_version=4)
    right = answer_cells(nbformat.read(ROOT / "solutions" / PART / path.name, as_version=4))
    for grade_id, cell in answer_cells(notebook).items():
        cell.source = without_markers(right[grade_id])
        if name == "ben" and grade_id == "a3-second_moment-answer":
            cell.source = WRONG
    nbformat.write(notebook, path)
    os.chown(path, about.st_uid, about.st_gid)


def fetched(people: Class, name: str) -> str:
    """The feedback page that a student has fetched."""
    (page,) = (people.homes[name] / PART / "feedback").rglob("*.html")
    assert page.stem == NOTEBOOK
    return page.read_text(encoding="utf-8")


def words_of(folder: Path) -> dict[str, str]:
    """Every file below a folder, as text, by its path in it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace") for path in files}


def test_each_gets_the_own_feedback_and_no_other(taught: Class) -> None:
    for name, points in (("ada", "20 of 20 points"), ("ben", " of 20 points")):
        page = fetched(taught, name)
        assert f"Feedback for <b>{name}</b>" in page and points in page
        other = "ben" if name == "ada" else "ada"
        assert f"<b>{other}</b>" not in page
    ben = BeautifulSoup(fetched(taught, "ben"), "html.parser")
    assert ben.select_one(".total").get_text() == "13 of 20 points" and WRONG in ben.get_text()
    pages = list((taught.exchange / "learning_rate/feedback").iterdir())
    assert len(pages) == 2 and all(re.fullmatch(r"[0-9a-f]{32}\.html", page.name) for page in pages)
    # nobody can list the pages: their names are digests that only the submission's owner can compute
    assert stat.S_IMODE((taught.exchange / "learning_rate/feedback").stat().st_mode) & stat.S_IROTH == 0


def test_another_users_submission_and_the_course_are_out_of_reach(taught: Class) -> None:
    if not taught.separate:
        pytest.skip("needs root, and a Python that others can read, to be two other users")
    try_to_read = (
        "import os, sys\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        os.listdir(path) if os.path.isdir(path) else open(path).read()\n"
        "    except PermissionError:\n"
        "        continue\n"
        "    print('reached', path)\n"
    )
    course = taught.course
    closed = [
        course / "autograder/course/gradebook.db",
        course / "autograder/course/secret",
        course / "solutions" / PART,
        course / f"autograder/course/submitted/ada/{PART}",
        taught.homes["ada"],
        taught.exchange / "learning_rate/inbound",
        taught.exchange / "learning_rate/feedback",
    ]
    assert taught.study("ben", "-c", try_to_read, *map(str, closed)) == ""
    own = taught.homes["ben"] / PART
    assert "reached" in taught.study("ben", "-c", try_to_read, str(own)), "the question can be answered"


def test_neither_release_nor_feedback_holds_solution_secret_or_gradebook(taught: Class) -> None:
    secret = (taught.course / "autograder/course/secret").read_text().strip()
    solution = nbformat.read(taught.course / "solutions" / PART / f"{NOTEBOOK}.ipynb", as_version=4)
    answers = {without_markers(cell) for cell in answer_cells(solution).values()}
    outbound = words_of(taught.exchange / "learning_rate/outbound")
    assert set(outbound) == {f"{PART}/{NOTEBOOK}.ipynb"}
    (release,) = outbound.values()
    text = "\n".join(cell.source for cell in nbformat.reads(release, as_version=4).cells)
    assert not [one for one in answers if one in text] and "BEGIN SOLUTION" not in text
    feedback = words_of(taught.exchange / "learning_rate/feedback")
    for name, text in {**outbound, **feedback}.items():
        assert secret not in text and str(taught.course) not in text, name
        assert "nonce" not in text and "sqlite" not in text.lower(), name
    assert not [
        one
        for one in answers
        if len(one) > 15 and one in fetched(taught, "ben").replace("&#39;", "'") and one.startswith("second_moment")
    ]


def test_the_fetched_notebook_works_with_the_student_package_alone(taught: Class) -> None:
    program = (
        "import json, pathlib, sys\n"
        "sys.path.insert(0, '..')\n"
        f"cells = json.loads(pathlib.Path('{NOTEBOOK}.ipynb').read_text())['cells']\n"
        "code = [''.join(c['source']) for c in cells if c['cell_type'] == 'code' and 'experiment' not in"
        " c['metadata'].get('tags', [])]\n"
        "names = {}\n"
        "for source in code:\n"
        "    if not source.startswith(('hint', 'reveal')):\n"
        "        exec(source, names)\n"
        "import lrtutorial, importlib.util\n"
        "print('package', pathlib.Path(lrtutorial.__file__).resolve().parents[1].name)\n"
        "print('autograder', importlib.util.find_spec('autograder'))\n"
    )
    said = taught.study("ada", "-c", program, folder=PART)
    assert "a3-second_moment: Right." in said and "package home_ada" in said and "autograder None" in said


def test_fetching_twice_keeps_the_students_work(taught: Class) -> None:
    path = taught.homes["ben"] / PART / f"{NOTEBOOK}.ipynb"
    before = path.read_bytes()
    with pytest.raises(AssertionError, match="already have a copy"):
        taught.nbgrader("ben", "fetch_assignment")
    assert path.read_bytes() == before
