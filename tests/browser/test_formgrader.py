"""Formgrader in a real JupyterLab, each step once: from the released notebook to feedback that a student fetches.

The same Formgrader then opens a class of fuzzed answers (fuzzed_answers.py).
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import FrameLocator, Page, expect

from autograder.cells import answer_cells, without_markers
from autograder.gradebook.ledger import Ledger
from lrtutorial.course import find_step
from tests import commands
from tests.browser.conftest import JupyterLab
from tests.browser.fuzzed_answers import assert_every_answer_opens_and_a_picture_is_graded
from tests.browser.pictures import picture
from tests.copying import without

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "c2_momentum_intuition"  # the quickest of Part C to grade
WORDS = "Momentum lets alternating gradients cancel while agreeing ones add up along the floor of the ravine."
#: What a student may try in a written answer: in Formgrader a script would act for the instructor.
FORGED = "<script>window.forged = true</script><img src=x onerror='window.forged = true'>"
COMMENT = "Say which number shows it: $\\beta = 0.9$."

pytestmark = pytest.mark.filterwarnings("ignore")  # nbgrader's own dependencies warn


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the course with one exercise, so that nothing here touches the repository's own folders."""
    for name in ("LRTUTORIAL_COURSE", "LRTUTORIAL_GRADED"):
        monkeypatch.delenv(name, raising=False)
    beside = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    monkeypatch.setenv("PATH", os.pathsep.join([beside, os.environ["PATH"]]))
    to = tmp_path / "course"
    skip = without("__pycache__")
    for package in ("lrtutorial", "autograder"):
        shutil.copytree(ROOT / package, to / package, ignore=skip)
    shutil.copy(ROOT / "nbgrader_config.py", to)
    (to / "solutions/part_c").mkdir(parents=True)
    shutil.copy(ROOT / f"solutions/part_c/{NOTEBOOK}.ipynb", to / "solutions/part_c")
    (to / "autograder/course").mkdir()
    Gradebook(f"sqlite:///{to / 'autograder/course/gradebook.db'}").close()  # empty; nbgrader takes seconds to make it
    return to


class Desk:
    """The instructor's Formgrader, in its tab of JupyterLab."""

    def __init__(self, page: Page, lab: JupyterLab):
        self.page, self.lab = page, lab

    def open(self) -> Desk:
        self.page.goto(f"{self.lab.url}/lab?token={self.lab.token}&reset")
        self.page.get_by_role("menuitem", name="Nbgrader", exact=True).click()
        self.page.get_by_role("menuitem", name="Formgrader", exact=True).click()
        expect(self.row("part_c")).to_be_visible()
        return self

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe").first

    def row(self, text: str):
        return self.frame.locator("tr", has=self.frame.get_by_text(text, exact=True)).last

    def press(self, row: str, button: str, kept: str = "") -> str:
        """Press a button in a row of the table, wait for what it says, and return that; keep a picture by this name."""
        self.row(row).locator(f".{button} a").click()
        modal = self.frame.locator(".modal.in").last
        expect(modal.locator(".modal-title")).to_have_text("Success")
        said = modal.inner_text()
        if kept:
            self.screenshot(kept)
        modal.get_by_role("button", name="Close").last.click()
        expect(self.frame.locator(".modal.in")).to_have_count(0)
        return said

    def screenshot(self, name: str) -> None:
        self.page.wait_for_timeout(400)  # Bootstrap's own fading
        picture(self.page, f"formgrader-{name}")


def by_student(course: Path, home: Path, name: str, *command: str) -> str:
    """Run one of nbgrader's commands as a student does: at home, knowing of the course no more than the exchange."""
    home.mkdir(exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("JUPYTER", "LRTUTORIAL"))}
    exchange = course / "autograder/course/exchange"
    done = commands.run(
        [sys.executable, "-m", "nbgrader", *command, "--course=learning_rate", f"--Exchange.root={exchange}",
         f"--CourseDirectory.student_id={name}"],
        cwd=home, env={**environment, "HOME": str(home), "JUPYTER_DATA_DIR": str(home / "data")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def answer(folder: Path, words: str) -> None:
    """Fill in the fetched notebook: right predictions, one's own words."""
    path = folder / f"{NOTEBOOK}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    right = answer_cells(nbformat.read(ROOT / f"solutions/part_c/{NOTEBOOK}.ipynb", as_version=4))
    for grade_id, cell in answer_cells(notebook).items():
        cell.source = words if grade_id == "c2-written" else without_markers(right[grade_id])
    nbformat.write(notebook, path)


# Longer than sixty lines, as tests/project/test_rooms.py knows: one way, each page from the last.
def test_the_whole_way_in_formgrader(
    course: Path, tmp_path: Path, jupyterlab_in: Callable[[Path], JupyterLab], page: Page
) -> None:
    page.set_viewport_size({"width": 1500, "height": 1000})
    desk = Desk(page, jupyterlab_in(course)).open()
    expect(desk.row("part_c").locator(".status")).to_have_text("draft")
    desk.screenshot("1-assignments")

    # create another assignment, give Part C a due date
    desk.frame.get_by_role("link", name="Add new assignment...").click()
    desk.frame.locator(".modal.in input.name").fill("part_d")
    desk.frame.locator(".modal.in .save").click()
    expect(desk.row("part_d")).to_be_visible()
    expect(desk.frame.locator(".modal.in")).to_have_count(0)
    desk.page.wait_for_timeout(500)
    assert (course / "solutions/part_d").is_dir()
    desk.row("part_c").locator(".edit a").click()
    desk.frame.locator(".modal.in .modal-duedate").fill("2099-01-31T18:00")
    desk.frame.locator(".modal.in .modal-timezone").fill("+0100")
    desk.screenshot("2-due-date")
    desk.frame.locator(".modal.in .save").click()
    expect(desk.row("part_c").locator(".duedate")).to_contain_text("2099-01-31")

    # generate and release
    desk.press("part_c", "assign", "3-generated")
    release = nbformat.read(course / f"notebooks/part_c/{NOTEBOOK}.ipynb", as_version=4)
    assert "MARK SCHEME" not in str(release) and "Write your answer here" in str(release)
    desk.press("part_c", "release")
    expect(desk.row("part_c").locator(".status")).to_have_text("released")

    # two students fetch, answer and submit
    homes = {name: tmp_path / f"home of {name}" for name in ("ada", "eve")}
    for name, home in homes.items():
        by_student(course, home, name, "fetch_assignment", "part_c")
        answer(home / "part_c", WORDS if name == "ada" else f"{FORGED} {WORDS}")
        by_student(course, home, name, "submit", "part_c")

    # collect and autograde
    desk.press("part_c", "collect")
    expect(desk.row("part_c").locator(".num-submissions")).to_have_text("2")
    desk.row("part_c").locator(".num-submissions a").click()
    for name in homes:
        expect(desk.row(name).locator(".status")).to_have_text("needs autograding")
        desk.press(name, "autograde")
        expect(desk.row(name).locator(".status")).to_have_text("needs manual grading")
        expect(desk.row(name).locator(".score")).to_have_text("8 / 18")
    desk.screenshot("6-submissions")
    state = course / "autograder/course"
    with Ledger(f"sqlite:///{state / 'gradebook.db'}") as ledger:
        rows = ledger.verdicts("part_c")
        jails = [json.loads(row["jail"])["level"] for row in ledger.submissions("part_c")]
    assert {row["status"] for row in rows} == {"right"}
    assert len(jails) == 2 and set(jails) <= {"confined", "full"}

    # grade by hand, with the keyboard alone
    desk.frame.get_by_text("Manual Grading").first.click()
    desk.frame.get_by_role("link", name="part_c").click()
    desk.frame.get_by_role("link", name=NOTEBOOK).click()
    desk.screenshot("7-to-grade-by-hand")
    desk.frame.get_by_role("link", name="Submission #1").click()
    score = desk.frame.locator("#c2-written")
    expect(score).to_be_visible()
    grade_by_hand(desk, score)

    # feedback for all: made and released
    desk.frame.get_by_role("link", name="part_c").first.click()
    desk.frame.get_by_role("link", name="Manage Assignments").click()
    desk.press("part_c", "generate-feedback")
    desk.press("part_c", "release-feedback")
    for name, home in homes.items():
        by_student(course, home, name, "fetch_feedback", "part_c")
        (html,) = (home / "part_c/feedback").rglob("*.html")
        text = html.read_text(encoding="utf-8")
        assert f"Feedback for <b>{name}</b>" in text and "7.5 of 10 points" in text and "<math" in text
        assert "(a) Ravine: what momentum does" in text and "MARK SCHEME" not in text
        assert "<script" not in text and "onerror" not in text
    page.goto(html.as_uri())
    page.locator("#c2-written").scroll_into_view_if_needed()
    picture(page, "formgrader-9-fetched")
    assert_every_answer_opens_and_a_picture_is_graded(course, NOTEBOOK, desk.lab, page)


def grade_by_hand(desk: Desk, score) -> None:
    """Give 7.5 points and a comment to both submissions, without a mouse."""
    for number in (1, 2):
        expect(desk.frame.locator("#c2-prediction_1-test")).to_have_attribute(
            "placeholder", f"{find_step('c2-prediction_1').points:g}"
        )  # the check's points, which a number typed here replaces
        answer, rubric = desk.frame.get_by_text("agreeing ones add up"), desk.frame.get_by_text("Rubric (10 points)")
        assert answer.bounding_box()["y"] < rubric.bounding_box()["y"]
        assert rubric.bounding_box()["y"] - answer.bounding_box()["y"] < 400, "in one view"
        text = desk.frame.locator("body").inner_text()
        assert text.index("Rubric (10 points)") < text.index("(a) Ravine: what momentum does")
        assert "independent noise averages out while the true gradient stays" in text
        assert desk.page.evaluate("() => [...document.querySelectorAll('iframe')].every(f => !f.contentWindow.forged)")
        score.focus()
        score.fill("7.5")
        comment = desk.frame.locator("#c2-written-comment")
        for _ in range(3):  # on the way lies the box for extra points
            desk.page.keyboard.press("Tab")
            desk.page.wait_for_timeout(300)  # it scrolls there
            if comment.evaluate("box => box === document.activeElement"):
                break
        expect(comment).to_be_focused()
        desk.page.keyboard.type(COMMENT)
        if number == 1:
            desk.screenshot("8-by-hand")
        with desk.page.expect_response(lambda answer: "/api/comment/" in answer.url) as saved:
            desk.page.keyboard.press("Shift+Tab")  # leaving a box saves it
        assert saved.value.ok
        if number == 1:
            desk.frame.locator("li.next a").press("Enter")
            expect(desk.frame.get_by_text("Submission 2 / 2")).to_be_visible()
