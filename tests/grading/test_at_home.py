"""What runs at home runs in grading: scratch cells, comparisons, shell lines, imports that fail, files beside it.

Each way of working is one notebook of the whole, graded in the jail; some are handed in wrong on purpose.
"""

from __future__ import annotations

import base64
import copy
import gc
import json
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from autograder.cells import answer_cells, without_markers
from autograder.course import SOLUTIONS
from autograder.grading.assignment import Assignment
from autograder.grading.executor import experiments
from autograder.grading.one import Result, Work, checking_digest, grade_one

NOTEBOOK = "b2_adam"
ADAM = without_markers(
    answer_cells(nbformat.read(SOLUTIONS / "part_b" / f"{NOTEBOOK}.ipynb", as_version=4))["b2-answer"]
)
UNTOUCHED = answer_cells(Assignment.find("part_b").release[NOTEBOOK])["b2-answer"].source
WRONG = ADAM.replace("np.sqrt(", "(")
PICTURE = {"a.png": {"image/png": base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()}}
RAISING = """class Adam:
    def __init__(self, params, **rest):
        raise ValueError("\\ud83d")
    def step(self, grads):
        self.x
"""
FORGED = """import lrtutorial.locating.responding
place = {"line": 1, "code": "1000 points", "function": "f", "part": "", "role": "", "before": False}
lrtutorial.locating.responding.places_here = lambda *anything, **more: [place]
"""
MISSPELT = "import nump as np2\nbase = np2.zeros\n" + ADAM.replace("np.sqrt", "np2.sqrt")

pytestmark = [pytest.mark.whole, pytest.mark.filterwarnings("ignore")]  # the kernel's own libraries warn


def named(notebook: Any, name: str) -> Any:
    return next(cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id") == name)


def at(notebook: Any, name: str) -> int:
    return notebook.cells.index(named(notebook, name))


def answer(source: str) -> Callable[[Any], None]:
    return lambda notebook: named(notebook, "b2-answer").update(source=source)


def after_check(*cells: Any) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        place = at(notebook, "b2-test") + 1
        notebook.cells[place:place] = [copy.deepcopy(cell) for cell in cells]

    return change


def before_check(*sources: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        place = at(notebook, "b2-test")
        notebook.cells[place:place] = [new_code_cell(source) for source in sources]

    return change


def experiment_with(source: str) -> Callable[[Any], None]:
    """A student writes into one of the course's experiments, moves it up, and uses what it defines."""

    def change(notebook: Any) -> None:
        own = next(cell for cell in notebook.cells if "experiment" in cell.metadata.get("tags", ()))
        notebook.cells.remove(own)
        own.source = source
        notebook.cells.insert(at(notebook, "b2-answer"), own)
        answer(ADAM.replace("np.sqrt", "root"))(notebook)

    return change


def copied(source: str) -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        cell = copy.deepcopy(named(notebook, "b2-answer"))
        cell.update(source=source, id="copied")
        notebook.cells.insert(at(notebook, "b2-test") + 1, cell)

    return change


def imports(source: str) -> Callable[[Any], None]:
    return lambda notebook: notebook.cells[2].update(source=source + "\n" + notebook.cells[2].source)


def typed(source: str, left: str = "Adam = ...") -> Callable[[Any], None]:
    def change(notebook: Any) -> None:
        named(notebook, "b2-answer").source = left
        named(notebook, "b2-test").source = source

    return change


TORCH = "import torch\np = torch.nn.Parameter(torch.ones(1))\nopt = torch.optim.Adam([p])"
FULL = 20
#: name: (what is changed in a notebook with a right answer, points (-1: not all), words of verdict or repairs)
AT_HOME: dict[str, tuple[Callable[[Any], None], float, str]] = {
    "as it is": (lambda notebook: None, 20, ""),
    "a wrong copy below the check": (copied(WRONG), 20, "above its check"),
    "a right copy below a wrong answer": (lambda n: (answer(WRONG)(n), copied(ADAM)(n)), -1, "above its check"),
    "the answer in a copy below an untouched one": (lambda n: (answer(UNTOUCHED)(n), copied(ADAM)(n)), 20, ""),
    "a comparison at the end": (lambda n: n.cells.append(new_code_cell(TORCH)), 20, ""),
    "a comparison above the check": (before_check(TORCH), 20, ""),
    "an unused import of torch": (answer("import torch\n" + ADAM), 20, ""),
    "an unused import of its optimizers": (answer("from torch.optim import Adam as Theirs\n" + ADAM), 20, ""),
    "an install first": (answer("!pip install numpy\n%pip install torch\n" + ADAM), 20, ""),
    "a shell line whose words are used": (answer("lines = !ls\nassert len(lines) == 0\n" + ADAM), 20, ""),
    "a cell of the shell": (before_check("%%bash\nls"), 20, ""),
    "another machine's imports": (imports("from google.colab import drive\ndrive.mount('/content')"), 20, ""),
    "another machine's figures": (imports("%matplotlib widget\n%load_ext nothing_like_it"), 20, ""),
    "an error in a scratch cell": (before_check("1 / 0"), 20, ""),
    "an infinite answer's scratch": (after_check(new_code_cell("while True: pass")), 20, ""),
    "typed into the test cell": (typed(ADAM + '\ncheck("b2", Adam)'), 20, "typed into b2-test"),
    "checked under another name": (typed('check("b2", MyAdam)', ADAM.replace("class Adam", "class MyAdam")), 20, ""),
    "a name that an import lacks": (answer(MISSPELT), 0, "import nump as np2"),
    "a slip, and where it is": (answer(ADAM.replace("grad**2", "grad")), 16, "line 19 of your cell, in step"),
    "a place that is forged": (answer(FORGED + ADAM.replace("grad**2", "grad")), 16, '"where": null'),
    "a library's work": (answer("import torch\nclass Adam(torch.optim.Adam): pass"), 0, "your own code"),
    "torch in the answer": (answer("import torch\n" + ADAM.replace("np.sqrt", "torch.sqrt")), 0, "without torch"),
    "set from afar": (before_check("import torch\nsetattr(Adam, 'step', torch.optim.Adam.step)"), 0, "your own code"),
    "a helper in the course's own experiment": (experiment_with("def root(x): return np.sqrt(x)"), 20, ""),
    "something typed": (answer("name = input('who? ')\n" + ADAM), 20, ""),
    "a number typed": (answer("n = int(input('how many? '))\n" + ADAM), 0, "nobody types here"),
    "a picture": (lambda n: n.cells.append(new_markdown_cell("![](attachment:a.png)", attachments=PICTURE)), 20, ""),
    "half an emoji": (lambda n: n.cells.append(new_markdown_cell("\ud83d")), 20, "Half a character"),
    "half an emoji that is raised": (answer(RAISING), 0, ""),
}


#: name: (the answer's cell, files beside the notebook, points, words)
BESIDE: dict[str, tuple[str, dict[str, bytes], float, str]] = {
    "the answer imported": ("from adam import Adam", {"adam.py": ("import numpy as np\n" + ADAM).encode()}, 20, ""),
    "data opened": ("open('data/a.csv').read()\n" + ADAM, {"data/a.csv": b"1"}, 20, ""),
    "data that isn't there": ("open('data/a.csv').read()\n" + ADAM, {}, 0, "FileNotFoundError"),
    "modules that would stand in front": (
        ADAM, {"numpy.py": b"1/0", "torch.py": b"1/0", "lrtutorial/__init__.py": b"check = print",
               "lrtutorial/answers/graded.py": b"1/0",
               "statistics.py": b"1/0", "dis.py": b"1/0", "sitecustomize.py": b"1/0"},
        20, ""),
    "a library's work in a helper": (
        "from helper import Adam", {"helper.py": b"from torch.optim import Adam"}, 0, "your own code"),
    "a library's work behind two helpers": (
        "import one\nAdam = one.Adam",
        {"one/__init__.py": b"from .two import Adam",
         "one/two.py": b"import lrtutorial.experiments.descent as d\nAdam = d"},
        0, "your own code"),
    "a helper that is run": (
        "%run helper.py", {"helper.py": b"from lrtutorial.experiments.descent import *\nAdam = 1"}, 0, "your own"),
    "paths that lead out": (ADAM, {"../../x.py": b"1", "/etc/x": b"1"}, 20, ""),
    "what only looks like the grader's question": (
        ADAM, {"lrtutorial/answers/evidence.py": b"def respond(request): raise SystemExit"}, 20, ""),
}  # fmt: skip


def work(data: bytes, **more: Any) -> Work:
    assignment = Assignment.find("part_b")
    settings = {name: dict(assignment.config[name]) for name in ("TrustedExecute", "JailedProvisioner")}
    settings["JailedProvisioner"] = {**settings["JailedProvisioner"], "canaries": []}
    return Work("part_b", "ada", NOTEBOOK, data, assignment.texts[NOTEBOOK], "s" * 64,
                tuple(sorted(experiments("part_b", NOTEBOOK))), settings,
                checking=checking_digest(NOTEBOOK), draw="d", **more)  # fmt: skip


def handed_in(change: Callable[[Any], Any]) -> bytes:
    notebook = nbformat.from_dict(copy.deepcopy(Assignment.find("part_b").release[NOTEBOOK]))
    answer(ADAM)(notebook)
    change(notebook)
    return json.dumps(notebook).encode()


@pytest.fixture(scope="module")
def results() -> dict[str, Result]:
    works = {name: work(handed_in(change)) for name, (change, _, _) in AT_HOME.items()}
    works |= {name: work(handed_in(answer(source)), files=files) for name, (source, files, _, _) in BESIDE.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the kernel's own libraries warn, also when they are collected
        with ThreadPoolExecutor(2) as executor:
            found = dict(zip(works, executor.map(grade_one, works.values()), strict=True))
        gc.collect()
    return found


@pytest.mark.parametrize("name", BESIDE)
def test_files_beside_the_notebook_are_there_and_never_in_front(name: str, results: dict[str, Result]) -> None:
    _, _, points, words = BESIDE[name]
    assert results[name].points == points, results[name].verdicts
    assert words in json.dumps(results[name].verdicts)


@pytest.mark.parametrize("name", AT_HOME)
def test_what_restart_and_run_all_shows_grading_gives(name: str, results: dict[str, Result]) -> None:
    _, points, words = AT_HOME[name]
    result = results[name]
    assert result.status in ("graded", "graded with repairs"), result.reason
    assert result.points == points or (points < 0 and result.points < FULL), result.verdicts
    said = json.dumps(result.verdicts, ensure_ascii=False) + result.reason
    assert words in said
    said.encode(), result.graded.encode()
