"""Feedback pages: what they say is the gradebook's, they load and run nothing, and tell no secret and no other name."""

from __future__ import annotations

import base64
import itertools
import json
import re
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from pathlib import Path
from typing import Any

import axe_playwright_python
import nbformat
import nbgrader.api
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from playwright.sync_api import Browser, Page

from autograder.catalogue import as_answers, expectations, generator, public_expectations, questions
from autograder.course import ROOT
from autograder.demo.synthetic import Truth, course_config
from autograder.feedback import FeedbackExporter
from autograder.feedback.cleaning import clean_html, traceback_text, without_paths
from autograder.feedback.formulas import latex_output, mathml
from autograder.feedback.summary import NOT_GRADED, Part, Summary, notice
from autograder.gradebook.again import gradebook_at
from autograder.gradebook.ledger import Ledger
from autograder.grading.judging import combined
from lrtutorial.checking.written import model_answers
from lrtutorial.course import exercises, find_step
from lrtutorial.verdict import Line, Verdict
from tests.browser.conftest import browser, page  # noqa: F401  # fixtures
from tests.browser.pictures import picture

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
RULES = """async () => (await axe.run(document, {
    resultTypes: ['violations'], rules: {'heading-order': {enabled: true}, 'image-alt': {enabled: true}},
})).violations.filter(v => ['serious', 'critical'].includes(v.impact) || v.id === 'heading-order')
    .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))"""
#: What style sheets for dark colours alone can break.
COLOURS = """async () => (await axe.run(document, {
    resultTypes: ['violations'], runOnly: {type: 'tag', values: ['cat.color']},
})).violations.map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '))"""
BY_NOTEBOOK = {exercise.notebook: exercise for exercise in exercises().values()}


@dataclass(frozen=True)
class Pages:
    """The feedback of some planted students: {(student, part, notebook): HTML}."""

    truth: Truth
    html: dict[tuple[str, str, str], str]

    @property
    def database(self) -> str:
        return f"sqlite:///{self.truth.course / 'gradebook.db'}"


def feedback(truth: Truth, to: Path, part: str, student: str, **settings: Any) -> dict[tuple[str, str, str], str]:
    """Generate one student's feedback on a part, as Formgrader's button does."""
    config = course_config(truth.course)
    config.CourseDirectory.feedback_directory = str(to)
    config.FeedbackSummary.update(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader 0.9.6 under SQLAlchemy 2.1
        done = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback(part, student, force=True)
    assert done["success"], done
    made = sorted((to / student / part).glob("*.html"))
    return {(student, part, path.stem): path.read_text(encoding="utf-8") for path in made}


@pytest.fixture(scope="module")
def pages(planted: Truth, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    to = tmp_path_factory.mktemp("feedback")
    waiting = next(who for (who, _), written in planted.written.items() if written.points is None and written.text)
    lost = next(who for (who, _), status in planted.statuses.items() if status == "rejected")
    awkward = planted.people[31].id
    assert awkward == "<b>bold<"
    html: dict[tuple[str, str, str], str] = {}
    for part, student in itertools.product(planted.parts, dict.fromkeys([waiting, lost, awkward])):
        if student in planted.handed_in(part):
            html |= feedback(planted, to, part, student)
    return Pages(planted, html)


@lru_cache(maxsize=200)
def soup_of(html: str) -> BeautifulSoup:
    return BeautifulSoup(html, "html.parser")


def number(text: str) -> float:
    return 0.0 if text == "–" else float(text.replace("−", "-"))


def test_there_is_a_page_for_every_notebook_handed_in(pages: Pages) -> None:
    students = {student for student, _, _ in pages.html}
    handed_in = {(student, notebook) for student, notebook in pages.truth.statuses if student in students}
    assert {(student, notebook) for student, _, notebook in pages.html} == handed_in
    assert len(handed_in) > 30


def test_the_gradebook_is_opened_once_for_all_pages(
    planted: Truth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each engine puts every question into SQL anew: four to a page were most of its time."""
    made, create = [], nbgrader.api.create_engine

    def counted(*given: Any, **more: Any) -> Any:
        made.append(given)
        return create(*given, **more)

    monkeypatch.setattr(nbgrader.api, "create_engine", counted)
    gradebook_at.cache_clear()
    assert len(feedback(planted, tmp_path, "part_a", planted.handed_in("part_a")[0])) > 2
    assert len(made) == 1


def test_points_are_the_gradebooks(pages: Pages) -> None:
    with Gradebook(pages.database) as gradebook:
        for (student, part, notebook), html in pages.html.items():
            entry = gradebook.find_submission_notebook(notebook, part, student)
            rows = soup_of(html).select("table.overview tbody tr")
            shown = {row.find("th").get_text(): row.select_one("td.number").get_text().split(" of ") for row in rows}
            known = {grade.name.removesuffix("-test"): (grade.score, grade.max_score) for grade in entry.grades}
            assert shown.keys() == known.keys()
            for name, (earned, possible) in shown.items():
                assert (number(earned), number(possible)) == pytest.approx(known[name], abs=0.005), (student, name)
            total = soup_of(html).select_one(".total").get_text()
            assert total.startswith(f"{round(entry.score, 2):g} of {entry.max_score:g} points"), (student, notebook)


def test_each_row_of_the_table_of_points_has_a_cell_for_each_column(pages: Pages) -> None:
    """On a phone the second column is hidden: where a row spanned columns its points went with it."""
    tables = [table for html in pages.html.values() for table in soup_of(html).select("table.overview")]
    assert len(tables) > 30
    for table in tables:
        assert {len(row.find_all(["th", "td"])) for row in table.select("tr")} == {4}, table


def test_points_by_rubric_line_and_the_words_are_the_verdicts(pages: Pages) -> None:
    seen = set()
    with Ledger(pages.database) as ledger:
        rows = {(row["student"], row["step"]): row for row in ledger.verdicts()}
    for (student, _, notebook), html in pages.html.items():
        if pages.truth.statuses[student, notebook] in ("rejected", "failed"):
            continue
        soup = soup_of(html)
        for step in BY_NOTEBOOK[notebook].steps:
            verdict = Verdict.from_data(json.loads(rows[student, step.id]["verdict"]))
            card = soup.find(id=step.id)
            lines = [row.find("td").get_text() for row in card.select("table.rubric tbody tr")]
            assert lines == [f"{round(x.earned, 2):g} of {x.possible:g}" for x in verdict.lines]
            text = " ".join(card.get_text().split())
            for field in ("headline", "counterexample", "hint", "where"):
                said = getattr(verdict, field)
                assert " ".join(without_paths(said or "").split()) in text, (field, said)
                seen |= {field} if said else set()
            picture = card.select_one("p.picture img")
            assert bool(picture) == bool(verdict.picture)
            if picture:
                seen.add("picture")
                assert picture["alt"] in unescape(verdict.picture) and "Expected ends at" in picture["alt"]
    assert {"headline", "counterexample", "hint", "picture"} <= seen


def test_hand_grades_show_the_rubric_the_points_and_the_comment(pages: Pages) -> None:
    graded = waiting = 0
    for (student, part, notebook), html in pages.html.items():
        exercise = BY_NOTEBOOK[notebook].id
        written = pages.truth.written.get((student, exercise))
        if part != "part_c" or written is None or not written.text:
            continue
        card = soup_of(html).find(id=f"{exercise}-written")
        text = " ".join(card.get_text().split())
        assert len(card.select("tbody tr")) == len(model_answers()[exercise].rubric)
        if written.points is None:
            waiting += 1
            assert "Not graded yet" in text and " so far" in soup_of(html).select_one(".total").get_text()
        else:
            graded += 1
            assert f"{written.points:g} of {written.possible:g} points" in text
            assert f"{written.points:g} of {written.possible:g}: see the rubric." in text
    assert graded > 2 and waiting > 0


def test_points_set_by_hand_are_said_to_be(planted_copy: Any, tmp_path: Path) -> None:
    truth = planted_copy()
    student, step = next(
        (who, step)
        for (who, step), answer in truth.answers.items()
        if step == "a1-gradient" and answer.points == 0 and truth.statuses.get((who, "a1_convergence")) == "graded"
    )
    with Gradebook(f"sqlite:///{truth.course / 'gradebook.db'}") as gradebook:
        grade = gradebook.find_grade(f"{step}-test", "a1_convergence", "part_a", student)
        grade.manual_score = 2
        comment = gradebook.find_comment(f"{step}-answer", "a1_convergence", "part_a", student)
        comment.manual_comment = "Nearly: see page **3**, $\\frac{1}{2}$. <script>alert(1)</script>"
        gradebook.db.commit()
    html = feedback(truth, tmp_path / "feedback", "part_a", student)[student, "part_a", "a1_convergence"]
    card = soup_of(html).find(id=step)
    assert "2 of 3 points" in card.get_text() and "the check alone gave 0" in card.get_text()
    assert "<strong>3</strong>" in str(card.select_one(".comment")) and card.select_one(".comment math")
    assert "<script" not in html


# ------------------------------------------------------------------------------------- what must not be in a page


def test_a_page_loads_and_runs_nothing_and_describes_its_pictures(pages: Pages) -> None:
    for where, html in pages.html.items():
        soup = soup_of(html)
        assert "default-src 'none'" in soup.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
        assert not soup.find_all(["script", "link", "iframe", "object", "embed", "form", "base", "svg"]), where
        assert not [tag.name for tag in soup.find_all(src=True) if not tag["src"].startswith("data:image/")], where
        assert "url(" not in "".join(tag.get_text() for tag in soup.find_all("style")) and "@import" not in html
        assert [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")] == []
        assert all(len(image.get("alt", "")) > 10 for image in soup.find_all("img")), where
        assert len(soup.find_all("h1")) == 1
        levels = [int(tag.name[1]) for tag in soup.find_all(re.compile("^h[1-6]$"))]
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), (where, levels)


def test_no_other_student_no_course_secret_and_no_path_is_in_a_page(pages: Pages) -> None:
    secret = (pages.truth.course / "secret").read_text().strip()
    assert len(secret) >= 32
    names = {name for person in pages.truth.people for name in (person.id, person.last_name) if len(name) > 5}
    for (student, _, _), html in pages.html.items():
        text = unescape(html)
        assert secret not in text and "nonce" not in text and "respond(" not in text
        own = next(person for person in pages.truth.people if person.id == student)
        others = [name for name in names - {own.id, own.last_name} if re.search(rf"\b{re.escape(name)}\b", text)]
        assert others == [], student
        assert student in unescape(soup_of(html).find("header").get_text())
        for path in (str(ROOT), str(pages.truth.course), sys.prefix, "site-packages"):
            assert path not in text


def distinctive(value: Any) -> Iterator[str]:
    """The numbers of probes, as a verdict might print them, long enough to be no chance."""
    if isinstance(value, dict) and {"dtype", "data"} <= value.keys():
        for entry in np.frombuffer(base64.b64decode(value["data"]), dtype=value["dtype"]).ravel():
            yield from distinctive(float(entry))
    elif isinstance(value, dict | list | tuple):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from distinctive(entry)
    elif isinstance(value, float):
        yield from {f"{value:.4g}", f"{value:.6g}", repr(value)}
    elif isinstance(value, str) and re.fullmatch(r"-?\d+/\d+", value):
        yield value


# Left out: b4, which trains networks (tests/part_b has it), and the numbers of Part A, which have no inputs.
NUMBERS = ("a2-effective_lr_09", "a4-bias_at_1", "a4-first_step_ratio", "a5-rate_100")
FRESH = [step for step in questions() if step[0] in "ab" and step not in ("b4", *NUMBERS)]


@pytest.mark.parametrize("step_id", FRESH)
def test_a_mistake_that_only_fresh_inputs_show_tells_none_of_them(step_id: str) -> None:
    step, question = find_step(step_id), questions()[step_id]
    fresh = expectations(step_id, generator("feedback", step_id))
    known = set(distinctive(public_expectations(step_id).probes))
    tokens = {token for token in distinctive(fresh.probes) if len(token.strip("-0.")) > 2} - known
    assert tokens, "the probes hold numbers"
    full = Verdict(step_id, "right", "", tuple(Line(x.id, x.title, x.points, x.points) for x in step.rubric))
    for mistake in question.misconceptions[:4]:
        answers = as_answers(step, mistake.answer, question.reference)
        evidence = json.loads(json.dumps(step.collect(answers, fresh.probes)))
        verdict = combined(full, step.judge(evidence, fresh))
        assert verdict.headline.startswith("Right on the public inputs, but not on fresh ones.")
        said = re.findall(r"-?\d[\d./e+-]*", str(verdict))
        assert tokens.isdisjoint(said), mistake.id


def test_model_answers_are_off_unless_turned_on(pages: Pages, tmp_path: Path) -> None:
    for (_, _, notebook), html in pages.html.items():
        assert not soup_of(html).find(id="solutions"), notebook
    for part, notebook in (("part_a", "a2_momentum"), ("part_b", "b2_adam"), ("part_c", "c2_momentum_intuition")):
        student = next(who for who, p, n in pages.html if (p, n) == (part, notebook))
        html = feedback(pages.truth, tmp_path, part, student, model_answers=True)[student, part, notebook]
        soup = soup_of(html)
        shown = soup.select("section.model")
        exercise = BY_NOTEBOOK[notebook]
        assert len(shown) == len(exercise.steps) + (exercise.id in model_answers())
        assert "One good" in shown[0].get_text()
        if exercise.id in model_answers():
            first = model_answers()[exercise.id].answer.split("\n")[0][:40]
            assert re.sub(r"[*_]", "", first)[:20] in " ".join(shown[-1].get_text().split())


# ------------------------------------------------------------------------------------- in a browser


def test_pages_in_a_browser_ask_for_nothing_and_axe_finds_nothing_serious(
    pages: Pages,
    browser: Browser,  # noqa: F811
    tmp_path: Path,
) -> None:
    """In light colours, and some in dark ones, which differ in style sheets alone."""
    one_each = {notebook: key for key in pages.html for notebook in [key[2]]}
    rejected = next(key for key in pages.html if pages.truth.statuses[key[0], key[2]] == "rejected")
    keys = [*list(one_each.values())[::3], rejected]
    context = browser.new_context(viewport={"width": 900, "height": 1000}, bypass_csp=False)
    tab = context.new_page()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    for index, key in enumerate(keys):
        file = tmp_path / f"{index}.html"
        file.write_text(pages.html[key], encoding="utf-8")
        asked.clear()
        tab.emulate_media(color_scheme="light")
        tab.goto(file.as_uri())
        tab.evaluate(AXE.read_text())
        assert tab.evaluate(RULES) == [], key
        if index < 2:
            picture(tab, f"feedback-{key[2]}-light", full_page=True)
        if index % 2 == 0:
            tab.emulate_media(color_scheme="dark")
            assert tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            assert tab.evaluate(COLOURS) == [], ("dark", key)
            if index == 0:
                picture(tab, f"feedback-{key[2]}-dark", full_page=True)
        assert {url for url in asked if not url.startswith("data:")} == {file.as_uri()}, key
    context.close()


HOSTILE = """<img src=x onerror="document.title='ran'"><script>document.title='ran'</script>
<iframe src="http://192.0.2.1/a"></iframe><img src="http://192.0.2.1/b.png"><a href="javascript:alert(1)">x</a>
<meta http-equiv="refresh" content="0;url=http://192.0.2.1/c"><link rel="stylesheet" href="http://192.0.2.1/d.css">
<div style="position:fixed;inset:0;background:url(http://192.0.2.1/e)">over</div><style>@import 'http://192.0.2.1/f'</style>
<svg onload="document.title='ran'"><script>document.title='ran'</script><image href="http://192.0.2.1/g"/></svg>
<form action="http://192.0.2.1/h"><button>go</button></form><base href="http://192.0.2.1/"><h1>a heading</h1>"""


def hostile_page() -> str:
    """The page of a notebook whose author tried everything, in words, answers and outputs."""
    cells = [
        nbformat.v4.new_markdown_cell(f"# One\n\n#### Four\n\n{HOSTILE}\n\n![remote](http://192.0.2.1/i.png) $x<y$"),
        nbformat.v4.new_code_cell("print(1)"),
    ]
    cells[1].outputs = [
        nbformat.v4.new_output("display_data", data={"text/html": HOSTILE, "text/plain": "x"}),
        nbformat.v4.new_output("display_data", data={"text/markdown": HOSTILE}),
        nbformat.v4.new_output("display_data", data={"image/svg+xml": "<svg><script>1</script></svg>"}),
        nbformat.v4.new_output("display_data", data={"application/javascript": "document.title='ran'"}),
        nbformat.v4.new_output("display_data", data={"text/latex": "$\\displaystyle \\frac{a}{b}$"}),
        nbformat.v4.new_output("display_data", data={"image/png": '"><script>document.title="ran"</script>'}),
        nbformat.v4.new_output("stream", name="stderr", text=f"{ROOT}/x.py:1: </pre><script>1</script>"),
    ]
    verdict = Verdict("b2", "wrong", "<script>1</script>", (Line("a", "<b>", 0, 1, "<i>"),), hint="</section>")
    about = Summary("<b>eve", None, "<T>", 0, 1, 0, None, (Part("b2", "<a>", 0, 1, verdict),), ())
    notebook = nbformat.v4.new_notebook(cells=cells)
    html, _ = FeedbackExporter().from_notebook_node(notebook, {"feedback": about})
    return html


def test_a_hostile_notebook_gains_nothing_in_its_page(page: Page, tmp_path: Path) -> None:  # noqa: F811
    file = tmp_path / "page.html"
    file.write_text(hostile_page(), encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_timeout(300)
    assert [url for url in asked if not url.startswith(("data:", "file:"))] == []
    assert page.title() == "<T>: feedback for <b>eve" and page.url == file.as_uri()
    assert page.locator("script, iframe, form, base, link, h1 ~ h1, meta[http-equiv=refresh], [onerror]").count() == 0
    assert page.locator("h1").count() == 1 and page.locator("math").count() == 2
    assert page.locator("h3", has_text="One").count() == 1 and page.locator("h4", has_text="Four").count() == 1
    assert "position" not in page.locator("div", has_text="over").last.get_attribute("style")
    assert str(ROOT) not in page.content()
    page.evaluate(AXE.read_text())
    assert page.evaluate(RULES) == []


# ------------------------------------------------------------------------------------- the parts


@pytest.mark.parametrize(
    ("latex", "holds"),
    [
        (r"\frac{1}{2}", "<mfrac>"),
        (r"\hat m_t / \sqrt{v}", "<msqrt>"),
        (r"x_{t+1} \leftarrow x_t", "<msub>"),
        (r"\mathbb{E}[g]", "𝔼"),
        (r"\Bigl(1 + \cos\pi\Bigr)", "cos"),
        (r"\texttt{eps}\,\tfrac{1}{2}", "<mfrac"),
    ],
)
def test_formulas_become_mathml(latex: str, holds: str) -> None:
    made = mathml(latex)
    assert made.startswith("<math ") and holds in unescape(made) and f'alttext="{escape(latex)}"' in made


def test_every_formula_of_the_course_can_be_converted() -> None:
    formulas = set()
    for path in sorted((ROOT / "solutions").rglob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                found = re.findall(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+?)\$", cell.source, re.DOTALL)
                formulas |= {a or b for a, b in found}
    assert len(formulas) > 50
    assert [latex for latex in sorted(formulas) if not mathml(latex).startswith("<math ")] == []


@pytest.mark.parametrize("latex", ["", "\\frac{1}{", "\\begin{x}", "x" * 6000, "\\left( x"])
def test_what_is_no_formula_is_shown_as_it_was_written(latex: str) -> None:
    made = latex_output(latex)
    assert made.startswith(("<math ", '<code class="formula">')) and escape(latex[:4000].strip()) in made


def test_a_traceback_keeps_the_students_frames_and_no_path_of_ours() -> None:
    library = str(Path(np.__file__).parent / "linalg/_linalg.py")
    output = nbformat.v4.new_output(
        "error",
        ename="ValueError",
        evalue="bad",
        traceback=[
            "\x1b[31mValueError\x1b[39m   Traceback (most recent call last)",
            "Cell In[3], line 1\n----> 1 f()",
            f"File {ROOT}/lrtutorial/answers/evidence.py:12, in respond(ask)\n     11 secret = 1\n---> 12 answer()",
            f"File {library}:5, in solve(a)\n      4 x\n----> 5 y",
            f"ValueError: bad {ROOT}/autograder and /tmp/ipykernel_12/345.py",
        ],
    )
    text = traceback_text(output)
    assert "----> 1 f()" in text and "ValueError: bad" in text and "\x1b" not in text
    assert "…/numpy/linalg/_linalg.py:5, in solve(a)" in text and "4 x" not in text
    assert "evidence.py" not in text and "secret" not in text and str(ROOT) not in text and "ipykernel" not in text


def test_cleaning_keeps_what_a_page_needs() -> None:
    table = '<table><tbody><tr><td style="text-align: right;">1</td></tr></tbody></table>'
    assert clean_html(table) == table
    assert 'src="data:image/png;base64,iVBO"' in clean_html('<img src="data:image/png;base64,iVBO" alt="a">')
    assert 'alt="a &lt;b"' in clean_html('<svg aria-label="a &lt;b"><title>a</title></svg>')
    assert "without a description" in clean_html('<img src="data:image/png;base64,iVBO">')
    assert "not in the file" in clean_html('<img src="x.png" alt="a">')


@pytest.mark.parametrize(
    ("status", "reason", "title", "said"),
    [
        ("rejected", "It is empty. Save it.", "can't be read", "It is empty. Save it."),
        ("graded with repairs", "b2-test was missing.", "after repairs", "b2-test was missing."),
        ("graded", "cell limit of 35 s reached", "ended early", "cell limit of 35 s reached"),
        ("failed", "Grading stopped with KeyError: 'x'", "the grader stopped", ""),
    ],
)
def test_a_notice_says_what_it_means_and_what_to_do(status: str, reason: str, title: str, said: str) -> None:
    told = notice(status, reason)
    assert told is not None and title in told.title and told.reason == said and told.meaning and told.to_do
    assert notice("graded", "") is None


def test_a_rejected_notebook_has_a_page_that_says_why(pages: Pages) -> None:
    keys = [key for key in pages.html if pages.truth.statuses[key[0], key[2]] == "rejected"]
    assert keys
    for key in keys:
        soup = soup_of(pages.html[key])
        assert "What to do:" in soup.select_one("section.notice").get_text()
        assert NOT_GRADED in soup.get_text() and soup.select_one(".total").get_text().startswith("0 of ")
