"""The class report: its figures are the planted ones, its shareable version tells nothing of anybody."""

from __future__ import annotations

import copy
import csv
import json
import os
import random
import re
import statistics
from collections import Counter
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import axe_playwright_python
import mpmath
import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Browser

from autograder import catalogue
from autograder.__main__ import main
from autograder.demo.synthetic import AWKWARD, Answer, Truth, course_config
from autograder.gradebook.ledger import Ledger
from autograder.names import UnknownName
from autograder.report import PAGE, write_report
from autograder.report import statistics as stats
from autograder.report.class_record import NothingGraded, effort_in
from autograder.report.findings import MASK
from lrtutorial.course import exercises, steps
from tests.browser.conftest import browser as browser  # one Chromium for the page as a reader sees it
from tests.fuzz.generator import STRUCTURE

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
LEFT_OUT = ("missing", "lost")  # planted answers that nobody saw


@dataclass(frozen=True)
class Written:
    """A report as written: its folder, its page, its data."""

    folder: Path
    html: str
    data: dict[str, Any]

    def part(self, name: str) -> dict[str, Any]:
        return next(part for part in self.data["parts"] if part["name"] == name)


def written(truth: Truth, folder: Path, *parts: str, anonymous: bool = False) -> Written:
    page = write_report(parts, anonymous=anonymous, output=folder, config=course_config(truth.course))
    assert page == folder / PAGE
    return Written(folder, page.read_text("utf-8"), json.loads((folder / "class_report.json").read_text("utf-8")))


@pytest.fixture(scope="module")
def report(planted: Truth, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(planted, tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="module")
def shareable(planted: Truth, tmp_path_factory: pytest.TempPathFactory) -> Written:
    return written(planted, tmp_path_factory.mktemp("shareable"), anonymous=True)


def table(report: Written, name: str) -> list[dict[str, str]]:
    with (report.folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def seen(truth: Truth, step: str) -> list[Answer]:
    """The planted answers to a step that grading saw."""
    return [a for a in truth.answers.values() if a.step == step and a.planted not in LEFT_OUT]


# ------------------------------------------------------------------------------------------------ figures


@pytest.mark.parametrize("part", ["part_a", "part_b", "part_c"])
def test_scores_are_the_planted_ones(report: Written, planted: Truth, part: str) -> None:
    shares = []
    for who in planted.handed_in(part):
        mine = [a for a in planted.answers.values() if (a.student, a.part) == (who, part) and a.planted not in LEFT_OUT]
        hand = [w for (s, ex), w in planted.written.items() if s == who and exercises()[ex].part == part]
        graded = [w for w in hand if w.points is not None]
        most = sum(a.possible for a in mine) + sum(w.possible for w in graded)
        if most:
            shares.append((sum(a.points for a in mine) + sum(w.points or 0 for w in graded)) / most)
    told = report.part(part)
    assert told["handed_in"] == len(planted.handed_in(part)) and told["enrolled"] == len(planted.people)
    scores = told["scores"]
    assert scores["students"] == len(shares)
    assert scores["mean"] == pytest.approx(statistics.mean(shares), abs=6e-4)
    assert scores["sd"] == pytest.approx(statistics.stdev(shares), abs=6e-4)
    quartiles = statistics.quantiles(shares, n=4, method="inclusive")
    assert [scores[k] for k in ("lower", "median", "upper")] == pytest.approx(quartiles, abs=6e-4)
    assert sum(b["count"] for b in scores["bins"]) == len(shares)
    for one in scores["bins"][:-1]:
        assert one["count"] == sum(one["from"] <= round(share, 9) < one["to"] for share in shares)
    total = statistics.mean(planted.points(who, part) for who in planted.handed_in(part)) / told["possible"]
    assert scores["gradebook_mean"] == pytest.approx(total, abs=6e-4)


def test_mean_shares_leave_out_what_is_missing(report: Written, planted: Truth) -> None:
    items = {item["id"]: item for part in report.data["parts"] for item in part["items"]}
    assert set(steps()) <= set(items)
    for step in steps():
        answers = seen(planted, step)
        assert items[step]["students"] == len(answers)
        mean = statistics.mean(a.points / a.possible for a in answers)
        assert items[step]["difficulty"] == pytest.approx(mean, abs=6e-4)
        counts = Counter(a.planted for a in answers)
        assert items[step]["right"] == counts["right"]
        assert items[step]["unfinished"] + items[step]["partly"] + items[step]["wrong"] == (
            counts["unfinished"] + counts["misconception"]
        )
    for exercise in (ex for ex in exercises().values() if ex.part == "part_c"):
        graded = [w for (_, ex), w in planted.written.items() if ex == exercise.id and w.points is not None]
        item = items[f"{exercise.id}-written"]
        assert item["students"] == len(graded)
        assert item["difficulty"] == pytest.approx(
            statistics.mean((w.points or 0) / w.possible for w in graded), abs=6e-4
        )
    waiting = sum(w.points is None for w in planted.written.values())
    assert waiting and report.part("part_c")["waiting"] == waiting


@pytest.mark.parametrize("part", ["part_a", "part_b", "part_c"])
def test_discrimination_and_alpha_over_those_who_did_everything(report: Written, planted: Truth, part: str) -> None:
    ids = [step for step in steps() if f"part_{step[0]}" == part]  # part C's written answers wait: left out
    rows = []
    for person in planted.people:
        mine = [planted.answers[person.id, step] for step in ids]
        if all(a.planted not in LEFT_OUT for a in mine):
            rows.append([a.points for a in mine])
    assert report.part(part)["complete"] == len(rows) > 10
    for column, step in enumerate(ids):
        own = [row[column] for row in rows]
        rest = [sum(row) - row[column] for row in rows]
        (item,) = [item for item in report.part(part)["items"] if item["id"] == step]
        if len(set(own)) > 1:
            assert item["discrimination"] == pytest.approx(statistics.correlation(own, rest), abs=6e-4)
        else:
            assert item["discrimination"] is None
    variances = sum(statistics.variance(column) for column in zip(*rows, strict=True))
    k = len(ids)
    alpha = k / (k - 1) * (1 - variances / statistics.variance([sum(row) for row in rows]))
    told = report.part(part)["alpha"]
    assert (told["items"], told["students"]) == (k, len(rows))
    assert told["value"] == pytest.approx(alpha, abs=6e-4)
    assert told["low"] < told["value"] < told["high"]
    assert bool(told["caution"]) == (len(rows) < stats.SMALL_CLASS)


def test_misconceptions_are_the_planted_ones(report: Written, planted: Truth) -> None:
    counts = Counter(a.misconception for a in planted.answers.values() if a.misconception)
    told = {m["id"]: m for part in report.data["parts"] for m in part["misconceptions"]}
    assert {id: m["count"] for id, m in told.items()} == counts
    for id, m in told.items():
        tried = sum(a.planted in ("right", "misconception") for a in seen(planted, m["step"]))
        assert m["tried"] == tried and m["share"] == pytest.approx(m["count"] / tried, abs=1e-4)
        assert m["title"] == catalogue.misconceptions_by_id()[id][1].title and m["say"]
        if m["example"]:
            sources = {a.source for a in planted.answers.values() if a.misconception == id}
            assert any(source.startswith(m["example"].removesuffix("\n…")) for source in sources)
    for part in report.data["parts"]:
        for exercise in {m["exercise"] for m in part["misconceptions"]}:
            held = [m["count"] for m in part["misconceptions"] if m["exercise"] == exercise]
            assert held == sorted(held, reverse=True)
    assert any(m["counterexample"] for m in told.values())
    assert all(m["example"] for m in report.data["lecture"])


def test_repairs_and_failures_are_the_planted_ones(report: Written, planted: Truth) -> None:
    for part in report.data["parts"]:
        for row in part["grading"]["by_exercise"]:
            notebook = exercises()[row["exercise"]].notebook
            counts = Counter(status for (_, name), status in planted.statuses.items() if name == notebook)
            assert {s: row[s] for s in ("graded", "graded with repairs", "rejected", "failed")} == {
                s: counts[s] for s in ("graded", "graded with repairs", "rejected", "failed")
            }
        cases = {(c["student"], c["notebook"]): c["status"] for c in part["grading"]["cases"]}
        names = {exercise.notebook for exercise in exercises().values() if exercise.part == part["name"]}
        assert cases == {k: s for k, s in planted.statuses.items() if s != "graded" and k[1] in names}
        assert all(c["reason"] for c in part["grading"]["cases"])


def test_who_is_stuck_follows_from_what_was_planted(report: Written, planted: Truth) -> None:
    for part in report.data["parts"]:
        told = {(w["student"], w["exercise"]): w for w in part["stuck"]["students"]}
        expected = set()
        for (student, notebook), status in planted.statuses.items():
            exercise = next(ex for ex in exercises().values() if ex.notebook == notebook)
            if exercise.part != part["name"] or not status.startswith("graded"):
                continue
            mine = [planted.answers[student, step.id] for step in exercise.steps]
            undone = sum(a.planted == "unfinished" for a in mine)
            rungs = any(
                planted.hints.get((student, step.id), 0) >= len(step.hints) > 1
                and planted.answers[student, step.id].planted != "right"
                for step in exercise.steps
            )
            if undone >= len(mine) / 2 or (not undone and not sum(a.points for a in mine)) or rungs:
                expected.add((student, exercise.id))
        assert set(told) == expected
        for (student, exercise_id), row in told.items():
            mine = [planted.hints.get((student, step.id), 0) for step in exercises()[exercise_id].steps]
            assert row["hints"] == sum(mine)
            assert row["runs"] == planted.runs[student, exercises()[exercise_id].notebook]
        for row in part["stuck"]["by_exercise"]:
            assert row["stuck"] == sum(exercise == row["exercise"] for _, exercise in expected)
            notebook = exercises()[row["exercise"]].notebook
            absent = [s for s in planted.handed_in(part["name"]) if (s, notebook) not in planted.statuses]
            assert row["missing"] == len(absent) == len(row["who_is_missing"])


def test_the_tables_say_what_the_data_says(report: Written) -> None:
    parts = report.data["parts"]
    rows = {row["step"]: row for row in table(report, "steps.csv")}
    for item in (item for part in parts for item in part["items"]):
        assert float(rows[item["id"]]["mean share"]) == item["difficulty"]
        assert int(rows[item["id"]]["students"]) == item["students"]
    held = {row["misconception"]: int(row["students"]) for row in table(report, "misconceptions.csv")}
    assert held == {m["id"]: m["count"] for part in parts for m in part["misconceptions"]}
    assert {r["exercise"] for r in table(report, "exercises.csv")} == set(exercises())
    students = [row["student"] for row in table(report, "students.csv") if row["part"] == "part_a"]
    assert "'=cmd()" in students and "=cmd()" not in students, "no spreadsheet runs a student's id"


def test_every_figure_has_its_table(report: Written) -> None:
    text = re.sub(r"<[^>]+>", " ", report.html)
    for part in report.data["parts"]:
        for item in part["items"]:
            assert item["id"] in text
        for m in part["misconceptions"]:
            assert m["id"] in text
    assert report.html.count("<img ") == 3 * len(report.data["parts"])
    assert all(len(alt) > 60 for alt in re.findall(r'<img [^>]*alt="([^"]*)"', report.html))


def test_missing_work_is_not_zero(report: Written, planted_copy, tmp_path: Path) -> None:
    truth, before = planted_copy(), report.part("part_b")
    with Gradebook(f"sqlite:///{truth.course / 'gradebook.db'}") as gradebook:
        for number in range(20):  # enrolled, and never heard of
            gradebook.add_student(f"silent_{number}")
    after = written(truth, tmp_path / "after", "part_b").part("part_b")
    assert after["enrolled"] == before["enrolled"] + 20
    assert after["scores"] == before["scores"] and after["items"] == before["items"]


def test_a_hand_grade_on_a_checked_step_counts(report: Written, planted_copy, tmp_path: Path) -> None:
    truth, before = planted_copy(), report.part("part_b")
    answer = next(a for a in truth.answers.values() if a.step == "b2" and a.planted == "misconception")
    with Gradebook(f"sqlite:///{truth.course / 'gradebook.db'}") as gradebook:
        notebook = gradebook.find_submission_notebook(answer.notebook, "part_b", answer.student)
        (grade,) = [grade for grade in notebook.grades if grade.name == "b2-test"]
        grade.manual_score = answer.possible
        gradebook.db.commit()
    after = written(truth, tmp_path / "after", "part_b").part("part_b")
    gain = (answer.possible - answer.points) / answer.possible / len(seen(truth, "b2"))
    old, new = (next(i for i in part["items"] if i["id"] == "b2")["difficulty"] for part in (before, after))
    assert new - old == pytest.approx(gain, abs=1.1e-3) and new > old


# ------------------------------------------------------------------------------------------------ numbers by hand

HAND = np.array([[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]], float)
# item variances 1/4, 1/3, 1/4; totals 3 2 1 0 with variance 5/3: α = 3/2·(1 − (5/6)/(5/3)) = 3/4


def test_alpha_worked_by_hand() -> None:
    alpha = stats.cronbach_alpha(HAND)
    assert alpha.value == pytest.approx(0.75)
    assert "Only 4 students" in alpha.caution
    # F(0.975; 3, 6) = 6.599 and F(0.025; 3, 6) = 1/F(0.975; 6, 3) = 1/14.73, from printed tables
    assert alpha.low == pytest.approx(1 - 0.25 * 6.599, abs=1e-3)
    assert alpha.high == pytest.approx(1 - 0.25 / 14.735, abs=1e-3)


def test_alpha_of_parallel_items_is_spearman_brown() -> None:
    rng = np.random.default_rng(1)
    ability, noise = rng.standard_normal((20000, 1)), rng.standard_normal((20000, 8))
    assert stats.cronbach_alpha(ability + noise).value == pytest.approx(8 * 0.5 / (1 + 7 * 0.5), abs=0.01)


@pytest.mark.parametrize(
    ("points", "why"),
    [
        (np.ones((9, 1)), "there is 1"),
        (np.ones((9, 0)), "there are 0"),
        (np.ones((9, 3)), "same total"),
        (HAND[:2], "at least 3"),
        (np.where(HAND == 0, np.nan, HAND), "at least 3"),
    ],
)
def test_alpha_says_why_there_is_none(points: np.ndarray, why: str) -> None:
    alpha = stats.cronbach_alpha(points)
    assert alpha.value is alpha.low is alpha.high is None and why in alpha.why


def test_a_negative_alpha_is_pointed_out() -> None:
    rows = np.array([[1, 0.1], [0, 0.9]] * 20, float)
    alpha = stats.cronbach_alpha(rows)
    assert alpha.value is not None and alpha.value < 0 and "negative" in alpha.caution


def test_difficulty_and_discrimination_by_hand() -> None:
    points = np.array([[2, 1], [0, np.nan], [1, 0]])
    assert stats.difficulty(points, np.array([2.0, 1.0])).tolist() == [0.5, 0.5]
    found = stats.discrimination(HAND)
    # the first item against the sum of the others: 1 1 1 0 and 2 1 0 0
    assert found[0] == pytest.approx(statistics.correlation([1, 1, 1, 0], [2, 1, 0, 0]))
    assert np.isnan(stats.discrimination(np.ones((5, 3)))).all(), "nothing varies"
    assert np.isnan(stats.discrimination(HAND[:2])).all(), "two students correlate perfectly with anything"


@pytest.mark.parametrize(("students", "items"), [(3, 2), (3, 40), (12, 4), (40, 9), (400, 20), (1000, 40)])
def test_the_interval_of_alpha_holds_the_quantiles_of_f(students: int, items: int) -> None:
    rng = np.random.default_rng(students)
    alpha = stats.cronbach_alpha(rng.normal(size=(students, 1)) + rng.normal(size=(students, items)))
    assert alpha.value is not None and alpha.low is not None and alpha.high is not None
    d1, d2 = students - 1, (students - 1) * (items - 1)
    for bound, p in ((alpha.high, 0.025), (alpha.low, 0.975)):
        f = (1 - bound) / (1 - alpha.value)
        x = d1 * f / (d1 * f + d2)
        below = mpmath.betainc(d1 / 2, d2 / 2, 0, x, regularized=True)
        assert float(below) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("p", [0.025, 0.975])
@pytest.mark.parametrize(("students", "items"), [(5000, 2), (5000, 40)])
def test_quantiles_of_f_for_a_class_of_thousands(students: int, items: int, p: float) -> None:
    """mpmath's series gives up there: the density from its logarithm, integrated from 12 deviations below."""
    d1, d2 = mpmath.mpf(students - 1), mpmath.mpf((students - 1) * (items - 1))
    a, b = d1 / 2, d2 / 2
    beta = mpmath.loggamma(a) + mpmath.loggamma(b) - mpmath.loggamma(a + b)

    def density(x: mpmath.mpf) -> mpmath.mpf:
        return mpmath.exp((a - 1) * mpmath.log(x) + (b - 1) * mpmath.log1p(-x) - beta)

    f = stats.fdtri(students - 1, (students - 1) * (items - 1), p)
    mean, spread = a / (a + b), mpmath.sqrt(a * b / (a + b + 1)) / (a + b)
    below = mpmath.quad(density, mpmath.linspace(mean - 12 * spread, d1 * f / (d1 * f + d2), 25))
    assert float(below) == pytest.approx(p, rel=1e-9)


# ------------------------------------------------------------------------------------------------ what to say


def test_every_misconception_has_something_to_say() -> None:
    known = catalogue.misconceptions_by_id()
    for id, (step, _) in known.items():
        said = catalogue.questions()[step].to_say(id)
        assert len(said) > 40 and said.endswith((".", "?"))
    for step, question in catalogue.questions().items():
        assert question.lecture, step
        named = [ending for endings, _ in question.families for ending in endings.split()]
        assert [ending for ending in named if f"{step}-{ending}" not in known] == []
        assert len(named) == len(set(named)), f"{step}: an ending is in two families"


def test_a_step_without_a_remark_says_what_its_mistake_reveals() -> None:
    plain = replace(catalogue.questions()["a1-gradient"], lecture="")
    said = plain.to_say("a1-gradient-second")
    assert said.startswith("This is the curvature, the second derivative. Who answers so differentiates twice. How ")


def test_the_numbers_in_what_to_say() -> None:
    """Each number that a remark states, from its definition."""
    step = 0.1 / np.sqrt(0.001)
    assert round(step, 2) == 3.16 and round(1 / np.sqrt(0.001), 1) == 31.6
    t = np.arange(1, 3000)
    ratio = (1 - 0.9**t) / np.sqrt(1 - 0.999**t)
    assert t[np.argmax(ratio)] == 12 and round(float(ratio.max()), 2) == 6.57
    assert round(sum(0.9**k for k in range(10)), 1) == 6.5
    g, s = 1e-6, 1e-12
    assert round(g / np.sqrt(s + 1e-8), 3) == 0.010 and round(g / (np.sqrt(s) + 1e-8), 3) == 0.990
    assert round((1 + 0.9) / (1 - 0.9)) == 19
    assert int(np.ceil(np.log(0.1) / np.log(99 / 101))) == 116
    assert (2 - 1) / (2 + 1) == pytest.approx(1 / 3) and 1 - 2 / 2 == 0
    assert round(1 / np.sqrt(1 - 0.9), 2) == 3.16
    assert abs(1 - 3) == 2  # η = 3/a doubles the distance
    restarts, period = [0], 10
    while len(restarts) < 5:
        restarts.append(restarts[-1] + period)
        period *= 2
    assert restarts[1:] == [10, 30, 70, 150]


# ------------------------------------------------------------------------------------------------ the shareable one


def test_the_shareable_version_names_nobody(shareable: Written, planted: Truth) -> None:
    texts = {path.name: path.read_text("utf-8") for path in shareable.folder.iterdir()}
    assert "students.csv" not in texts
    assert set(texts) == {PAGE, "class_report.json", "steps.csv", "misconceptions.csv", "exercises.csv"}
    for name, text in texts.items():
        pictures = re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", text)
        for person in planted.people:
            for word in {person.id, person.first_name, person.last_name}:
                if len(word) > 4:  # "-" and such are in every text
                    assert word not in pictures, (name, word)
                    assert json.dumps(word)[1:-1] not in pictures, (name, word)
        assert str(planted.course) not in text and str(Path.home()) not in text
        assert (planted.course / "secret").read_text().strip() not in text


def test_the_shareable_version_shows_nothing_that_a_student_wrote(planted_copy, tmp_path: Path) -> None:

    truth = planted_copy()
    for path in (truth.course / "autograded").glob("*/part_a/*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.source += "\n# by Ada Lovelace, 1815"
        path.chmod(0o644)
        nbformat.write(notebook, path)
    with Ledger(f"sqlite:///{truth.course / 'gradebook.db'}") as ledger:  # words of students can get into these, too
        row = ledger.submissions("part_a")[0]
        ledger.write("part_a", row["student"], row["notebook"], [], status="graded with repairs", reason="Ada Lovelace")
    own = written(truth, tmp_path / "own", "part_a")
    assert "Ada Lovelace" in own.html
    shared = written(truth, tmp_path / "shared", "part_a", anonymous=True)
    for path in shared.folder.iterdir():
        assert "Lovelace" not in path.read_text("utf-8")
    assert any(m["example"] for m in shared.part("part_a")["misconceptions"]), "the catalogue's stand in for them"


def test_the_shareable_version_tells_no_small_numbers(shareable: Written, report: Written) -> None:
    small = 0

    def look(shown: Any, own: Any, path: str = "") -> None:
        nonlocal small
        if isinstance(shown, dict):
            for key in shown:
                look(shown[key], own.get(key) if isinstance(own, dict) else None, f"{path}/{key}")
        elif isinstance(shown, list) and path.rsplit("/", 1)[-1] not in ("misconceptions", "bins", "lecture"):
            for one, other in zip(shown, own, strict=True):
                look(one, other, path)
        elif path.rsplit("/", 1)[-1] in COUNTS:
            if own and own < MASK:
                small += 1
                assert shown is None, path
            else:
                assert shown == own, path

    COUNTS = {"students", "right", "partly", "wrong", "unfinished", "other", "graded", "graded with repairs",
              "rejected", "failed", "stuck", "missing", "asked", "handed_in", "waiting", "complete"}  # fmt: skip
    look(shareable.data, report.data)
    assert small > 20, "the class has small numbers to hide"
    for part in shareable.data["parts"]:
        assert all(m["count"] >= MASK for m in part["misconceptions"])
        assert all(b["count"] is None or b["count"] == 0 or b["count"] >= MASK for b in part["scores"]["bins"])
        assert part["enrolled"] is None
    assert "1–4" in shareable.html


# ------------------------------------------------------------------------------------------------ the page


class Parts(HTMLParser):
    """What a page loads or links to."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.loads += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data", "action")]


@pytest.mark.parametrize("which", ["report", "shareable"])
def test_the_page_loads_nothing_and_runs_nothing(which: str, report: Written, shareable: Written) -> None:
    html = {"report": report, "shareable": shareable}[which].html
    parts = Parts()
    parts.feed(html)
    assert parts.loads and all(one.startswith(("data:image/svg+xml;base64,", "#")) for one in parts.loads)
    assert not {"script", "iframe", "object", "link", "form"} & set(parts.tags)
    assert "@import" not in html and "url(" not in html


def test_awkward_names_stay_text(report: Written) -> None:
    assert "<script" not in report.html and "&lt;b&gt;bold" in report.html
    assert any(row[0] in report.html for row in AWKWARD if "<" not in row[0])


#: Takes from each table the rows whose markup one above has, too, but for words and numbers: axe looks at each cell.
ALIKE = """() => {
    let taken = 0;
    for (const table of document.querySelectorAll("table")) {
        const seen = new Set();
        for (const row of table.querySelectorAll("tbody tr")) {
            const markup = row.outerHTML.replace(/>[^<]+</g, "> <");
            if (seen.has(markup)) row.remove(), taken++;
            seen.add(markup);
        }
    }
    return taken;
}"""


@pytest.mark.parametrize(("which", "scheme"), [("report", "light"), ("shareable", "dark")])
def test_axe_finds_nothing_serious(
    which: str, scheme: Any, report: Written, shareable: Written, browser: Browser
) -> None:
    written = {"report": report, "shareable": shareable}[which]
    context = browser.new_context(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda asking: asked.append(asking.url))
    page.goto((written.folder / PAGE).as_uri())
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert page.locator("h1").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing sticks out of a narrow window"
    assert page.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 100)")
    context.close()
    # axe runs in a context of its own: the page's policy lets no script in
    context = browser.new_context(color_scheme=scheme, bypass_csp=True)
    page = context.new_page()
    page.goto((written.folder / PAGE).as_uri())
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    assert page.evaluate(ALIKE) > 0
    page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async () => (await axe.run(document, {
            resultTypes: ['violations'], rules: {'heading-order': {enabled: true}},
        })).violations.filter(v => ['serious', 'critical'].includes(v.impact) || v.id === 'heading-order')
        .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))"""
    )
    context.close()
    assert found == []


# ------------------------------------------------------------------------------------------------ wrong requests


def test_one_part_alone(planted: Truth, tmp_path: Path) -> None:
    assert [part["name"] for part in written(planted, tmp_path, "part_b").data["parts"]] == ["part_b"]


def test_wrong_requests_are_explained(planted: Truth, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="part_aa.*Did you mean 'part_a'"):
        written(planted, tmp_path, "part_aa")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(FileNotFoundError, match="nothing was graded here. Grading makes it"):
        write_report(output=tmp_path / "r", config=course_config(empty))
    with Gradebook(f"sqlite:///{empty / 'gradebook.db'}"):
        pass
    with pytest.raises(NothingGraded, match="python -m autograder grade part_a"):
        write_report(output=tmp_path / "r", config=course_config(empty))
    with pytest.raises(NothingGraded, match="grade part_b first"):
        write_report(["part_b"], output=tmp_path / "r", config=course_config(empty))
    assert not (tmp_path / "r").exists()


def test_an_output_that_cannot_be_written_is_explained(planted: Truth, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here is a file")
    with pytest.raises(OSError, match=r"can't be written to .*--output DIR"):
        written(planted, tmp_path / "file" / "below", "part_b")
    with pytest.raises(OSError, match="--output DIR"):
        written(planted, tmp_path / "file", "part_b")
    blocked = tmp_path / "blocked"
    (blocked / "steps.csv").mkdir(parents=True)
    with pytest.raises(OSError, match="--output DIR"):
        written(planted, blocked, "part_b")
    assert not list(blocked.glob(".*")), "nothing half written is left"


def test_the_report_changes_nothing_in_the_course(planted: Truth, tmp_path: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        found = {}
        for place, _, files in os.walk(planted.course):
            for name in files:
                about = Path(place, name).stat()
                found[str(Path(place, name))] = (about.st_size, about.st_mtime_ns)
        return found

    before = state()
    written(planted, tmp_path, "part_a")
    assert state() == before


def test_the_command_says_what_is_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "part_x"]) == 1
    assert "part_x" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["report", "--help"])
    assert ended.value.code == 0 and "example: python -m autograder report" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------ traces of work


def test_traces_are_read_with_distrust() -> None:

    odd = nbformat.v4.new_code_cell("hint('a1-gradient')\nhint( \"b2\" )", execution_count=7)
    odd.outputs = [nbformat.v4.new_output("stream", text="Hint 2 of 3 for b2: think\n")]
    liar = nbformat.v4.new_code_cell("x", execution_count=10**12)
    text = nbformat.v4.new_markdown_cell("hint('a2-velocity')")
    effort = effort_in(nbformat.v4.new_notebook(cells=[odd, liar, text]))
    assert effort.runs == 7 and effort.hints == {"a1-gradient": 1, "b2": 2}


def test_work_is_read_from_any_format_and_nothing_in_a_notebook_ends_the_report() -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": ["x"]}
    code = {"cell_type": "code", "metadata": {}, "source": ['hint("b2")'], "execution_count": 7, "outputs": []}
    newest = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [code, text]}
    old = {"cell_type": "code", "language": "python", "input": ['hint("b2")'], "prompt_number": 7, "outputs": []}
    oldest = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [old, text]}]}
    assert effort_in(oldest) == effort_in(newest) and effort_in(newest).runs == 7
    for seed in range(300):
        draw = random.Random(seed)
        notebook = copy.deepcopy(draw.choice([newest, oldest]))
        for mutate in draw.choices(STRUCTURE, k=3):
            if isinstance(notebook.get("cells", []), list):
                mutate(draw, notebook)
        effort_in(notebook)
