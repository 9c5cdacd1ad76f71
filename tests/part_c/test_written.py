"""Written answers: the rubric in the solution, the reveal for self-learners, what nbgrader makes of them."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.grading import rubric as desk
from lrtutorial.advice import Unusable
from lrtutorial.answers.session import HERE
from lrtutorial.checking import written
from lrtutorial.checking.written import count_words, model_answers, reveal

ROOT = Path(__file__).resolve().parents[2]
RECORDED = desk.recorded_folder() / "written.json"
EXERCISES = [f"c{i}" for i in range(1, 7)]
FORTY = " ".join(f"word{i}" for i in range(40))


@pytest.fixture(autouse=True)
def nobody_grades(monkeypatch, tmp_path):
    for name in ("NBGRADER_EXECUTION", "LRTUTORIAL_GRADED", "JPY_SESSION_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_recorded_answers_are_those_of_the_solutions() -> None:
    assert RECORDED.read_text(encoding="utf-8") == desk.as_json(desk.read_solutions(ROOT / "solutions"))
    assert list(model_answers()) == EXERCISES


@pytest.mark.parametrize("exercise", EXERCISES)
def test_every_rubric_has_four_to_six_lines_worth_the_cells_points(exercise) -> None:
    model = model_answers()[exercise]
    assert 4 <= len(model.rubric) <= 6 and model.points == 10
    assert count_words(model.answer) >= 120


@pytest.mark.parametrize(
    "source",
    [
        "no rubric at all",
        f"{desk.BEGIN}\n- 3 points · x",
        f"a\n{desk.BEGIN}\n3 points: x\n{desk.END}",
        f"a\n{desk.BEGIN}\n- three points · x\n{desk.END}",
        f"a\n{desk.BEGIN}\n{desk.END}\nmore",
        f"a\n{desk.BEGIN}\n  - 1 · of nothing\n{desk.END}",
        f"a\n{desk.BEGIN}\n- 2 points · x\n  - 2 · all\n  - 1 · half\n{desk.END}",
        f"a\n{desk.BEGIN}\n- 3 points · x\n  - 1 · a third\n  - 2 · two thirds\n{desk.END}",
    ],
)
def test_a_malformed_rubric_is_an_error(source) -> None:
    with pytest.raises(desk.MalformedRubric):
        desk.read_cell("c1", source)


def test_every_line_of_several_points_says_what_earns_each_of_them() -> None:
    for model in model_answers().values():
        for item in model.rubric:
            assert len(item.earns) == (item.points if item.points > 1 else 0), item.text


#: For each line of each rubric the words of the notebook that ask for it.
ASKED = {
    "c1": ["too high", "too low", "just right", "why it matters so much", "Use something you measured",
           "Say where you would hedge"],
    "c2": ["Answer (a)", "(b)", "(c)", "where the picture stops being true", "one number you measured"],
    "c3": ["what Adam does for each parameter", "why that spares tuning", "what bias correction is for",
           "a situation in which the advantage shrinks, with the reason", "Use something you measured"],
    "c4": ["Answer (a)", "(b)", "(c)", "Keep apart what is proved, what you measured, and what is argued about"],
    "c5": ["Give the analogy its due", "what minimum description length adds", "where the experiment agrees",
           "where it disagrees, with what you saw", "name a limit of it"],
    "c6": ["Give the classical argument", "the search", "the constructed problem",
           "how sure the gap is when seeds or tasks differ", "Hedge where you should"],
}  # fmt: skip


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_is_scored_is_asked_for(exercise) -> None:
    (path,) = (ROOT / "notebooks/part_c").glob(f"{exercise}_*.ipynb")
    write = next(cell for cell in nbformat.read(path, as_version=4).cells if cell["id"] == "write")
    assert len(ASKED[exercise]) == len(model_answers()[exercise].rubric)
    assert [words for words in ASKED[exercise] if words not in write.source] == []


# ------------------------------------------------------------------------------------------- reveal


def save(path, text: str, grade_id: str = "c1-written") -> None:
    cell = nbformat.v4.new_markdown_cell(text)
    cell.metadata.nbgrader = {"grade_id": grade_id, "grade": True, "solution": True}
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))


def test_reveal_opens_at_forty_words_of_the_saved_notebook(tmp_path, capsys) -> None:
    path = tmp_path / "c1_why_rate_matters.ipynb"
    save(path, "YOUR ANSWER HERE")
    reveal("c1")
    assert "0 different words so far" in capsys.readouterr().out
    save(path, FORTY.rsplit(" ", 1)[0])
    reveal("c1")
    assert "39 different words so far" in capsys.readouterr().out
    save(path, FORTY)
    reveal("c1")
    shown = capsys.readouterr().out
    assert "Model answer for c1" in shown and "[ ] 3 points: Too high" in shown


def test_reveal_finds_the_notebook_by_its_session(tmp_path, monkeypatch, capsys) -> None:
    elsewhere = tmp_path / "renamed.ipynb"
    save(elsewhere, FORTY)
    monkeypatch.setenv("JPY_SESSION_NAME", str(elsewhere))
    reveal("c1")
    assert "Model answer" in capsys.readouterr().out


def test_one_word_forty_times_is_one_word(capsys) -> None:
    reveal("c2", "la " * 40 + "La LA")
    assert "1 different word so far" in capsys.readouterr().out


def test_reveal_takes_the_words_by_hand(capsys) -> None:
    reveal("c2", "too short")
    assert "2 different words so far" in capsys.readouterr().out
    reveal("c2", FORTY)
    assert "Model answer for c2" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, "", "{", "[]", '{"cells": 3}', '{"cells": [{"metadata": 1}]}'])
def test_a_notebook_that_cannot_be_read_is_explained(content, tmp_path, capsys) -> None:
    if content is not None:
        (tmp_path / "c1_why_rate_matters.ipynb").write_text(content)
    reveal("c1")
    assert "was not found" in capsys.readouterr().out


@pytest.mark.parametrize("variable", ["NBGRADER_EXECUTION", "LRTUTORIAL_GRADED"])
def test_in_graded_mode_it_opens_after_grading(variable, monkeypatch, capsys) -> None:
    monkeypatch.setenv(variable, "1")
    reveal("c1", FORTY)
    shown = capsys.readouterr().out
    assert "open after grading" in shown and "Model answer for" not in shown


@pytest.mark.parametrize(("name", "says"), [("c9", "Did you mean"), (None, "Did you mean"), ("a1", "Try first")])
def test_an_unknown_exercise_is_explained(name, says, capsys, monkeypatch) -> None:
    monkeypatch.setattr(HERE, "verdicts", {})
    reveal(name, FORTY)
    assert says in capsys.readouterr().out


def test_self_scores_add_up(monkeypatch) -> None:
    shown = []
    monkeypatch.setattr(HERE, "own_scores", {})
    monkeypatch.setattr("IPython.display.display", shown.append)
    written._show_scores(model_answers()["c1"])
    picks = shown[0].children[0].children
    assert HERE.self_score("c1") is None and len(picks) == 6
    picks[0].value, picks[5].value = 3.0, 1.0
    assert HERE.self_score("c1") == 4 and "4 of 10" in shown[0].children[1].value
    picks[0].value = 1.0
    assert HERE.self_score("c1") == 2


# ------------------------------------------------------------------------------------------ nbgrader


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with C1's written cell alone, generated by nbgrader: (root, api)."""
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    root = tmp_path_factory.mktemp("course")
    beside = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    os.environ["PATH"] = os.pathsep.join([beside, os.environ["PATH"]])
    notebook = nbformat.read(ROOT / "solutions/part_c/c1_why_rate_matters.ipynb", as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell["id"] in ("title", "write", "c1-written")]
    (root / "source/part_c").mkdir(parents=True)
    nbformat.write(notebook, root / "source/part_c/c1.ipynb")
    config = Config()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.db_url = f"sqlite:///{root}/gradebook.db"
    config.Exchange.root = str(root)
    api = NbGraderAPI(config=config)
    result = api.generate_assignment("part_c")
    assert result["success"], result
    return root, api


def submit(course, student: str, text: str | None):
    root, api = course
    notebook = nbformat.read(root / "release/part_c/c1.ipynb", as_version=4)
    if text is not None:
        next(cell for cell in notebook.cells if cell["id"] == "c1-written").source = text
    folder = root / "submitted" / student / "part_c"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / "c1.ipynb")
    result = api.autograde("part_c", student)
    assert result["success"], result
    with api.gradebook as gradebook:
        grade = gradebook.find_grade("c1-written", "c1", "part_c", student)
        return grade.auto_score, grade.needs_manual_grade, grade.max_score


@pytest.mark.filterwarnings("ignore")  # nbgrader's own dependencies warn
@pytest.mark.whole
def test_an_untouched_answer_is_zero_without_a_click_and_a_written_one_is_queued(course) -> None:
    release = (course[0] / "release/part_c/c1.ipynb").read_text()
    assert "MARK SCHEME" not in release and "overshoots the minimum" not in release
    assert submit(course, "untouched", None) == (0, False, 10)
    assert submit(course, "wrote", "Too high and it diverges.") == (None, True, 10)


def test_the_rubric_is_put_below_the_answer_for_the_grader() -> None:
    notebook = nbformat.read(ROOT / "solutions/part_c/c1_why_rate_matters.ipynb", as_version=4)
    shown, _ = desk.ShowRubric().preprocess(notebook, {})
    ids = [cell["id"] for cell in shown.cells]
    below = shown.cells[ids.index("c1-written") + 1]
    assert below.cell_type == "markdown" and "nbgrader" not in below.metadata
    assert "- **3** · Too high" in below.source and "10 points" in below.source
    nbformat.validate(shown)


def test_the_recorded_answers_are_plain_json() -> None:
    data = json.loads(RECORDED.read_text(encoding="utf-8"))
    assert all(set(entry) == {"answer", "rubric"} for entry in data.values())


@pytest.mark.parametrize("text", ["{", "[1]", '{"c1": {}}', '{"c1": {"answer": "a", "rubric": [{"points": 1}]}}'])
def test_recorded_model_answers_that_cannot_be_read_name_the_command(text, tmp_path, monkeypatch) -> None:
    (tmp_path / "written.json").write_text(text)
    monkeypatch.setattr(written, "folder", lambda: tmp_path)
    with pytest.raises(Unusable, match="python -m autograder record"):
        written._model_answers("a package that holds it")
