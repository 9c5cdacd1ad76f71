"""Part C in a real JupyterLab: sliders by keyboard, the self-score, the rubric in Formgrader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
ARTIFACTS = ROOT / "tests" / "artifacts"
SOLUTION = ROOT / "solutions/part_c/c2_momentum_intuition.ipynb"
OWN_WORDS = "Momentum lets alternating gradients cancel while agreeing ones add up along the floor of the ravine. " * 4


def code_index(identifier: str) -> int:
    cells = [cell["id"] for cell in nbformat.read(SOLUTION, as_version=4).cells if cell.cell_type == "code"]
    return cells.index(identifier)


def test_predict_slide_write_and_score_oneself(notebook: Callable, page: Page) -> None:
    nb = notebook("part_c/c2_momentum_intuition.ipynb", source=SOLUTION)
    nb.run_all()
    assert "4 of 4 right" in nb.output_text(code_index("compare"))

    picture = nb.output(code_index("ravine-slider")).locator("img")
    assert "momentum 0.9 at rate" in picture.get_attribute("alt")
    slider = nb.output(code_index("ravine-slider")).locator(".noUi-handle, input[type=range]").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.jp-OutputArea img')]"
        ".some(image => image.alt.includes('momentum 0.95 at'))"
    )

    revealed = nb.output(code_index("reveal"))
    assert "One good answer" in revealed.inner_text()
    for line, points in ((0, "2 of 2"), (3, "2 of 3")):
        revealed.locator("select").nth(line).select_option(label=points)
    page.wait_for_function("() => document.body.innerText.includes('Your own score: 4 of 10')")
    revealed.scroll_into_view_if_needed()
    nb.screenshot("part-c-self-score")
    pictures = page.locator(".jp-OutputArea img")
    assert pictures.count() >= 5
    assert all(len(pictures.nth(i).get_attribute("alt") or "") > 60 for i in range(pictures.count()))


CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "part_c_in_formgrader"
c.CourseDirectory.db_url = "sqlite:///{root}/gradebook.db"
c.Exchange.root = "{root}"
"""


@pytest.mark.filterwarnings("ignore")  # nbgrader's own dependencies warn
def test_formgrader_shows_the_rubric_below_the_written_answer(
    tmp_path: Path, jupyterlab_in: Callable, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nbgrader.apps import NbGraderAPI
    from nbgrader.converters import Autograde
    from traitlets.config import Config

    from autograder.grading.rubric import ShowRubric

    beside = str(Path(sys.executable).parent)  # nbgrader calls alembic by name
    monkeypatch.setenv("PATH", os.pathsep.join([beside, os.environ["PATH"]]))
    source = nbformat.read(SOLUTION, as_version=4)
    source.cells = [cell for cell in source.cells if cell["id"] in ("title", "question", "write", "c2-written")]
    (tmp_path / "source/part_c").mkdir(parents=True)
    nbformat.write(source, tmp_path / "source/part_c/c2.ipynb")
    (tmp_path / "nbgrader_config.py").write_text(CONFIG.format(root=tmp_path))
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    config.Exchange.root = str(tmp_path)
    config.Autograde.autograde_preprocessors = [*Autograde().autograde_preprocessors, ShowRubric]
    api = NbGraderAPI(config=config)
    assert api.generate_assignment("part_c")["success"]
    answer = nbformat.read(tmp_path / "release/part_c/c2.ipynb", as_version=4)
    next(cell for cell in answer.cells if cell["id"] == "c2-written").source = OWN_WORDS
    (tmp_path / "submitted/ada/part_c").mkdir(parents=True)
    nbformat.write(answer, tmp_path / "submitted/ada/part_c/c2.ipynb")
    result = api.autograde("part_c", "ada")
    assert result["success"], result["log"]
    with api.gradebook as gradebook:
        submission = gradebook.find_submission_notebook("c2", "part_c", "ada").id

    lab = jupyterlab_in(tmp_path)
    page.goto(f"{lab.url}/formgrader/submissions/{submission}/?token={lab.token}")
    page.wait_for_selector(".nbgrader_cell")
    text = page.locator("body").inner_text()
    assert "agreeing ones add up along the floor" in text
    assert (
        text.index("agreeing ones add up")
        < text.index("Rubric (10 points)")
        < text.index("(a) Ravine: what momentum does")
    )
    assert "independent noise averages out while the true gradient stays" in text
    assert page.locator("input.score").count() == 1
    page.screenshot(path=str(ARTIFACTS / "part-c-formgrader.png"), full_page=True)

    feedback = api.generate_feedback("part_c", "ada")
    assert feedback["success"], feedback["log"]
    html = next((tmp_path / "feedback/ada/part_c").glob("c2.html")).read_text()
    assert "(a) Ravine: what momentum does" in html and "MARK SCHEME" not in html
