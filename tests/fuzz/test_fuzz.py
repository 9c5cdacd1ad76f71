"""Mutated submissions with honest ones between: every file has an outcome, and nobody costs another anything.

``FUZZ`` submissions of two parts in all, the first part's from seed ``FUZZ_SEED``, the other's from the next one;
``make fuzz`` tries 10,000.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pytest

from autograder.cells import answer_cells, without_markers
from autograder.gradebook.ledger import Ledger
from autograder.intake.text import holds, student_of
from tests import commands
from tests.fuzz.generator import BYTES, STRUCTURE, Submission, a_class
from tests.grading.conftest import ROOT, environment
from tests.released import Release, release  # noqa: F401 – a fixture

pytestmark = pytest.mark.whole

SIZE, SEED = int(os.environ.get("FUZZ", "140")), int(os.environ.get("FUZZ_SEED", "24"))
PARTS = {"part_b": ("b2_adam", "b5_cosine_restarts"), "part_c": ("c1_why_rate_matters", "c2_momentum_intuition")}
AT_ONCE = 500  #: submissions of one class; more are more classes
BY_STOCK = 15  #: of a class, that nbgrader's own command grades, too
MOST_MEMORY = 1500  #: MB of any one process


class Fuzzed:
    """A graded class, what was handed in, and what the commands said."""

    def __init__(self, course: Path, part: str, submissions: list[Submission]):
        """``course``: a folder into which the part was released."""
        self.course, self.part, self.submissions = course, part, submissions
        self.said: dict[str, str] = {}
        self.stock = Path(shutil.copytree(course, course.parent / "stock"))
        for submission in submissions:
            submission.write(course / "submitted", part)
        for submission in submissions[:BY_STOCK]:
            submission.write(self.stock / "submitted", part)
        self.run("grade", "autograder", "grade", part)
        self.run("feedback", "nbgrader", "generate_feedback", part)
        self.run("export", "nbgrader", "export", "--exporter=autograder.export.Csv", "--to", str(course / "grades.csv"))
        self.run("report", "autograder", "report", part, "--output", str(course / "report"))
        self.run("again", "autograder", "grade", part)
        shutil.copy(course / "secret", self.stock)
        if (
            course / "expectations"
        ).exists():  # what Part C's experiments gave: to measure it takes longer than all else
            shutil.copytree(course / "expectations", self.stock / "expectations")
        self.run("stock", "nbgrader", "autograde", part, course=self.stock)

    def run(self, name: str, *words: str, course: Path | None = None) -> None:
        """Run a command within bounds of memory and of processor time, which don't depend on what else runs.

        Those that grade start their zygotes themselves, so that kernels are within the bounds, too.
        """
        seconds = 120 + 4 * len(self.submissions)
        done = commands.run(
            [sys.executable, "-m", *words],
            cwd=ROOT,
            env=environment(course or self.course),
            most=seconds,
            quick_zygotes=name not in ("grade", "stock"),
        )
        self.said[name] = done.stdout + done.stderr
        print(f"{self.part}, {name}: {done.megabytes:.0f} MB, {done.seconds:.1f} s of processor")
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{self.said[name][-6000:]}"
        assert "Traceback" not in self.said[name], self.said[name][-6000:]
        assert done.megabytes < MOST_MEMORY, f"{words} took {done.megabytes:.0f} MB"

    @property
    def students(self) -> dict[str, Submission]:
        """The submissions by student."""
        return {student_of(one.on_disk): one for one in self.submissions}


def everybody(part: str) -> list[Submission]:
    """All submissions of a part. Each part has mutations of its own: a seed deals others."""
    return list(a_class(SEED + list(PARTS).index(part), SIZE // len(PARTS), answered(part)))


def answered(part: str, names: Sequence[str] = ()) -> dict[str, dict]:
    """The part's notebooks with the model answers in the release's cells, as JSON has them."""
    found = {}
    for name in names or PARTS[part]:
        handed_out = nbformat.read(ROOT / "notebooks" / part / f"{name}.ipynb", as_version=4)
        right = answer_cells(nbformat.read(ROOT / "solutions" / part / f"{name}.ipynb", as_version=4))
        for name_, cell in answer_cells(handed_out).items():
            cell.source = without_markers(right[name_])
        found[name] = json.loads(nbformat.writes(handed_out))
    return found


#: A class is graded once: what is asked of it stays on one worker.
EACH = [pytest.param(part, marks=pytest.mark.xdist_group(f"fuzz-{part}")) for part in PARTS]


@pytest.fixture(scope="module", params=EACH)
def fuzzed(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    release: Release,  # noqa: F811
) -> Iterator[list[Fuzzed]]:
    part, whole = request.param, everybody(request.param)
    yield [
        Fuzzed(release(tmp_path_factory.mktemp("fuzz") / "course", part), part, whole[start : start + AT_ONCE])
        for start in range(0, len(whole), AT_ONCE)
    ]


@pytest.mark.parametrize("part", PARTS)
def test_the_class_has_every_kind_of_mutation(part: str) -> None:
    """``make test`` grades a small class: what a large one holds is in it too, and more than once."""
    made = Counter(name for one in everybody(part) for name in set(one.made))
    assert set(made) == {kind.__name__ for kind in (*STRUCTURE, *BYTES)} | {"misplaced", "time"}
    assert min(made.values()) >= 3


def test_every_submission_has_a_status_and_a_page(fuzzed: list[Fuzzed]) -> None:
    for one in fuzzed:
        with Ledger(f"sqlite:///{one.course / 'gradebook.db'}") as ledger:
            rows = ledger.submissions(one.part)
        known = {row["student"] for row in rows}
        assert known == set(one.students), [one.students[name].made for name in set(one.students) - known]
        for row in rows:
            page = one.course / "feedback" / row["student"] / one.part / f"{row['notebook']}.html"
            assert page.is_file(), (row["student"], row["status"], one.students[row["student"]].made)
            assert holds(page.read_text("utf-8")) and row["status"] != "failed", (
                row,
                one.students[row["student"]].made,
            )


def test_the_stock_command_finds_the_same(fuzzed: list[Fuzzed]) -> None:
    for one in fuzzed:
        found = []
        for course in (one.course, one.stock):
            with Ledger(f"sqlite:///{course / 'gradebook.db'}") as ledger:
                rows = {
                    row["student"]: [row["notebook"], row["status"], row["reason"]]
                    for row in ledger.submissions(one.part)
                }
                for row in ledger.verdicts(one.part):
                    rows[row["student"]] += [row["step"], row["points"], row["status"]]
            found.append(rows)
        assert len(found[1]) == min(BY_STOCK, len(one.submissions))
        assert {name: (row, found[0][name]) for name, row in found[1].items() if row != found[0][name]} == {}


def test_honest_submissions_have_full_marks(fuzzed: list[Fuzzed]) -> None:
    for one in fuzzed:
        with Ledger(f"sqlite:///{one.course / 'gradebook.db'}") as ledger:
            rows = [row for row in ledger.verdicts(one.part) if one.students[row["student"]].honest]
        assert len({row["student"] for row in rows}) == sum(submission.honest for submission in one.submissions)
        assert all(row["points"] == row["possible"] for row in rows)


def test_nobody_is_absent_from_the_export(fuzzed: list[Fuzzed]) -> None:
    for one in fuzzed:
        with (one.course / "grades.csv").open(encoding="utf-8", newline="") as file:
            text = "\n".join(cell for row in csv.reader(file) for cell in row)
        assert [name for name in one.students if name not in text and name.lstrip("-=") not in text] == []


def test_a_rerun_says_unchanged(fuzzed: list[Fuzzed]) -> None:
    for one in fuzzed:
        said = one.said["again"]
        assert re.search(r"^\d+ unchanged since they were graded", said, re.MULTILINE), said[-2000:]
        assert "graded for the first time" not in said
