"""The map of the course: every exercise, how far one is, and what comes next."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import nbformat
import pytest

from lrtutorial import problems
from lrtutorial.checking import progress
from lrtutorial.checking.overview import CourseMap, course_map, next_steps, standings
from lrtutorial.course import exercises

ROOT = Path(__file__).resolve().parents[2]
START = ROOT / "notebooks" / "start_here.ipynb"


def done(*names: str) -> dict[str, Any]:
    """The progress of somebody who did these exercises, all right."""
    kept = progress.empty()
    for name in names:
        for step in exercises()[name].steps:
            if step.kind.foretells:
                kept["predictions"].setdefault(name, {})[step.id] = "right"
            else:
                kept["steps"][step.id] = {"status": "right", "points": step.points, "possible": step.points, "tries": 1}
    return kept


def test_the_map_has_every_exercise_and_links_to_its_source() -> None:
    assert all(exercise.gives for exercise in exercises().values()) and len(exercises()) == 16
    links = re.findall(r'href="([^"]+)"', CourseMap(progress.empty())._repr_html_())
    assert links == [f"{e.part}/{e.notebook}.ipynb" for e in exercises().values()]
    assert [link for link in links if not (ROOT / "solutions" / link).is_file()] == []


def test_what_helps_comes_earlier() -> None:
    order = list(exercises())
    for name, exercise in exercises().items():
        assert all(order.index(earlier) < order.index(name) for earlier in exercise.after), name


def test_somebody_new_begins_at_the_beginning_or_with_what_needs_nothing() -> None:
    assert next_steps(standings(progress.empty())) == [
        "Begin with A1: When does gradient descent converge?",
        "Also ready for you: C1.",
    ]


def test_what_is_begun_comes_before_what_is_new() -> None:
    kept = done("a1")
    kept["steps"]["b5"] = {"status": "wrong", "points": 0, "possible": 20, "tries": 2}
    first, ready = next_steps(standings(kept))
    assert first.startswith("Go on with B5") and ready == "Also ready for you: A2, A5, C1."
    assert next_steps(standings(done("a1")))[0].startswith("Next comes A2")


def test_at_the_end_written_answers_and_then_nothing_is_left() -> None:
    kept = done(*exercises())
    assert "C1" in next_steps(standings(kept))[0]
    kept["written"] = {f"c{i}": {"points": 7, "possible": 10} for i in range(1, 7)}
    assert next_steps(standings(kept)) == ["Everything is done. Take your own Adam to a problem that matters to you."]
    text = repr(CourseMap(kept))
    points = sum(e.points for e in exercises().values())
    assert f"16 of 16 exercises done · {points:g} of {points:g} points" in text
    asked = sum(step.kind.foretells for e in exercises().values() for step in e.steps)
    assert f"{asked} of {asked} right" in text and "by your own count: 42 of 60" in text


def test_points_follow_the_best_check_and_the_first_comparison() -> None:
    kept = progress.empty()
    kept["steps"]["a1-gradient"] = {"status": "partly", "points": 1.5, "possible": 3, "tries": 1}
    kept["steps"]["c1-prediction_1"] = {"status": "noted", "points": 0, "possible": 2, "tries": 0}
    now = standings(kept)
    assert (now["a1"].done, now["a1"].points, now["a1"].tried) == (0, 1.5, True)
    assert now["c1"].tried and now["c1"].done == 0 and not now["a2"].tried
    kept["predictions"]["c1"] = {
        "c1-prediction_1": "right",
        "c1-prediction_2": "partly",
        "c1-prediction_3": "wrong",
    }
    c1 = standings(kept)["c1"]
    assert (c1.done, c1.points, c1.predictions_right, c1.predictions) == (
        3,
        4.125,
        1,
        3,
    ) and not c1.complete


def test_a_file_of_an_older_course_with_other_steps_is_no_problem() -> None:
    kept = progress.empty()
    kept["steps"]["z9"] = {"status": "right", "points": 1e6, "possible": 1, "tries": 1}
    kept["steps"]["a1-gradient"] = {"status": "right", "points": 1e6, "possible": 1e6, "tries": 1}
    assert standings(kept)["a1"].points == exercises()["a1"].steps[0].points


def test_why_progress_is_missing_is_on_the_map(tmp_path, monkeypatch) -> None:
    (tmp_path / "p.json").write_text("broken")
    monkeypatch.setenv("LRTUTORIAL_PROGRESS", str(tmp_path / "p.json"))
    shown = course_map()
    assert "be used: it is not JSON" in repr(shown) and "be used: it is not JSON" in shown._repr_html_()


# ------------------------------------------------------------------------------------ start_here.ipynb


def test_the_start_page_imports_once_and_goes_down_its_headings() -> None:
    notebook = nbformat.read(START, as_version=4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert [source for source in code if "import" in source] == code[:1]
    headings = re.findall(r"^(#+) ", "\n".join(c.source for c in notebook.cells if c not in code), re.M)
    levels = [len(marks) for marks in headings]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert levels.count(1) == 1


def test_the_numbers_of_the_start_page() -> None:
    text = next(c["source"] for c in json.loads(START.read_text())["cells"] if c["id"] == "why")
    plain = [line.replace("*", "").replace("−", "-") for line in text]
    rows = [line.strip("| \n").split("|") for line in plain if line.startswith("|")]
    curvature = problems.get_problem("bowl").eigenvalues
    assert sorted(curvature) == [2, 20]
    for rate, factor, first, last in rows[2:]:
        multiplier = 1 - float(rate) * 20
        assert float(factor) == pytest.approx(multiplier, abs=1e-12)
        steps = [4 * multiplier**t for t in (1, 2, 3)]
        assert [float(y) for y in first.split(",")] == pytest.approx(steps, abs=0.005)
        assert float(last.split(":")[0]) == pytest.approx(4 * multiplier**50, rel=0.06, abs=1e-9)


def test_the_goal_of_the_start_page_is_met_below_the_limit_and_not_at_it() -> None:
    from lrtutorial.explorer.goal import Goal
    from lrtutorial.explorer.recurrences import trajectories

    cells = json.loads(START.read_text())["cells"]
    source = "".join(next(c["source"] for c in cells if c["id"] == "explorer"))
    goal = Goal.parse(re.search(r'goal="([^"]+)"', source)[1], 50)
    bowl = problems.get_problem("bowl")
    rates = [0.03, 0.05, 0.0644, 0.0705, 0.0925, 0.1, 0.101]
    paths = trajectories("sgd", bowl, [bowl.start] * len(rates), {"lr": rates}, 50)
    met = [goal.met_at(bowl.gap(path)) is not None for path in paths]
    assert met == [False, False, True, True, True, False, False]
