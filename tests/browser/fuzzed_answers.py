"""Written answers that people's tools and accidents have made, for the test of Formgrader: each opens."""

from __future__ import annotations

import base64
import collections
import copy
import io
import json
import sys
from pathlib import Path

from nbgrader.api import Gradebook
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

from autograder.intake.text import student_of
from lrtutorial.course import find_step
from tests import commands
from tests.browser.conftest import JupyterLab
from tests.browser.pictures import picture
from tests.fuzz.generator import BYTES, STRUCTURE, Submission, a_class
from tests.fuzz.test_fuzz import answered
from tests.grading.conftest import environment

SIZE, SEED = 60, 25
PASTER = "pastes a picture"


def twice_each(everybody: list[Submission]) -> list[Submission]:
    """Of a class what shows every kind of mutation twice, most of them beside others, and two honest submissions."""
    seen: collections.Counter[str] = collections.Counter()
    chosen = [one for one in everybody if one.honest][:2]
    for one in sorted(everybody, key=lambda one: len(one.made), reverse=True):
        if any(seen[kind] < 2 for kind in one.made):
            chosen.append(one)
            seen.update(one.made)
    assert {kind.__name__ for kind in (*STRUCTURE, *BYTES)} <= set(seen) and min(seen.values()) >= 2
    return chosen


def with_picture(notebook: dict) -> dict:
    """A written answer into which a picture was pasted, as JupyterLab keeps it."""
    picture = Image.new("RGB", (320, 120), "#0072B2")
    ImageDraw.Draw(picture).ellipse((20, 20, 100, 100), fill="#E69F00")
    file = io.BytesIO()
    picture.save(file, "png")
    made = copy.deepcopy(notebook)
    cell = next(one for one in made["cells"] if one["metadata"].get("nbgrader", {}).get("grade_id") == "c2-written")
    cell["source"] = "As my sketch shows:\n\n![a sketch](attachment:image.png)"
    cell["attachments"] = {"image.png": {"image/png": base64.b64encode(file.getvalue()).decode()}}
    return made


def assert_every_answer_opens_and_a_picture_is_graded(course: Path, notebook: str, lab: JupyterLab, page: Page) -> None:
    """Formgrader shows what a class of such answers to Part C wrote, of which ``notebook`` is the only exercise."""
    state = course / "autograder" / "course"
    right = answered("part_c", [notebook])
    everybody = twice_each(list(a_class(SEED, SIZE, right)))
    picture = json.dumps(with_picture(right[notebook])).encode()
    everybody.append(Submission(PASTER, {f"{notebook}.ipynb": picture}, honest=True))
    for submission in everybody:
        submission.write(state / "submitted", "part_c")
    done = commands.run([sys.executable, "-m", "autograder", "grade", "part_c"], cwd=course, env=variables(course))
    assert done.returncode == 0, done.stdout + done.stderr
    with Gradebook(f"sqlite:///{state / 'gradebook.db'}") as gradebook:
        ids = {one.student.id: one.id for one in gradebook.notebook_submissions(notebook, "part_c")}
    handed_in = {student_of(one.on_disk) for one in everybody}
    assert handed_in <= set(ids) and len(handed_in) == len(everybody)
    page.route(lambda url: not url.startswith(lab.url), lambda route: route.abort())  # fonts and formulas from afar
    page.goto(f"{lab.url}/formgrader/manage_assignments?token={lab.token}")
    # Formgrader's own scripts know nothing of what is in an answer, and take most of a page's time: they don't run here
    for student in handed_in:
        seen = page.evaluate(LOOK, f"{lab.url}/formgrader/submissions/{ids[student]}/?index=0")
        assert seen == [200, True], student
    grade_the_picture(page, f"{lab.url}/formgrader/submissions/{ids[PASTER]}/?index=0")
    with Gradebook(f"sqlite:///{state / 'gradebook.db'}") as gradebook:
        given = gradebook.find_grade("c2-written", notebook, "part_c", PASTER)
        assert given.manual_score == 6.5 and not given.needs_manual_grade


def variables(folder: Path) -> dict[str, str]:
    """The variables of a command in the copy of the course."""
    return {name: value for name, value in environment(folder).items() if not name.startswith("LRTUTORIAL")}


LOOK = """async address => {
    const answer = await fetch(address);
    const frame = document.createElement('iframe');
    frame.sandbox = 'allow-same-origin';  // and no scripts
    frame.srcdoc = await answer.text();
    const loaded = new Promise(done => { frame.onload = done; });
    document.body.append(frame);
    await loaded;
    const box = frame.contentDocument.querySelector('#c2-written');
    const seen = box?.checkVisibility({ visibilityProperty: true }) && box.getBoundingClientRect().height > 0;
    frame.remove();
    return [answer.status, seen];
}"""


def grade_the_picture(page: Page, address: str) -> None:
    """Look at the pasted picture, and give the answer points."""
    page.set_viewport_size({"width": 1300, "height": 900})
    page.goto(address)
    # the check's points stand there once the page's own program listens
    expect(page.locator("#c2-prediction_1-test")).to_have_attribute(
        "placeholder", f"{find_step('c2-prediction_1').points:g}"
    )
    sketch = page.locator("img[alt='a sketch']")
    expect(sketch).to_be_visible()
    assert sketch.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 320
    score = page.locator("#c2-written")
    score.fill("6.5")
    with page.expect_response(lambda answer: "/api/grade/" in answer.url) as saved:
        score.press("Tab")
    assert saved.value.ok
    sketch.scroll_into_view_if_needed()
    picture(page, "formgrader-pasted-picture")
